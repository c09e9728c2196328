// The table of backends: tests, benches and `ipcmark list` enumerate these lists and nothing else.
// To add a backend, write its one file and add its type to its noun's list.
#pragma once

#include "ipc/notify/eventfd.hpp"
#include "ipc/notify/rt_signal.hpp"
#include "ipc/os/type_list.hpp"
#include "ipc/pipe/anonymous_pipe.hpp"
#include "ipc/pipe/fifo.hpp"
#include "ipc/pipe/memfd_passing.hpp"
#include "ipc/pipe/process_vm_readv.hpp"
#include "ipc/pipe/socketpair_datagram.hpp"
#include "ipc/pipe/socketpair_seqpacket.hpp"
#include "ipc/pipe/socketpair_stream.hpp"
#include "ipc/pipe/tcp_loopback.hpp"
#include "ipc/pipe/udp_loopback.hpp"
#include "ipc/pipe/unix_stream.hpp"
#include "ipc/pipe/vmsplice_pipe.hpp"
#include "ipc/pool/fork_per_task_pool.hpp"
#include "ipc/pool/shared_queue_pool.hpp"
#include "ipc/process/fork.hpp"
#include "ipc/process/posix_spawn.hpp"
#include "ipc/process/thread.hpp"
#include "ipc/queue/boost_queue.hpp"
#include "ipc/queue/posix_queue.hpp"
#include "ipc/queue/seqpacket_queue.hpp"
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
using Pipes = os::TypeList<AnonymousPipe, Fifo, VmsplicePipe, SocketpairStream, SocketpairSeqpacket,
                           SocketpairDatagram, UnixStream, TcpLoopback, UdpLoopback, ProcessVmReadv,
                           MemfdPassing>;
using SharedMemories =
    os::TypeList<Shared<AnonymousStorage, Atomic>, Shared<AnonymousStorage, RobustMutex>,
                 Shared<AnonymousStorage, BoostMutex>, Shared<BoostManagedStorage, Atomic>>;
using Semaphores = os::TypeList<PosixSemaphore, BoostSemaphore>;
using Queues = os::TypeList<PosixQueue, BoostQueue, SeqpacketQueue>;
using Notifiers = os::TypeList<RtSignal, EventFd>;
using Pools = os::TypeList<SharedQueuePool, ForkPerTaskPool>;

}  // namespace ipc
