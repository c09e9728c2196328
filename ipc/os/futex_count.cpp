#include "ipc/os/futex_count.hpp"

namespace ipc::os {

bool FutexCount::wait_until(Deadline deadline) {
  if (wait_awake(seat_, giver_.cpu(), deadline, [this] { return take(0); })) return true;
  if (deadline.expired()) return false;
  word_.fetch_add(kOneWaiter, std::memory_order_relaxed);
  while (!take(kOneWaiter)) {
    if (deadline.expired()) {
      word_.fetch_sub(kOneWaiter, std::memory_order_relaxed);
      return false;
    }
    const std::int64_t called_before = giver_.called_ns();
    futex_nap(count_half(), 0, deadline);
    giver_.learn(called_before);
  }
  return true;
}

void FutexCount::wake_one() {
  giver_.write();
  futex_wake(count_half(), 1);
}

}  // namespace ipc::os
