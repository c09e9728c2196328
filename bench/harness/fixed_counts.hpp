// The measured loops with fixed counts: no clock decides how much is done, so the instructions that
// are executed are the same from run to run. Called by the loops of sampling.hpp of the same name.
#pragma once

#include <algorithm>
#include <cstdint>

#include "bench/harness/peers.hpp"
#include "bench/harness/samples.hpp"
#include "ipc/os/clock.hpp"

namespace bench {

/// What `work` takes, ns, between the markers of the case where there are any.
template <class Work>
[[gnu::always_inline]] inline std::int64_t measured_ns(const Peer& peer, Work work) {
  const Marker* marker = peer.window().marker;
  const std::int64_t from = ipc::os::now_ns();
  if (marker) [[unlikely]]
    marker->start();
  work();
  if (marker) [[unlikely]]
    marker->stop();
  return ipc::os::now_ns() - from;
}

/// Ends a repetition that is one sample of so many operations.
inline void end_as_one_sample(Peer& peer, Samples& samples, std::int64_t operations,
                              std::int64_t ns) {
  samples.operations_per_sample = operations;
  samples.record(ns);
  samples.close_repetition();
  // Not from the histogram, which has three digits.
  const double each = static_cast<double>(ns) / static_cast<double>(operations);
  peer.end_window(operations, ns, {each, each, each, each, each, each, each});
}

template <class Operation>
void sample_fixed(Peer& peer, Samples& samples, Operation operation, std::int64_t at_once) {
  const Window& plan = peer.window();
  const std::int64_t warmup = plan.warmup_operations / at_once;
  const std::int64_t calls = std::max<std::int64_t>(plan.operations / at_once, 1);
  std::int64_t count = warmup;
  peer.next_window();
  for (std::int64_t i = 0; i < warmup; ++i) operation();
  while (peer.next_window()) {
    operation();  // between two repetitions caches and peers rested
    const std::int64_t ns = measured_ns(peer, [&] {
      for (std::int64_t i = 0; i < calls; ++i) operation();
    });
    end_as_one_sample(peer, samples, calls * at_once, ns);
    count += 1 + calls;
  }
  peer.count_operations(count * at_once);
}

/// Whole batches, of which the last may be more than was asked for.
template <class Prepare, class Operation>
std::int64_t sample_prepared_fixed(Peer& peer, Samples& samples, Prepare prepare,
                                   Operation operation) {
  const Window& plan = peer.window();
  const auto use_all = [&](std::int64_t ready) {
    for (std::int64_t i = 0; i < ready; ++i) operation(i);
  };
  std::int64_t count = 0;
  peer.next_window();
  while (count < plan.warmup_operations) {
    const std::int64_t ready = prepare();
    use_all(ready);
    count += ready;
  }
  while (peer.next_window()) {
    std::int64_t done = 0, ns = 0;
    while (done < plan.operations) {
      const std::int64_t ready = prepare();
      ns += measured_ns(peer, [&] { use_all(ready); });
      done += ready;
    }
    end_as_one_sample(peer, samples, done, ns);
    count += done;
  }
  peer.count_operations(count);
  return count;
}

/// What is measured is what the operations tell; the markers are around all that they do.
template <class Operation, class Recorded>
void sample_told_fixed(Peer& peer, Samples& samples, Operation operation, Recorded recorded) {
  const Window& plan = peer.window();
  peer.next_window();
  for (std::int64_t i = 0; i < plan.warmup_operations; ++i) operation();
  std::int64_t count = plan.warmup_operations;
  while (peer.next_window()) {
    std::int64_t ns = 0;
    measured_ns(peer, [&] {
      for (std::int64_t i = 0; i < plan.operations; ++i) {
        ns += operation();
        recorded();
      }
    });
    end_as_one_sample(peer, samples, plan.operations, ns);
    count += plan.operations;
  }
  peer.count_operations(count);
}

/// For one that counts alone: of several, each would run through its own count on a CPU that they
/// share before the next one begins.
template <class Operation>
Count count_fixed(Peer& peer, Operation operation) {
  const Window& plan = peer.window();
  peer.next_window();
  for (std::int64_t i = 0; i < plan.warmup_operations; ++i) operation();
  std::int64_t done = plan.warmup_operations;
  Count sum;
  while (peer.next_window()) {
    const std::int64_t ns = measured_ns(peer, [&] {
      for (std::int64_t i = 0; i < plan.operations; ++i) operation();
    });
    peer.end_window(plan.operations, ns);
    done += plan.operations;
    sum = {sum.operations + plan.operations, sum.elapsed_ns + ns};
  }
  peer.count_operations(done);
  return sum;
}

}  // namespace bench
