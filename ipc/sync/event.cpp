#include "ipc/sync/event.hpp"

#include <climits>

namespace ipc {

void Event::set() {
  std::uint32_t seen = word_->load(std::memory_order_relaxed);
  // A change that changes nothing makes what was written before it visible to who sees the flag.
  while (!word_->compare_exchange_weak(seen, is_odd(seen) ? seen : seen + 1,
                                       std::memory_order_release, std::memory_order_relaxed)) {
  }
  if (!is_odd(seen)) os::futex_wake(*word_, INT_MAX);
}

void Event::clear() {
  std::uint32_t seen = word_->load(std::memory_order_relaxed);
  while (is_odd(seen) && !word_->compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel,
                                                       std::memory_order_relaxed)) {
  }
}

bool Event::wait_until(os::Deadline deadline) const {
  const std::uint32_t before = word_->load(std::memory_order_acquire);
  if (is_odd(before)) return true;
  while (word_->load(std::memory_order_acquire) == before) {
    if (deadline.expired()) return false;
    os::futex_nap(*word_, before, deadline);
  }
  return true;
}

}  // namespace ipc
