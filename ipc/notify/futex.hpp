// Notifier backend: a counter in shared memory to sleep on, futex(7).
#pragma once

#include <atomic>

#include "ipc/notify/contract.hpp"
#include "ipc/os/futex.hpp"
#include "ipc/os/shared_mapping.hpp"

namespace ipc {

/// The word's lowest bit says that the waiter sleeps, the rest counts what it has not taken. So
/// notify() enters the kernel only for a waiter that sleeps, and wait() only to sleep. A notifier
/// killed between the two is late, not lost: the waiter sleeps in naps (os::futex_nap()).
class FutexNotifier {
 public:
  static constexpr std::string_view kName = "futex";

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { FutexNotifier probe; });
  }

  /// Every process that inherited it can wait.
  void attach() {}

  void notify() {
    const std::uint32_t before = word_->fetch_add(kOne, std::memory_order_release);
    if (before & kAsleep) os::futex_wake(*word_, 1);
  }

  void wait() { wait_until(os::Deadline::never()); }

  bool wait_until(os::Deadline deadline) {
    std::uint32_t seen = word_->load(std::memory_order_relaxed);
    for (;;) {
      if (seen >= kOne) {
        if (word_->compare_exchange_weak(seen, (seen - kOne) & ~kAsleep, std::memory_order_acquire,
                                         std::memory_order_relaxed))
          return true;
        continue;
      }
      if (deadline.expired()) return false;
      seen = word_->fetch_or(kAsleep, std::memory_order_relaxed) | kAsleep;
      if (seen == kAsleep) os::futex_nap(*word_, kAsleep, deadline);
      seen = word_->load(std::memory_order_relaxed);
    }
  }

 private:
  static constexpr std::uint32_t kAsleep = 1, kOne = 2;

  os::SharedObject<os::FutexWord> word_{0u};
};
static_assert(Notifier<FutexNotifier>);

}  // namespace ipc
