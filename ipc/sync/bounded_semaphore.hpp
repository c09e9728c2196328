// A semaphore that no release takes above its start value.
#pragma once

#include <chrono>
#include <cstddef>

#include "ipc/os/futex_count.hpp"
#include "ipc/os/shared_mapping.hpp"

namespace ipc {

/// A counting semaphore, made before the fork; any process may take and give. What a process held
/// when it was killed stays taken; one killed while it waits takes nothing. With std::lock_guard
/// and std::unique_lock it is a lock that lets `count` inside.
class BoundedSemaphore {
 public:
  /// Throws std::system_error: EINVAL for a count below 0 or above 2^31 - 1.
  explicit BoundedSemaphore(std::ptrdiff_t count = 1);

  /// Takes one; blocks while there is none.
  void acquire() { count_->take_until(os::Deadline::never()); }
  /// False when there is none.
  [[nodiscard]] bool try_acquire() { return count_->try_take(); }
  /// False when there was none in that time; zero or less is one try.
  template <class Rep, class Period>
  [[nodiscard]] bool try_acquire_for(std::chrono::duration<Rep, Period> wait) {
    return try_acquire_until(os::Deadline::after(wait));
  }
  [[nodiscard]] bool try_acquire_until(os::Deadline deadline) {
    return count_->take_until(deadline);
  }
  /// Gives one. Throws std::logic_error when that would be more than there were at the start.
  void release();
  /// The count at this moment.
  [[nodiscard]] unsigned value() const { return count_->value(); }

  void lock() { acquire(); }
  [[nodiscard]] bool try_lock() { return try_acquire(); }
  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_for(std::chrono::duration<Rep, Period> wait) {
    return try_acquire_for(wait);
  }
  void unlock() { release(); }

 private:
  unsigned start_;
  os::SharedObject<os::FutexCount> count_;
};

}  // namespace ipc
