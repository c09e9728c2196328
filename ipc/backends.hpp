// The table of backends: tests, benches and `ipcmark list` enumerate these lists and nothing else.
// To add a backend, write its one file and add its type to its noun's list.
#pragma once

#include "ipc/notify/eventfd.hpp"
#include "ipc/notify/futex.hpp"
#include "ipc/notify/pipe_byte.hpp"
#include "ipc/notify/rt_signal.hpp"
#include "ipc/notify/signalfd.hpp"
#include "ipc/os/type_list.hpp"
#include "ipc/pipe/anonymous_pipe.hpp"
#include "ipc/pipe/fifo.hpp"
#include "ipc/pipe/memfd_passing.hpp"
#include "ipc/pipe/process_vm_readv.hpp"
#include "ipc/pipe/shm_ring.hpp"
#include "ipc/pipe/socketpair_datagram.hpp"
#include "ipc/pipe/socketpair_seqpacket.hpp"
#include "ipc/pipe/socketpair_stream.hpp"
#include "ipc/pipe/tcp_loopback.hpp"
#include "ipc/pipe/udp_loopback.hpp"
#include "ipc/pipe/unix_stream.hpp"
#include "ipc/pipe/vmsplice_pipe.hpp"
#include "ipc/pool/fork_per_task_pool.hpp"
#include "ipc/pool/ring_pool.hpp"
#include "ipc/pool/shared_queue_pool.hpp"
#include "ipc/pool/thread_pool.hpp"
#include "ipc/pool/worker_channel_pool.hpp"
#include "ipc/process/clone3_pidfd.hpp"
#include "ipc/process/double_fork.hpp"
#include "ipc/process/fork.hpp"
#include "ipc/process/fork_exec.hpp"
#include "ipc/process/fork_sigchld_ignored.hpp"
#include "ipc/process/posix_spawn.hpp"
#include "ipc/process/thread.hpp"
#include "ipc/process/vfork.hpp"
#include "ipc/queue/boost_queue.hpp"
#include "ipc/queue/byte_ring.hpp"
#include "ipc/queue/packet_pipe.hpp"
#include "ipc/queue/posix_queue.hpp"
#include "ipc/queue/seqpacket_queue.hpp"
#include "ipc/queue/shm_queue.hpp"
#include "ipc/queue/sysv_queue.hpp"
#include "ipc/semaphore/boost.hpp"
#include "ipc/semaphore/eventfd.hpp"
#include "ipc/semaphore/futex.hpp"
#include "ipc/semaphore/pipe_tokens.hpp"
#include "ipc/semaphore/posix.hpp"
#include "ipc/semaphore/posix_named.hpp"
#include "ipc/semaphore/sysv.hpp"
#include "ipc/shared/anonymous.hpp"
#include "ipc/shared/atomic.hpp"
#include "ipc/shared/boost_managed.hpp"
#include "ipc/shared/boost_mutex.hpp"
#include "ipc/shared/futex_mutex.hpp"
#include "ipc/shared/mapped_file.hpp"
#include "ipc/shared/memfd.hpp"
#include "ipc/shared/ofd_lock.hpp"
#include "ipc/shared/posix_shm.hpp"
#include "ipc/shared/robust_mutex.hpp"
#include "ipc/shared/shared.hpp"
#include "ipc/shared/spin_lock.hpp"
#include "ipc/shared/sysv_shm.hpp"

namespace ipc {

using Starters =
    os::TypeList<ForkStarter, VforkStarter, Clone3Starter, SpawnStarter, ForkExecStarter,
                 DoubleForkStarter, ForkSigchldIgnoredStarter, ThreadStarter>;
using Pipes = os::TypeList<AnonymousPipe, Fifo, VmsplicePipe, SocketpairStream, SocketpairSeqpacket,
                           SocketpairDatagram, UnixStream, TcpLoopback, UdpLoopback, ProcessVmReadv,
                           MemfdPassing, ShmRing, ShmRingSpin, ShmRingBlock>;
// Every storage once, without a lock; every lock once, in anonymous memory.
using SharedMemories =
    os::TypeList<Shared<AnonymousStorage, Atomic>, Shared<MappedFileStorage, Atomic>,
                 Shared<MemfdStorage, Atomic>, Shared<PosixShmStorage, Atomic>,
                 Shared<SysvShmStorage, Atomic>, Shared<BoostManagedStorage, Atomic>,
                 Shared<AnonymousStorage, RobustMutex>, Shared<AnonymousStorage, BoostMutex>,
                 Shared<AnonymousStorage, FutexMutex>, Shared<AnonymousStorage, SpinLock>,
                 Shared<AnonymousStorage, OfdLock>>;
using Semaphores = os::TypeList<PosixSemaphore, NamedPosixSemaphore, SysvSemaphore, BoostSemaphore,
                                FutexSemaphore, EventFdSemaphore, PipeTokenSemaphore>;
using Queues = os::TypeList<PosixQueue, SysvQueue, BoostQueue, PacketPipe, SeqpacketQueue, ShmQueue,
                            ShmQueueSpin, ShmQueueBlock, ByteRing>;
using Notifiers = os::TypeList<RtSignal, SignalFd, EventFd, FutexNotifier, PipeByte>;
using Pools = os::TypeList<RingPool, RingPoolSpin, RingPoolBlock, SharedQueuePool,
                           WorkerChannelPool, ForkPerTaskPool, ThreadPool>;

}  // namespace ipc
