// Semaphore backend: a count and its waiters in one shared word, futex(7).
#pragma once

#include <climits>
#include <string>

#include "ipc/os/error.hpp"
#include "ipc/os/futex_count.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/semaphore/contract.hpp"

namespace ipc {

/// Uncontended, it never enters the kernel; who waits looks for about as long as being woken takes,
/// and sleeps then, or at once behind another who looks or where the giver runs on the same CPU;
/// waiters that are killed take nothing from the others (os::FutexCount).
class FutexSemaphore {
 public:
  static constexpr std::string_view kName = "futex";
  static constexpr bool kHasValue = true;
  static constexpr bool kChecksOverflow = true;
  static constexpr unsigned kMaxCount = INT_MAX;
  static constexpr bool kSurvivesKill = true;
  static constexpr bool kNeedsReclaim = false;
  static constexpr os::WaitPolicy kWaitPolicy = os::WaitPolicy::adaptive;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { FutexSemaphore probe(0); });
  }

  explicit FutexSemaphore(unsigned count) : count_(checked(count)) {}

  void acquire() { acquire_until(os::Deadline::never()); }
  bool try_acquire() { return count_->try_take(); }
  bool acquire_until(os::Deadline deadline) { return count_->take_until(deadline); }
  void release() {
    if (!count_->give(kMaxCount)) os::throw_error(EOVERFLOW, "futex semaphore");
  }
  [[nodiscard]] unsigned value() const { return count_->value(); }

 private:
  static unsigned checked(unsigned count) {
    if (count > kMaxCount)
      os::throw_error(EINVAL, "futex semaphore of count " + std::to_string(count));
    return count;
  }

  os::SharedObject<os::FutexCount> count_;
};
static_assert(CountingSemaphore<FutexSemaphore>);

}  // namespace ipc
