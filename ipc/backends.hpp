// The table of backends: tests, benches and `ipcmark list` enumerate these lists and nothing else.
// To add a backend, write its one file and add its type to its noun's list.
#pragma once

#include "ipc/notify/eventfd.hpp"
#include "ipc/notify/rt_signal.hpp"
#include "ipc/os/type_list.hpp"
#include "ipc/process/fork.hpp"
#include "ipc/process/posix_spawn.hpp"
#include "ipc/process/thread.hpp"
#include "ipc/semaphore/boost.hpp"
#include "ipc/semaphore/posix.hpp"
#include "ipc/shared/anonymous.hpp"
#include "ipc/shared/atomic.hpp"
#include "ipc/shared/boost_managed.hpp"
#include "ipc/shared/boost_mutex.hpp"
#include "ipc/shared/robust_mutex.hpp"
#include "ipc/shared/shared.hpp"

namespace ipc {

using Starters = os::TypeList<ForkStarter, SpawnStarter, ThreadStarter>;
using SharedMemories =
    os::TypeList<Shared<AnonymousStorage, Atomic>, Shared<AnonymousStorage, RobustMutex>,
                 Shared<AnonymousStorage, BoostMutex>, Shared<BoostManagedStorage, Atomic>>;
using Semaphores = os::TypeList<PosixSemaphore, BoostSemaphore>;
using Notifiers = os::TypeList<RtSignal, EventFd>;

}  // namespace ipc
