#include "bench/harness/schedule.hpp"

#include <sched.h>
#include <sys/prctl.h>

#include "ipc/os/cpu.hpp"

namespace bench {

namespace {

/// How long before the due moment a sleep ends: more than a timer and a wake-up are late by.
constexpr std::int64_t kLookingNs = 60'000;
/// So near the due moment the CPU is not given away any more: a switch and back takes as long.
constexpr std::int64_t kKeepingNs = 10'000;
constexpr double kLeastAchieved = 0.98;

void sleep_until(std::int64_t ns) {
  const timespec at{ns / 1'000'000'000, ns % 1'000'000'000};
  ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);  // a signal only ends it early
}

}  // namespace

void OpenLoop::clear() noexcept {
  response.clear();
  service.clear();
  begun = span_ns = schedules = backlogged = 0;
}

void OpenLoop::add(const Kept& kept, std::int64_t per_second) noexcept {
  begun += kept.begun;
  span_ns += std::max(kept.elapsed_ns, kept.due * 1'000'000'000 / per_second);
  ++schedules;
  backlogged += kept.early_in_second_half == 0;
}

double OpenLoop::achieved_per_second() const {
  return 1e9 * static_cast<double>(begun) / static_cast<double>(span_ns);
}

bool OpenLoop::is_saturated(std::int64_t per_second) const {
  return achieved_per_second() < kLeastAchieved * static_cast<double>(per_second) ||
         2 * backlogged > schedules;
}

double OpenLoop::omission_gap() const {
  return static_cast<double>(response.histogram.percentile(99)) /
         static_cast<double>(std::max<std::uint64_t>(service.percentile(99), 1));
}

ScheduleClock::ScheduleClock() {
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0, 0,
          0);  // without it sleeps are 50 us late, which is allowed for
}

std::int64_t ScheduleClock::wait_until(std::int64_t due_ns) const {
  std::int64_t now = this->now();
  if (due_ns - now > 2 * kLookingNs) sleep_until(due_ns - kLookingNs);
  for (now = this->now(); now < due_ns; now = this->now()) {
    if (due_ns - now > kKeepingNs)
      ::sched_yield();
    else
      ipc::os::relax();
  }
  return now;
}

}  // namespace bench
