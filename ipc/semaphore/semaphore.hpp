// The semaphore that a program uses: counts what processes may take.
#pragma once

#include <chrono>
#include <cstddef>

#include "ipc/os/error.hpp"
#include "ipc/semaphore/contract.hpp"
#include "ipc/semaphore/posix.hpp"

namespace ipc {

/// A counting semaphore, made before the fork; any process may take and give, also one that never
/// took. What a process held when it was killed stays taken. With std::lock_guard and
/// std::unique_lock it is a lock that lets `count` inside.
template <CountingSemaphore B = PosixSemaphore>
class Semaphore {
 public:
  using Backend = B;

  /// Throws std::system_error: EINVAL for a count that is negative or above B::kMaxCount.
  explicit Semaphore(std::ptrdiff_t count = 1) : backend_(checked(count)) {}

  /// Takes one; blocks while there is none.
  void acquire() { backend_.acquire(); }
  /// False when there is none.
  [[nodiscard]] bool try_acquire() { return backend_.try_acquire(); }
  /// False when there was none in that time; zero or less is one try.
  template <class Rep, class Period>
  [[nodiscard]] bool try_acquire_for(std::chrono::duration<Rep, Period> wait) {
    return try_acquire_until(os::Deadline::after(wait));
  }
  [[nodiscard]] bool try_acquire_until(os::Deadline deadline) {
    return backend_.acquire_until(deadline);
  }
  /// Gives one. Throws std::system_error, EOVERFLOW, beyond the largest count.
  void release() { backend_.release(); }
  /// The count at this moment.
  [[nodiscard]] unsigned value() const requires B::kHasValue { return backend_.value(); }

  void lock() { acquire(); }
  [[nodiscard]] bool try_lock() { return try_acquire(); }
  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_for(std::chrono::duration<Rep, Period> wait) {
    return try_acquire_for(wait);
  }
  void unlock() { release(); }

 private:
  static unsigned checked(std::ptrdiff_t count) {
    if (count < 0 || count > std::ptrdiff_t{B::kMaxCount})
      os::throw_error(EINVAL, "semaphore with count " + std::to_string(count));
    return static_cast<unsigned>(count);
  }

  B backend_;
};

}  // namespace ipc
