// The timed loops: everything that reads the clock between operations.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "bench/harness/histogram.hpp"
#include "bench/harness/peers.hpp"
#include "ipc/os/clock.hpp"

namespace bench {

/// The samples of one peer, in shared memory so that the coordinator sees them.
struct Samples {
  Histogram histogram;  ///< ns a sample, a sample being `operations_per_sample` operations
  std::int64_t operations_per_sample = 1;
};

/// How many operations make one sample, so that the clock read in it weighs about one percent.
inline std::int64_t operations_a_sample(std::int64_t operation_ns_times_1000) {
  constexpr std::int64_t kLongEnoughNs =
      1000;  // one operation of this length is a sample by itself
  constexpr std::int64_t kSampleNs = 5000;
  if (operation_ns_times_1000 >= kLongEnoughNs * 1000) return 1;
  return kSampleNs * 1000 / std::max<std::int64_t>(operation_ns_times_1000, 1);
}

/// How many operations to do between two clock reads: as many as take about kNs, so that a read
/// weighs next to nothing and a slow or newly contended operation does not overrun the window's
/// end.
class Batch {
 public:
  [[nodiscard]] std::int64_t size() const { return size_; }
  void took(std::int64_t ns) {
    if (ns < kNs / 2 && size_ < kMost) size_ *= 2;
    if (ns > kNs * 2 && size_ > 1) size_ /= 2;
  }

 private:
  static constexpr std::int64_t kNs = 10'000;
  static constexpr std::int64_t kMost = 1 << 20;  // of operations that a compiler makes into one
  std::int64_t size_ = 1;
};

/// Runs operations until a moment, at least one; the number done. Inlined always, so that what the
/// operation refers to can stay in registers, as in a loop written by hand.
template <class Operation>
[[gnu::always_inline]] inline std::int64_t run_until(std::int64_t end_ns, Batch& batch,
                                                     Operation& operation) {
  std::int64_t done = 0;
  for (std::int64_t last = ipc::os::now_ns(), now = last; done == 0 || now < end_ns; last = now) {
    const std::int64_t size = batch.size();
    for (std::int64_t i = 0; i < size; ++i) operation();
    done += size;
    now = ipc::os::now_ns();
    batch.took(now - last);
  }
  return done;
}

/// Warms up, then times single operations (or K of them where one is shorter than a clock read
/// allows) until the window ends. Successive samples share a clock read, so one read of the clock
/// lies in each. Call it between peer.start() and peer.stop().
template <class Operation>
void sample(Peer& peer, Samples& samples, Operation operation) {
  samples.histogram.clear();
  Batch batch;
  std::int64_t count =
      run_until(peer.timed_from() - peer.window().warmup.count() / 2, batch, operation);
  // The second half of the warm-up tells how long one operation takes.
  const std::int64_t from = ipc::os::now_ns();
  const std::int64_t done = run_until(peer.timed_from(), batch, operation);
  std::int64_t now = ipc::os::now_ns();
  const std::int64_t each = samples.operations_per_sample =
      operations_a_sample((now - from) * 1000 / done);
  count += done;
  std::int64_t last = ipc::os::now_ns();
  do {
    for (std::int64_t i = 0; i < each; ++i) operation();
    now = ipc::os::now_ns();
    samples.histogram.record(static_cast<std::uint64_t>(now - last));
    last = now;
    count += each;
  } while (now < peer.timed_until());
  peer.count_operations(count);
}

/// As sample(), for operations that each use up something that was made before: `prepare` makes it
/// for as many as it says, outside the timer, and operation(i) uses the i-th. Each is timed by
/// itself. Gives how many were done, warm-up included.
template <class Prepare, class Operation>
std::int64_t sample_prepared(Peer& peer, Samples& samples, Prepare prepare, Operation operation) {
  samples.histogram.clear();
  std::int64_t count = 0, now = 0;
  do {
    const std::int64_t ready = prepare();
    std::int64_t last = ipc::os::now_ns();
    for (std::int64_t i = 0; i < ready; ++i, last = now) {
      operation(i);
      now = ipc::os::now_ns();
      if (last >= peer.timed_from())
        samples.histogram.record(static_cast<std::uint64_t>(now - last));
    }
    count += ready;
  } while (now < peer.timed_until() || samples.histogram.total() == 0);
  peer.count_operations(count);
  return count;
}

/// As sample(), for operations that say themselves how many ns count, such as those on the clock of
/// a child. Each is a sample by itself; `recorded` is called after each that is one, warm-up left
/// out.
template <class Operation, class Recorded>
void sample_told(Peer& peer, Samples& samples, Operation operation, Recorded recorded) {
  samples.histogram.clear();
  std::int64_t count = 0;
  do {
    const bool warm = ipc::os::now_ns() >= peer.timed_from();
    const std::int64_t ns = operation();
    ++count;
    if (!warm) continue;
    samples.histogram.record(static_cast<std::uint64_t>(ns));
    recorded();
  } while (ipc::os::now_ns() < peer.timed_until() || samples.histogram.total() == 0);
  peer.count_operations(count);
}

/// What a peer did inside the window.
struct Count {
  std::int64_t operations = 0;
  std::int64_t elapsed_ns = 0;
};

/// Warms up, then counts operations until the window ends.
template <class Operation>
Count count(Peer& peer, Operation operation) {
  Batch batch;
  const std::int64_t warm = run_until(peer.timed_from(), batch, operation);
  const std::int64_t from = ipc::os::now_ns();
  Count result;
  result.operations = run_until(peer.timed_until(), batch, operation);
  result.elapsed_ns = ipc::os::now_ns() - from;
  peer.count_operations(warm + result.operations);
  return result;
}

}  // namespace bench
