// Guard backend: a lock that waits by looking again and again.
#pragma once

#include <sched.h>

#include <atomic>
#include <cstdint>

#include "ipc/os/cpu.hpp"
#include "ipc/shared/contract.hpp"

namespace ipc {

/// Test and test-and-set: waiters read the word, which their caches share, and write it only when
/// it looks free. After a bounded number of looks a waiter yields its CPU, on which the holder may
/// have to run. It stays locked for ever when its holder is killed.
class SpinLock {
 public:
  static constexpr std::string_view kName = "spin_lock";
  static constexpr bool kRobust = false;
  static constexpr bool kInStorage = true;

  static os::Unavailable unavailable() { return std::nullopt; }

  void lock() {
    while (!try_lock()) await_free();
  }
  bool try_lock() {
    return held_.load(std::memory_order_relaxed) == 0 &&
           held_.exchange(1, std::memory_order_acquire) == 0;
  }
  void unlock() { held_.store(0, std::memory_order_release); }

 private:
  static constexpr int kLooks = 200;  ///< some microseconds: far over a short critical section

  void await_free() const {
    for (int i = 0; i < kLooks; ++i) {
      if (held_.load(std::memory_order_relaxed) == 0) return;
      os::relax();
    }
    ::sched_yield();
  }

  std::atomic<std::uint32_t> held_{0};
  static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
};
static_assert(Guard<SpinLock>);

}  // namespace ipc
