// Guard backend: a mutex of one word that tells whether anybody waits, futex(7).
#pragma once

#include <atomic>

#include "ipc/os/futex.hpp"
#include "ipc/shared/contract.hpp"

namespace ipc {

/// The third mutex of Drepper, "Futexes Are Tricky": free, held, or held with waiters, so that an
/// uncontended unlock() enters no kernel. It stays locked for ever when its holder is killed; a
/// waiter killed while it is woken delays the others only (os::futex_nap()).
class FutexMutex {
 public:
  static constexpr std::string_view kName = "futex_mutex";
  static constexpr bool kRobust = false;
  static constexpr bool kInStorage = true;

  static os::Unavailable unavailable() { return std::nullopt; }

  void lock() {
    if (try_lock()) return;
    // Who had to wait cannot know that nobody else does.
    while (state_.exchange(kContended, std::memory_order_acquire) != kFree)
      os::futex_nap(state_, kContended);
  }
  bool try_lock() {
    auto free = kFree;
    return state_.compare_exchange_strong(free, kHeld, std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }
  void unlock() {
    if (state_.exchange(kFree, std::memory_order_release) == kContended) os::futex_wake(state_, 1);
  }

 private:
  static constexpr std::uint32_t kFree = 0, kHeld = 1, kContended = 2;

  os::FutexWord state_{kFree};
};
static_assert(Guard<FutexMutex>);

}  // namespace ipc
