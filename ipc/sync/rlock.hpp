// A lock that its owner may acquire again: a robust recursive process-shared POSIX mutex.
#pragma once

#include <pthread.h>

#include <chrono>

#include "ipc/os/clock.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/sync/errors.hpp"

namespace ipc {

/// A recursive lock over processes and their threads, made before the fork. It belongs to the
/// thread that acquired it, which alone may release it, as often as it acquired it. A lock to
/// std::lock_guard and std::unique_lock.
///
/// When its owner ended without the last release, the kernel wakes a waiter at once
/// (pthread_mutexattr_setrobust(3)); one acquire, of whatever form, throws OwnerDied and leaves the
/// lock free: from then on it serves as before. Do not destroy it while this thread holds it.
class RLock {
 public:
  /// Throws std::system_error.
  RLock() = default;

  /// Blocks until it is free or this thread's. Throws OwnerDied.
  void acquire() { acquire_until(os::Deadline::never()); }
  /// False when another thread or process holds it. Throws OwnerDied.
  [[nodiscard]] bool try_acquire() { return acquire_until(os::Deadline::now()); }
  /// False when it was not free in that time; zero or less is one try. Throws OwnerDied.
  template <class Rep, class Period>
  [[nodiscard]] bool try_acquire_for(std::chrono::duration<Rep, Period> wait) {
    return acquire_until(os::Deadline::after(wait));
  }
  [[nodiscard]] bool try_acquire_until(os::Deadline deadline) { return acquire_until(deadline); }
  /// Throws std::logic_error when this thread does not hold it.
  void release();

  void lock() { acquire(); }
  [[nodiscard]] bool try_lock() { return try_acquire(); }
  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_for(std::chrono::duration<Rep, Period> wait) {
    return try_acquire_for(wait);
  }
  void unlock() { release(); }

 private:
  /// Its memory may vanish without pthread_mutex_destroy(3); on Linux that frees nothing.
  struct Mutex {
    Mutex();
    pthread_mutex_t value;
  };

  bool acquire_until(os::Deadline deadline);

  os::SharedObject<Mutex> mutex_;
};

}  // namespace ipc
