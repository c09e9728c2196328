// Where processes wait for a change of something that a lock in shared memory guards.
#pragma once

#include <atomic>
#include <cstdint>

#include "ipc/os/futex.hpp"

namespace ipc::os {

/// Waiters try, under the lock, until they succeed; whoever changes something that lets one of them
/// succeed calls open() after giving the lock back. None of those changes is missed: either the
/// waiter's last try came after the change, or it was counted before it. Nobody's death stops the
/// others: a wake that a dead one took along is made up for by a nap's end (futex_nap()), and a
/// dead waiter that stays counted costs each open() a needless system call.
class Gate {
 public:
  /// Whether `attempt` succeeded; false only when the deadline passed.
  template <class Attempt>
  bool wait_until(Attempt attempt, Deadline deadline) {
    if (attempt()) return true;
    if (deadline.expired()) return false;
    waiters_.fetch_add(1);
    const bool succeeded = wait_counted(attempt, deadline);
    waiters_.fetch_sub(1);
    return succeeded;
  }

  /// Lets one waiter try again, or as many as may succeed by this change.
  void open(int waiters = 1) {
    if (waiters_.load() == 0) return;
    turn_.fetch_add(1);
    futex_wake(turn_, waiters);
  }

 private:
  template <class Attempt>
  bool wait_counted(Attempt attempt, Deadline deadline) {
    for (;;) {
      const std::uint32_t seen = turn_.load();
      if (attempt()) return true;
      if (deadline.expired()) return false;
      futex_nap(turn_, seen, deadline);
    }
  }

  FutexWord turn_{0};
  std::atomic<std::uint32_t> waiters_{0};
};

}  // namespace ipc::os
