#include "ipc/os/futex_count.hpp"

namespace ipc::os {

bool FutexCount::wait_until(Deadline deadline) {
  const int giver_cpu = giver_cpu_.load(std::memory_order_relaxed);
  if (wait_awake(seat_, giver_cpu, deadline, [this] { return take(0); })) return true;
  if (deadline.expired()) return false;
  word_.fetch_add(kOneWaiter, std::memory_order_relaxed);
  while (!take(kOneWaiter)) {
    if (deadline.expired()) {
      word_.fetch_sub(kOneWaiter, std::memory_order_relaxed);
      return false;
    }
    const std::int64_t called_before = giver_called_ns_.load(std::memory_order_relaxed);
    futex_nap(count_half(), 0, deadline);
    learn_from_wake(called_before);
  }
  return true;
}

void FutexCount::learn_from_wake(std::int64_t called_before) {
  const std::int64_t called = giver_called_ns_.load(std::memory_order_relaxed);
  if (called == called_before || giver_cpu_.load(std::memory_order_relaxed) == this_cpu()) return;
  SpinBudget::of_this_process().learn(now_ns() - called);
}

void FutexCount::wake_one() {
  giver_cpu_.store(this_cpu(), std::memory_order_relaxed);
  giver_called_ns_.store(now_ns(), std::memory_order_relaxed);
  futex_wake(count_half(), 1);
}

}  // namespace ipc::os
