// Time: the monotonic clock in nanoseconds, and deadlines for every wait.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>
#include <optional>

namespace ipc::os {

using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC
using Duration = Clock::duration;

/// CLOCK_MONOTONIC in ns.
inline std::int64_t now_ns() noexcept {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// The moment at which a wait gives up, or never. Monotonic: a change of the wall clock moves
/// nothing.
class Deadline {
 public:
  static Deadline never() { return Deadline{}; }
  static Deadline now() { return Deadline{Clock::now()}; }
  /// Saturates: a duration too long to add means never.
  static Deadline after(Duration wait);
  /// The same for a duration of any kind, also one that a Duration cannot hold.
  template <class Rep, class Period>
  static Deadline after(std::chrono::duration<Rep, Period> wait) {
    using Wide = std::chrono::duration<long double, Duration::period>;
    if (Wide(wait) >= Wide(Duration::max())) return never();
    if (Wide(wait) <= Wide::zero()) return now();
    return after(std::chrono::ceil<Duration>(wait));
  }

  [[nodiscard]] bool is_never() const { return !at_; }
  [[nodiscard]] bool expired() const { return at_ && Clock::now() >= *at_; }
  /// Time left, at least zero; Duration::max() for never.
  [[nodiscard]] Duration remaining() const;
  /// For poll(2): ms rounded up so that a wait never ends early, -1 for never.
  [[nodiscard]] int poll_timeout_ms() const;
  /// Absolute CLOCK_MONOTONIC time; only for a deadline that is not never.
  [[nodiscard]] timespec monotonic() const;
  /// Absolute CLOCK_REALTIME time for calls that know no other clock. A step of the wall clock
  /// moves it: a caller that comes back early has to look at expired() and wait again.
  [[nodiscard]] timespec realtime() const;

 private:
  Deadline() = default;
  explicit Deadline(Clock::time_point at) : at_(at) {}
  std::optional<Clock::time_point> at_;
};

/// A duration as timespec, for relative waits.
timespec to_timespec(Duration duration);

}  // namespace ipc::os
