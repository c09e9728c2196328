// The lock that a program uses: one process inside at a time, freed by whoever releases it.
#pragma once

#include <chrono>

#include "ipc/os/shared_mapping.hpp"
#include "ipc/sync/errors.hpp"
#include "ipc/sync/lock_word.hpp"

namespace ipc {

/// A lock over processes and their threads, made before the fork; not recursive. Any process may
/// release it, also one that did not acquire it. A lock to std::lock_guard and std::unique_lock.
///
/// When the process that acquired it has ended without a release, one acquire, of whatever form,
/// throws OwnerDied and leaves the lock free: from then on it serves as before. Who would rather
/// hold it then, to repair what it guards, calls take_until(). What counts is the process, not the
/// thread: a thread that ends leaves the lock held.
class Lock {
 public:
  /// Throws std::system_error when there is no memory.
  Lock() = default;

  /// Blocks until it is free. Throws OwnerDied.
  void acquire() { acquire_until(os::Deadline::never()); }
  /// False when somebody holds it. Throws OwnerDied.
  [[nodiscard]] bool try_acquire() { return acquire_until(os::Deadline::now()); }
  /// False when it was not free in that time; zero or less is one try. Throws OwnerDied.
  template <class Rep, class Period>
  [[nodiscard]] bool try_acquire_for(std::chrono::duration<Rep, Period> wait) {
    return acquire_until(os::Deadline::after(wait));
  }
  [[nodiscard]] bool try_acquire_until(os::Deadline deadline) { return acquire_until(deadline); }
  /// As try_acquire_until(), but holds the lock also when its owner died, and says so.
  [[nodiscard]] Taken take_until(os::Deadline deadline) { return word_->take_until(deadline); }
  /// Throws std::logic_error when it is free.
  void release();
  /// Whether somebody holds it at this moment, a dead process included.
  [[nodiscard]] bool locked() const { return word_->is_held(); }

  void lock() { acquire(); }
  [[nodiscard]] bool try_lock() { return try_acquire(); }
  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_for(std::chrono::duration<Rep, Period> wait) {
    return try_acquire_for(wait);
  }
  void unlock() { release(); }

 private:
  friend class Condition;

  bool acquire_until(os::Deadline deadline);

  os::SharedObject<LockWord> word_;
};

}  // namespace ipc
