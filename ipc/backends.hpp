// The table of backends: tests, benches and `ipcmark list` enumerate these lists and nothing else.
// To add a backend, write its one file and add its type to its noun's list.
#pragma once

#include "ipc/os/type_list.hpp"
#include "ipc/pipe/anonymous_pipe.hpp"
#include "ipc/pipe/socketpair_stream.hpp"
#include "ipc/pipe/unix_stream.hpp"
#include "ipc/semaphore/boost.hpp"
#include "ipc/semaphore/posix.hpp"

namespace ipc {

using Pipes = os::TypeList<AnonymousPipe, SocketpairStream, UnixStream>;
using Semaphores = os::TypeList<PosixSemaphore, BoostSemaphore>;

}  // namespace ipc
