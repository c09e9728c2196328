// Waiting, with a lock set aside meanwhile, until another process says that something has changed.
#pragma once

#include <chrono>
#include <climits>

#include "ipc/os/clock.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/sync/lock.hpp"
#include "ipc/sync/wait_room.hpp"

namespace ipc {

/// A condition variable over a Lock, made before the fork. Every wait and notify needs the lock to
/// be held by this process, and throws std::logic_error when it is not.
///
/// A wait releases the lock, sleeps, and holds the lock again when it returns, however it does. It
/// throws OwnerDied, holding the lock too, when the lock's holder died meanwhile: what the lock
/// guards may be half changed. It never ends without cause, only by a notify or its deadline.
///
/// notify(n) lets go those who have waited longest, and only those who began before it. One killed
/// while it waits takes no notification from the living; one killed after it was let go and before
/// it holds the lock again takes at most that one, and the next notify hands it on. One killed in
/// the middle of notify(n) may have let go fewer.
///
/// At most WaitRoom::kMost wait at once; the next gets std::system_error, EAGAIN.
class Condition {
 public:
  /// The lock must outlive it, and stay where it is or be moved on.
  explicit Condition(Lock& lock) : lock_(&*lock.word_) {}

  /// Blocks until notified.
  void wait() { wait_until(os::Deadline::never()); }
  /// False when nobody notified it in that time.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> wait) {
    return wait_until(os::Deadline::after(wait));
  }
  bool wait_until(os::Deadline deadline);

  /// Blocks until the predicate, called with the lock held, gives true.
  template <class Predicate>
  void wait(Predicate predicate) {
    wait_until(os::Deadline::never(), predicate);
  }
  /// The same; gives what the predicate gave last.
  template <class Rep, class Period, class Predicate>
  bool wait_for(std::chrono::duration<Rep, Period> wait, Predicate predicate) {
    return wait_until(os::Deadline::after(wait), predicate);
  }
  template <class Predicate>
  bool wait_until(os::Deadline deadline, Predicate predicate) {
    while (!predicate())
      if (!wait_until(deadline)) return predicate();
    return true;
  }

  /// Lets go up to `count` waiters; gives how many there were.
  unsigned notify(unsigned count = 1);
  unsigned notify_all() { return notify(UINT_MAX); }

 private:
  void require_lock(const char* what) const;

  LockWord* lock_;
  os::SharedObject<WaitRoom> room_;
};

}  // namespace ipc
