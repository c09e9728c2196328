// The open loop: operations at an offered rate, each timed from the moment at which it was due.
#pragma once

#include <algorithm>
#include <cstdint>

#include "bench/harness/histogram.hpp"
#include "bench/harness/peers.hpp"
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

/// What became of a schedule. Lies in shared memory, so that the coordinator sees it.
struct OpenLoop {
  Histogram response;  ///< ns from the moment at which an operation was due to its end
  Histogram service;   ///< ns from the moment at which it was really begun to its end
  std::int64_t due = 0;
  std::int64_t early_in_second_half = 0;  ///< operations that waited until they were due
  std::int64_t elapsed_ns = 0;            ///< from the first due moment to the last end

  void clear() noexcept;
  [[nodiscard]] std::int64_t done() const { return static_cast<std::int64_t>(response.total()); }
  /// Never more than the offered rate.
  [[nodiscard]] double achieved_per_second(double offered) const;
  /// Whether the rate is more than can be had: less than 98 % of it was done, or the whole second
  /// half of the schedule was begun late, so that the backlog did not end. Response times then grow
  /// with the length of the schedule.
  [[nodiscard]] bool is_saturated(double offered) const;
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

/// Does the first `due` operations of a schedule, one at a time: each when it is due, or at once
/// when that moment has passed. Begins none after `give_up_ns`, but one in any case; those that
/// were not begun are in no distribution.
template <class Clock, class Operation>
void keep_schedule(const Clock& clock, const ArrivalSchedule& schedule, std::int64_t due,
                   std::int64_t give_up_ns, OpenLoop& result, Operation& operation) {
  result.due = due;
  std::int64_t now = clock.now();
  for (std::int64_t i = 0; i < due && (i == 0 || now < give_up_ns); ++i) {
    const std::int64_t due_ns = schedule.due_ns(i);
    if (now < due_ns) {
      now = clock.wait_until(due_ns);
      result.early_in_second_half += 2 * i + 1 >= due;
    }
    const std::int64_t sent_ns = now;
    operation();
    now = clock.now();
    result.response.record(static_cast<std::uint64_t>(now - due_ns));
    result.service.record(static_cast<std::uint64_t>(now - sent_ns));
  }
  result.elapsed_ns = now - schedule.due_ns(0);
}

/// Warms up at the rate, then does what is due inside the window, and what is late behind it, but
/// for half a window at most. Call it between peer.start() and peer.stop().
template <class Operation>
void sample_at_rate(Peer& peer, std::int64_t per_second, OpenLoop& result, Operation operation) {
  const ScheduleClock clock;
  const std::int64_t interval = 1'000'000'000 / per_second;
  const auto keep = [&](std::int64_t until_ns, std::int64_t give_up_ns) {
    result.clear();
    const ArrivalSchedule schedule(clock.now() + interval, per_second);
    keep_schedule(clock, schedule, schedule.due_before(until_ns), give_up_ns, result, operation);
    return result.done();
  };
  const std::int64_t warm = keep(peer.timed_from(), peer.timed_from());
  const std::int64_t late = std::min(peer.window().timed.count(), peer.window().grace.count()) / 2;
  peer.count_operations(warm + keep(peer.timed_until(), peer.timed_until() + late));
}

}  // namespace bench
