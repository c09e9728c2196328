// Contention: N processes on one object, how much they do together and how evenly they share it.
#include "bench/binaries.hpp"
#include "bench/harness/payload.hpp"
#include "bench/measure.hpp"
#include "ipc/backends.hpp"
#include "ipc/shared/array.hpp"

namespace bench {
namespace {

namespace os = ipc::os;

constexpr std::array kProcesses{1, 2, 4, 8};
constexpr std::array kHoldsNs{0, 1000};
constexpr std::size_t kQueueDepth = 8;

/// Messages between two clock reads of a producer.
constexpr int kParcelsAtATime = 8;

bool quick(int processes) {
  return processes <= 4;
}

/// Keeps the CPU busy, as work inside a critical section does.
void hold(std::int64_t ns) {
  for (const std::int64_t end = os::now_ns() + ns; os::now_ns() < end;) continue;
}

/// A semaphore of one around a plain counter: only mutual exclusion makes the sum come out right.
template <ipc::CountingSemaphore S>
Outcome semaphore_contention(int processes, std::int64_t hold_ns, const Window& window,
                             Placement placement) {
  S semaphore(1);
  const os::SharedObject<std::int64_t> counter(0);
  const auto body = [&](Peer& peer) {
    const auto with = [&](auto work) {
      count<Counting::together>(peer, [&semaphore, &inside = *counter, work] {
        semaphore.acquire();
        inside = inside + 1;
        work();
        semaphore.release();
      });
    };
    peer.start();
    hold_ns ? with([hold_ns] { hold(hold_ns); }) : with([] {});
  };
  Outcome outcome =
      contend(window, placement, static_cast<std::size_t>(processes), body, [&](std::int64_t sum) {
        if (*counter != sum)
          throw CaseFailed(fmt::format("{} operations, but the counter says {}", sum, *counter));
      });
  outcome.counters["hold_ns"] = static_cast<double>(hold_ns);
  return outcome;
}

/// What a contender does to the cells.
enum class Access { load, add, add_own };
constexpr std::array kAccesses{std::pair{Access::load, "load"}, std::pair{Access::add, "add"},
                               std::pair{Access::add_own, "add_own_slot"}};

/// `load` and `add` meet in one cell; `add_own_slot` gives each process the next one, in the same
/// cache line.
template <class B>
Outcome shared_contention(Access access, int processes, const Window& window, Placement placement) {
  ipc::Array<std::int64_t, B> cells(kMaxPeers);
  const auto body = [&](Peer& peer) {
    const std::size_t own = access == Access::add_own ? peer.index() : 0;
    peer.start();
    if (access != Access::load) {
      count<Counting::together>(peer, [&] { cells.add(own, 1); });
      return;
    }
    std::int64_t seen = 0;
    count<Counting::together>(peer, [&] { seen |= cells.load(own); });
    if (seen != 0) throw std::runtime_error(fmt::format("loaded {} where 0 was stored", seen));
  };
  return contend(
      window, placement, static_cast<std::size_t>(processes), body, [&](std::int64_t sum) {
        std::int64_t stored = 0;
        for (std::size_t i = 0; i < kMaxPeers; ++i) stored += cells.load(i);
        const std::int64_t expected = access == Access::load ? 0 : sum;
        if (stored != expected)
          throw CaseFailed(fmt::format("{} added, but the cells hold {}", expected, stored));
      });
}

/// A message of the many-to-many case: who sent it, and its number there.
struct Parcel {
  std::uint64_t number;
  std::uint64_t producer;
};

/// Exactly-once, in order: what consumers add up must be what producers did, and one producer's
/// numbers never go back at one consumer.
struct Tally {
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> received{0};
};

template <ipc::ByteQueue Q>
void produce_parcels(Peer& peer, Q& queue, Tally& tally, std::uint64_t producer) {
  Parcel parcel{0, producer};
  std::uint64_t sum = 0;
  const auto put = [&] { queue.put(std::as_bytes(std::span(&parcel, 1))); };
  peer.start();
  do {
    for (int i = 0; i < kParcelsAtATime; ++i, ++parcel.number) {
      put();
      sum += parcel.number + 1;
    }
  } while (!peer.stopped());
  tally.sent += sum;
  parcel.number = kLastMessage;
  put();
}

template <ipc::ByteQueue Q>
void consume_parcels(Peer& peer, Q& queue, Tally& tally) {
  std::vector<std::byte> buffer(queue.max_message_bytes());
  std::array<std::uint64_t, kMaxPeers> next{};
  std::uint64_t sum = 0;
  bool last = false;
  const auto take = [&] {
    Parcel parcel{};
    // After the last message none may come, and a late operation of the last window takes nothing.
    if (last) return;
    if (queue.get(buffer) != sizeof parcel) throw std::runtime_error("message of another size");
    std::memcpy(&parcel, buffer.data(), sizeof parcel);
    if ((last = parcel.number == kLastMessage)) return;
    std::uint64_t& expected = next.at(parcel.producer);
    if (parcel.number < expected) throw std::runtime_error("messages out of order");
    expected = parcel.number + 1;
    sum += parcel.number + 1;
  };
  peer.start();
  count<Counting::together>(peer, take);
  peer.stop();
  // Every producer ends with one last message and every consumer leaves with one, so all is
  // consumed.
  while (!last) take();
  tally.received += sum;
}

/// Half of the processes put, half get.
template <ipc::ByteQueue Q>
Outcome queue_contention(int processes, const Window& window, Placement placement) {
  Q queue({kQueueDepth, sizeof(Parcel)});
  const os::SharedObject<Tally> tally;
  const auto cpus = cpus_of(placement, static_cast<std::size_t>(processes));
  const std::size_t pairs = cpus.size() / 2;
  std::vector<PeerPlan> plans;
  for (std::size_t i = 0; i < pairs; ++i)
    plans.push_back({fmt::format("consumer {}", i + 1), cpus[2 * i + 1],
                     [&](Peer& peer) { consume_parcels(peer, queue, *tally); }});
  for (std::size_t i = 0; i < pairs; ++i)
    plans.push_back({fmt::format("producer {}", i + 1), cpus[2 * i],
                     [&, i](Peer& peer) { produce_parcels(peer, queue, *tally, i); }});
  PeersReport report = run_peers(plans, window);
  if (tally->sent != tally->received)
    throw CaseFailed(fmt::format("sums differ: {} sent, {} received", tally->sent.load(),
                                 tally->received.load()));
  Outcome outcome = shared_out(std::move(report), pairs, window);
  outcome.counters["processes"] = processes;
  outcome.counters["capacity_messages"] = static_cast<double>(queue.capacity_messages());
  return outcome;
}

/// N workers on one pool's tasks; a worker's share is the tasks that it answered. Where every task
/// has a worker of its own there are no shares, only the rate.
template <ipc::TaskPool P>
Outcome pool_contention(int processes, const Window& window, Placement placement) {
  const auto workers = static_cast<std::size_t>(processes);
  struct Shares {
    std::size_t seen = 0;
    std::array<std::int64_t, kMaxPeers> tasks{};
  };
  const os::SharedObject<Shares> shares;
  const auto submitter = [&](Peer& peer) {
    P pool({.workers = processes});
    PoolTask task(placement, workers);
    std::map<std::int32_t, std::int64_t> answered;
    const auto submit = [&] {
      ++task.number;
      pool.submit(&PoolTask::work, task.bytes());
    };
    const auto collect = [&] {
      return PoolAnswer(pool.collect(os::Deadline::never()).value()).worker;
    };
    const std::size_t under_way = 2 * workers;
    peer.start();
    for (std::size_t i = 0; i < under_way; ++i) submit();
    count(peer, [&] {
      ++answered[collect()];
      submit();
    });
    for (std::size_t i = 0; i < under_way; ++i) collect();
    pool.finish();
    for (const auto& [worker, tasks] : answered)
      if (shares->seen++ < workers) shares->tasks[shares->seen - 1] = tasks;
  };
  const PeersReport report =
      run_peers({{"submitter", cpus_of(placement, 1)[0], submitter}}, window);
  Outcome outcome;
  outcome.set_report(report);
  outcome.operations = report.total_counted(0);
  outcome.counters["operations_per_second"] = 1e9 / outcome.operation_ns;
  outcome.counters["processes"] = processes;
  if (shares->seen <= workers)
    set_shares(outcome, std::span<const std::int64_t>(shares->tasks.data(), workers));
  return outcome;
}

void add_semaphores(Matrix& matrix) {
  ipc::Semaphores::for_each([&]<class S>(std::type_identity<S>) {
    for (const int hold_ns : kHoldsNs)
      for (const int processes : kProcesses)
        matrix.add({"semaphore",
                    std::string(S::kName),
                    {parameter("hold_ns", hold_ns), parameter("processes", processes)},
                    quick(processes) && hold_ns == 0,
                    {},
                    S::unavailable(),
                    [=](const Window& window, Placement placement) {
                      return semaphore_contention<S>(processes, hold_ns, window, placement);
                    }},
                   kPlacements, kQuickPlacements);
  });
}

void add_shared(Matrix& matrix) {
  ipc::SharedMemories::for_each([&]<class B>(std::type_identity<B>) {
    for (const auto& [access, name] : kAccesses)
      for (const int processes : kProcesses)
        matrix.add({"shared",
                    std::string(B::kName),
                    {{"operation", name}, parameter("processes", processes)},
                    quick(processes) && (access == Access::add || processes == 1),
                    {},
                    B::unavailable(),
                    [=](const Window& window, Placement placement) {
                      return shared_contention<B>(access, processes, window, placement);
                    }},
                   kPlacements, kQuickPlacements);
  });
}

void add_queues(Matrix& matrix) {
  ipc::Queues::for_each([&]<class Q>(std::type_identity<Q>) {
    for (const int processes : {2, 4, 8})
      matrix.add({"queue",
                  std::string(Q::kName),
                  {parameter("processes", processes)},
                  quick(processes),
                  {},
                  queue_reason<Q>({kQueueDepth, sizeof(Parcel)}),
                  [=](const Window& window, Placement placement) {
                    return queue_contention<Q>(processes, window, placement);
                  }},
                 kPlacements, kQuickPlacements);
  });
}

void add_pools(Matrix& matrix) {
  ipc::Pools::for_each([&]<class P>(std::type_identity<P>) {
    for (const int processes : kProcesses)
      matrix.add({"pool",
                  std::string(P::kName),
                  {parameter("processes", processes)},
                  quick(processes),
                  {},
                  P::unavailable(),
                  [=](const Window& window, Placement placement) {
                    return pool_contention<P>(processes, window, placement);
                  }},
                 kPlacements, kQuickPlacements);
  });
}

}  // namespace

std::vector<Case> contention_cases() {
  Matrix matrix("contention");
  add_semaphores(matrix);
  add_shared(matrix);
  add_queues(matrix);
  add_pools(matrix);
  return matrix.cases();
}

}  // namespace bench
