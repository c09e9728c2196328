// Latency: the time of one round trip, there and back, between two peers.
#include <algorithm>
#include <iterator>

#include "bench/binaries.hpp"
#include "bench/latency/message_trips.hpp"
#include "bench/latency/open_loop.hpp"
#include "bench/measure.hpp"
#include "ipc/backends.hpp"
#include "ipc/notify/contract.hpp"
#include "ipc/shared/array.hpp"

namespace bench {
namespace {

namespace os = ipc::os;

constexpr std::array kSizes{8, 64, 1024, 4096, 65536};
constexpr int kQuickSize = 64;
/// Of which the preset path has one case, since a kernel copies it in another way than a few bytes.
constexpr int kLongSize = 65536;

/// Times single round trips.
struct ClosedLoop {
  const Window& window;
  Placement placement;

  Outcome operator()(const auto& initiator, const std::function<void(Peer&)>& echo) const {
    const auto timed = [&](Peer& peer, Samples& samples) {
      initiator(peer, [&](auto operation) { sample(peer, samples, operation); });
    };
    return round_trips(window, placement, timed, echo);
  }
};

/// A turn handed to the other peer and back, without a message: by semaphore or notifier. `give`
/// and `take` are called with the object of one direction. Both sides count, and must agree.
template <class Object, class Give, class Take, class Attach>
Outcome hand_off(Object& there, Object& back, const Window& window, Placement placement,
                 Attach attach, Give give, Take take) {
  const os::SharedObject<std::pair<std::int64_t, std::int64_t>> turns;
  const auto initiator = [&](Peer& peer, Samples& samples) {
    attach(back);
    peer.start();
    sample(peer, samples, [&] {
      give(there);
      take(back);
      ++turns->first;
    });
    peer.stop();
    give(there);
  };
  const auto echo = [&](Peer& peer) {
    attach(there);
    peer.start();
    std::int64_t answered = 0;
    for (;; ++answered) {
      take(there);
      if (peer.stopped()) break;
      give(back);
    }
    turns->second = answered;
  };
  Outcome outcome = round_trips(window, placement, initiator, echo);
  if (turns->first != turns->second)
    throw CaseFailed(fmt::format("{} turns given, {} answered", turns->first, turns->second));
  return outcome;
}

template <ipc::CountingSemaphore S>
Outcome semaphore_latency(const Window& window, Placement placement) {
  S there(0), back(0);
  return hand_off(
      there, back, window, placement, [](S&) {}, [](S& one) { one.release(); },
      [](S& one) { one.acquire(); });
}

template <ipc::Notifier N>
Outcome notify_latency(const Window& window, Placement placement) {
  N there, back;
  return hand_off(
      there, back, window, placement, [](N& one) { one.attach(); }, [](N& one) { one.notify(); },
      [](N& one) { one.wait(); });
}

/// Hands a number over through one cell and gets it back through another, a cache line apart.
template <class B>
Outcome shared_latency(const Window& window, Placement placement) {
  constexpr std::size_t kThere = 0, kBack = 16;
  constexpr std::int64_t kLast = -1;
  ipc::Array<std::int64_t, B> cells(kBack + 16);
  const auto initiator = [&](Peer& peer, Samples& samples) {
    std::int64_t number = 0;
    peer.start();
    sample(peer, samples, [&] {
      cells.store(kThere, ++number);
      for (Spin spin; cells.load(kBack) != number;) spin.pause();
    });
    cells.store(kThere, kLast);
  };
  const auto echo = [&](Peer& peer) {
    peer.start();
    for (std::int64_t answered = 0;;) {
      std::int64_t number = answered;
      for (Spin spin; (number = cells.load(kThere)) == answered;) spin.pause();
      if (number == kLast) return;
      if (number != answered + 1)
        throw std::runtime_error(fmt::format("{} came after {}", number, answered));
      cells.store(kBack, answered = number);
    }
  };
  return round_trips(window, placement, initiator, echo);
}

/// One task submitted and its result collected, with one worker.
template <ipc::TaskPool P>
Outcome pool_latency(const Window& window, Placement placement) {
  return alone(window, placement, "submitter", [&](Peer& peer, Samples& samples) {
    P pool({.workers = 1});
    PoolTask task(placement, 1);
    peer.start();
    sample(peer, samples, [&] {
      ++task.number;
      pool.submit(&PoolTask::work, task.bytes());
      if (PoolAnswer(pool.collect(os::Deadline::never()).value()).number != task.number)
        throw std::runtime_error("result of another task");
    });
    pool.finish();
  });
}

void add(Matrix& matrix, Matrix::Row row) {
  matrix.add(row, kPlacements, kQuickPlacements);
}

void add_pipes(Matrix& matrix) {
  ipc::Pipes::for_each([&]<class P>(std::type_identity<P>) {
    for (const int size : kSizes)
      add(matrix,
          {"pipe",
           std::string(P::kName),
           {parameter("size", size)},
           size == kQuickSize,
           {},
           P::unavailable(),
           [size](const Window& window, Placement placement) {
             return pipe_trips<P>(static_cast<std::size_t>(size), ClosedLoop{window, placement});
           },
           round_trip_bound<P>,
           false,
           size == kLongSize && std::same_as<P, ipc::AnonymousPipe>});
  });
}

void add_queues(Matrix& matrix) {
  ipc::Queues::for_each([&]<class Q>(std::type_identity<Q>) {
    for (const int size : kSizes)
      add(matrix,
          {"queue",
           std::string(Q::kName),
           {parameter("size", size)},
           size == kQuickSize,
           {},
           queue_reason<Q>({kQueueDepth, static_cast<std::size_t>(size)}),
           [size](const Window& window, Placement placement) {
             return queue_trips<Q>(static_cast<std::size_t>(size), ClosedLoop{window, placement});
           },
           round_trip_bound<Q>});
  });
}

/// A noun whose round trip has no size. One whose peers wait for each other outside the backend
/// says itself what holds them back.
template <class Backends, class Run>
void add_plain(Matrix& matrix, const char* noun, Run run, Bound bound = Bound::none) {
  Backends::for_each([&]<class B>(std::type_identity<B> backend) {
    add(matrix, {noun,
                 std::string(B::kName),
                 {},
                 true,
                 {},
                 B::unavailable(),
                 [run, backend](const Window& window, Placement placement) {
                   return run(backend, window, placement);
                 },
                 bound == Bound::none ? round_trip_bound<B> : bound});
  });
}

}  // namespace

std::vector<Case> latency_cases() {
  Matrix matrix("latency");
  add_pipes(matrix);
  add_queues(matrix);
  add_plain<ipc::SharedMemories>(
      matrix, "shared",
      []<class B>(std::type_identity<B>, auto&... at) { return shared_latency<B>(at...); },
      Bound::line);
  add_plain<ipc::Semaphores>(matrix, "semaphore", []<class S>(std::type_identity<S>, auto&... at) {
    return semaphore_latency<S>(at...);
  });
  add_plain<ipc::Notifiers>(matrix, "notify", []<class N>(std::type_identity<N>, auto&... at) {
    return notify_latency<N>(at...);
  });
  add_plain<ipc::Pools>(matrix, "pool", []<class P>(std::type_identity<P>, auto&... at) {
    return pool_latency<P>(at...);
  });
  std::vector<Case> cases = matrix.cases();
  std::ranges::move(open_loop_cases(), std::back_inserter(cases));
  return cases;
}

}  // namespace bench
