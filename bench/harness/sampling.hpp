// The timed loops: everything that reads the clock between operations.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "bench/harness/fixed_counts.hpp"
#include "bench/harness/peers.hpp"
#include "bench/harness/samples.hpp"
#include "ipc/os/clock.hpp"

namespace bench {

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

/// The repetitions of a peer that times operations: `fill(window)` does and records them, and gives
/// how many it timed.
template <class Fill>
void sample_windows(Peer& peer, Samples& samples, Fill fill) {
  while (const auto window = peer.next_window()) {
    const std::int64_t from = ipc::os::now_ns();
    const std::int64_t timed = fill(*window);
    const std::int64_t elapsed = ipc::os::now_ns() - from;
    peer.end_window(timed, elapsed, samples.close_repetition());
  }
}

/// How many operations a warm-up had, and how long the typical one took.
struct WarmUp {
  std::int64_t done = 0;
  std::int64_t typical_ns = 0;
};

/// Warms up until a moment with operations that are timed one by one.
template <class Operation>
WarmUp warm_up_timed(std::int64_t end_ns, Operation& operation) {
  constexpr std::size_t kMostTimes = 1 << 16;
  std::vector<std::int64_t> took;
  took.reserve(kMostTimes);
  WarmUp result;
  for (std::int64_t last = ipc::os::now_ns(), now = last; result.done == 0 || now < end_ns;
       last = now) {
    operation();
    ++result.done;
    now = ipc::os::now_ns();
    if (took.size() < kMostTimes) took.push_back(now - last);
  }
  const auto middle = took.begin() + static_cast<std::ptrdiff_t>(took.size() / 2);
  std::nth_element(took.begin(), middle, took.end());
  result.typical_ns = *middle;
  return result;
}

/// Warms up, then times single operations (or K of them where one is shorter than a clock read
/// allows) in every repetition. Successive samples share a clock read, so one read of the clock
/// lies in each. An `operation` that is many at once says how many. With fixed counts a sample is a
/// whole repetition. Call it between peer.start() and peer.stop().
template <class Operation>
void sample(Peer& peer, Samples& samples, Operation operation, std::int64_t at_once = 1) {
  samples.clear();
  if (peer.window().is_fixed()) return sample_fixed(peer, samples, operation, at_once);
  Batch batch;
  const auto warmup = *peer.next_window();
  std::int64_t count = run_until((warmup.from_ns + warmup.until_ns) / 2, batch, operation);
  // The second half of the warm-up tells how long one operation takes.
  const double injected = peer.window().injected_percent / 100;
  WarmUp half;
  const std::int64_t from = ipc::os::now_ns();
  if (injected > 0)
    half = warm_up_timed(warmup.until_ns, operation);
  else
    half.done = run_until(warmup.until_ns, batch, operation);
  const std::int64_t each = operations_a_sample((ipc::os::now_ns() - from) * 1000 / half.done);
  samples.operations_per_sample = each * at_once;
  if (injected > 0) peer.inject(std::llround(static_cast<double>(half.typical_ns) * injected));
  count += half.done;
  sample_windows(peer, samples, [&](const OpenWindow& window) {
    // Between two windows caches and peers rested: the first operations are not timed.
    for (std::int64_t i = 0; i < each; ++i) operation();
    std::int64_t timed = 0;
    std::int64_t last = ipc::os::now_ns(), now = last;
    do {
      for (std::int64_t i = 0; i < each; ++i) operation();
      now = ipc::os::now_ns();
      samples.record(now - last);
      last = now;
      timed += each;
    } while (now < window.until_ns);
    count += each + timed;
    return timed * at_once;
  });
  peer.count_operations(count * at_once);
}

/// As sample(), for operations that each use up something that was made before: `prepare` makes it
/// for as many as it says, outside the timer, and operation(i) uses the i-th. Each is timed by
/// itself. Gives how many were done, warm-up included.
template <class Prepare, class Operation>
std::int64_t sample_prepared(Peer& peer, Samples& samples, Prepare prepare, Operation operation) {
  samples.clear();
  if (peer.window().is_fixed()) return sample_prepared_fixed(peer, samples, prepare, operation);
  std::int64_t count = 0;
  const auto until = [&](std::int64_t end, auto took) {
    std::int64_t done = 0, now = 0;
    do {
      const std::int64_t ready = prepare();
      std::int64_t last = ipc::os::now_ns();
      for (std::int64_t i = 0; i < ready; ++i, last = now) {
        operation(i);
        now = ipc::os::now_ns();
        took(now - last);
      }
      done += ready;
    } while (now < end);
    count += done;
    return done;
  };
  until(peer.next_window()->until_ns, [](std::int64_t) {});
  sample_windows(peer, samples, [&](const OpenWindow& window) {
    return until(window.until_ns, [&](std::int64_t ns) { samples.record(ns); });
  });
  peer.count_operations(count);
  return count;
}

/// As sample(), for operations that say themselves how many ns count, such as those on the clock of
/// a child. Each is a sample by itself; `recorded` is called after each that is one, warm-up left
/// out.
template <class Operation, class Recorded>
void sample_told(Peer& peer, Samples& samples, Operation operation, Recorded recorded) {
  samples.clear();
  if (peer.window().is_fixed()) return sample_told_fixed(peer, samples, operation, recorded);
  std::int64_t count = 0;
  const auto until = [&](std::int64_t end, auto told) {
    std::int64_t done = 0;
    do {
      told(operation());
      ++done;
    } while (ipc::os::now_ns() < end);
    count += done;
    return done;
  };
  until(peer.next_window()->until_ns, [](std::int64_t) {});
  sample_windows(peer, samples, [&](const OpenWindow& window) {
    return until(window.until_ns, [&](std::int64_t ns) {
      samples.record(ns);
      recorded();
    });
  });
  peer.count_operations(count);
}

/// Who counts in a window. One alone counts its last operation too, which ends after the window,
/// and at least one. Of many together all have the same window, however late one of them comes to
/// run: what ends after it is not counted.
enum class Counting { alone, together };

/// Operations from the beginning of a window until its end; `done` grows by all of them.
template <Counting kCounting, class Operation>
Count count_in(const OpenWindow& window, Batch& batch, Operation& operation, std::int64_t& done) {
  Count result;
  while (ipc::os::now_ns() < window.from_ns) continue;
  const std::int64_t from = ipc::os::now_ns();
  const auto goes_on = [&](std::int64_t now) {
    return now < window.until_ns || (kCounting == Counting::alone && result.operations == 0);
  };
  for (std::int64_t last = from, now = from; goes_on(now); last = now) {
    const std::int64_t size = batch.size();
    for (std::int64_t i = 0; i < size; ++i) operation();
    done += size;
    now = ipc::os::now_ns();
    batch.took(now - last);
    if (kCounting == Counting::alone || now <= window.until_ns)
      result = {result.operations + size, now - from};
  }
  return result;
}

/// Warms up, then counts operations in every repetition; gives what it did in all of them.
template <Counting kCounting = Counting::alone, class Operation>
Count count(Peer& peer, Operation operation) {
  if (peer.window().is_fixed()) return count_fixed(peer, operation);
  Batch batch;
  Count sum;
  std::int64_t done = run_until(peer.next_window()->until_ns, batch, operation);
  while (const auto window = peer.next_window()) {
    const Count one = count_in<kCounting>(*window, batch, operation, done);
    peer.end_window(one.operations, one.elapsed_ns);
    sum.operations += one.operations;
    sum.elapsed_ns += one.elapsed_ns;
  }
  peer.count_operations(done);
  return sum;
}

}  // namespace bench
