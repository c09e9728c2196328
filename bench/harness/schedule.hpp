// The open loop: operations at an offered rate, each timed from the moment at which it was due.
#pragma once

#include <algorithm>
#include <cstdint>

#include "bench/harness/histogram.hpp"
#include "bench/harness/peers.hpp"
#include "bench/harness/sampling.hpp"
#include "ipc/os/clock.hpp"

namespace bench {

/// When the operations of an offered rate are due: operation i at first_ns + i / per_second,
/// rounded down to whole ns, so that no rate drifts. For up to an hour at up to 10^6 a second.
class ArrivalSchedule {
 public:
  ArrivalSchedule(std::int64_t first_ns, std::int64_t per_second)
      : first_ns_(first_ns), per_second_(per_second) {}

  [[nodiscard]] std::int64_t due_ns(std::int64_t i) const {
    return first_ns_ + i * kSecond / per_second_;
  }
  /// How many are due before a moment, at least one.
  [[nodiscard]] std::int64_t due_before(std::int64_t end_ns) const {
    const std::int64_t span = std::max<std::int64_t>(end_ns - first_ns_, 1);
    return (span * per_second_ + kSecond - 1) / kSecond;
  }

 private:
  static constexpr std::int64_t kSecond = 1'000'000'000;
  std::int64_t first_ns_;
  std::int64_t per_second_;
};

/// How one schedule went.
struct Kept {
  std::int64_t due = 0;
  std::int64_t begun = 0;                 ///< and ended
  std::int64_t early_in_second_half = 0;  ///< operations that waited until they were due
  std::int64_t elapsed_ns = 0;            ///< from the first due moment to the last end
};

/// What became of the schedules of a process. Lies in shared memory, so that the coordinator sees
/// it.
struct OpenLoop {
  Samples response;   ///< ns from the moment at which an operation was due to its end
  Histogram service;  ///< ns from the moment at which it was really begun to its end
  std::int64_t begun = 0;
  std::int64_t span_ns = 0;  ///< of all schedules: as long as they ask, or as they took
  int schedules = 0;
  int backlogged = 0;  ///< those of which the whole second half was begun late

  void clear() noexcept;
  void add(const Kept& kept, std::int64_t per_second) noexcept;
  /// Never more than the offered rate.
  [[nodiscard]] double achieved_per_second() const;
  /// Whether the rate is more than can be had: less than 98 % of it was achieved, or most schedules
  /// ended with a backlog. Response times then grow with the length of a schedule.
  [[nodiscard]] bool is_saturated(std::int64_t per_second) const;
  /// How many times the p99 of service understates the p99 of response.
  [[nodiscard]] double omission_gap() const;
};

/// CLOCK_MONOTONIC, and waiting for a moment of it.
class ScheduleClock {
 public:
  /// Makes this thread's sleeps end when they should, see PR_SET_TIMERSLACK in prctl(2).
  ScheduleClock();
  [[nodiscard]] std::int64_t now() const noexcept { return ipc::os::now_ns(); }
  /// Gives the moment at which it came back. Sleeps until a little before, since a sleep may end
  /// late, and then looks at the clock, letting whoever shares this CPU run as long as it can.
  std::int64_t wait_until(std::int64_t due_ns) const;
};

/// Does the operations of a schedule that are due before `until_ns`, one at a time: each when it is
/// due, or at once when that moment has passed. Begins none after `give_up_ns`, but one in any
/// case; the response time of those that were not begun is what they have waited by then, so that
/// what they waited for shows.
template <class Clock, class Operation>
Kept keep_schedule(const Clock& clock, const ArrivalSchedule& schedule, std::int64_t until_ns,
                   std::int64_t give_up_ns, OpenLoop& loop, Operation& operation) {
  Kept kept;
  kept.due = schedule.due_before(until_ns);
  std::int64_t now = clock.now();
  for (; kept.begun < kept.due && (kept.begun == 0 || now < give_up_ns); ++kept.begun) {
    const std::int64_t due_ns = schedule.due_ns(kept.begun);
    if (now < due_ns) {
      now = clock.wait_until(due_ns);
      kept.early_in_second_half += 2 * kept.begun + 1 >= kept.due;
    }
    const std::int64_t begun_ns = now;
    operation();
    now = clock.now();
    loop.response.record(now - due_ns);
    loop.service.record(static_cast<std::uint64_t>(now - begun_ns));
  }
  kept.elapsed_ns = now - schedule.due_ns(0);
  for (std::int64_t i = kept.begun; i < kept.due; ++i)
    loop.response.record(std::max<std::int64_t>(now - schedule.due_ns(i), 0));
  return kept;
}

/// Warms up at the rate, then keeps a schedule in every repetition: what is due inside the window,
/// and what is late behind it, but for half a window at most. Call it between peer.start() and
/// peer.stop().
template <class Operation>
void sample_at_rate(Peer& peer, std::int64_t per_second, OpenLoop& loop, Operation operation) {
  const ScheduleClock clock;
  const std::int64_t interval = 1'000'000'000 / per_second;
  const Window& plan = peer.window();
  const std::int64_t late = std::min(plan.timed.count(), plan.grace.count() / plan.repetitions) / 2;
  const auto keep = [&](const OpenWindow& window, std::int64_t give_up_ns) {
    // Between two windows caches and peers rested: the first operation is not timed.
    operation();
    const std::int64_t from = std::max(clock.now(), window.from_ns);
    return keep_schedule(clock, ArrivalSchedule(from + interval, per_second), window.until_ns,
                         give_up_ns, loop, operation);
  };
  loop.clear();
  const OpenWindow warmup = *peer.next_window();
  std::int64_t count = keep(warmup, warmup.until_ns).begun + 1;
  loop.clear();
  sample_windows(peer, loop.response, [&](const OpenWindow& window) {
    const Kept kept = keep(window, window.until_ns + late);
    loop.add(kept, per_second);
    count += kept.begun + 1;
    return kept.begun;
  });
  peer.count_operations(count);
}

}  // namespace bench
