// A count in shared memory that processes take from and give to, and wait for, futex(7).
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "ipc/os/futex.hpp"
#include "ipc/os/spin.hpp"

namespace ipc::os {

/// Uncontended, it never enters the kernel, and give() wakes one waiter only when there is one: the
/// count and the number of waiters are read and changed together, the lower and upper half of a
/// 64-bit word, and waiters sleep on the lower.
///
/// Waiters first wait awake where that pays (wait_awake()); so whoever gives to a sleeper leaves a
/// WakeNote.
///
/// A waiter killed while it sleeps stays counted, which costs every later give() a needless
/// system call. One killed after it was woken, or a giver killed before it woke anybody, would
/// leave a unit that nobody knows of: so waiters sleep in naps (futex_nap()).
class FutexCount {
 public:
  explicit FutexCount(std::uint32_t count) : word_(count) {}

  /// Takes one; false when there is none.
  bool try_take() { return take(0); }

  /// The same, waiting for it; false when the deadline passed first.
  bool take_until(Deadline deadline) { return take(0) || wait_until(deadline); }

  /// Gives one; false, and nothing changed, when the count has reached `most`.
  bool give(std::uint32_t most) {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    do {
      if (count_of(seen) >= most) return false;
    } while (!word_.compare_exchange_weak(seen, seen + 1, std::memory_order_release,
                                          std::memory_order_relaxed));
    if (seen >= kOneWaiter) [[unlikely]]
      wake_one();
    return true;
  }

  [[nodiscard]] std::uint32_t value() const {
    return count_of(word_.load(std::memory_order_relaxed));
  }

 private:
  using Word = std::atomic<std::uint64_t>;
  static_assert(Word::is_always_lock_free && sizeof(Word) == 2 * sizeof(FutexWord));
  static constexpr std::uint64_t kOneWaiter = std::uint64_t{1} << 32;

  static std::uint32_t count_of(std::uint64_t word) { return static_cast<std::uint32_t>(word); }

  /// Takes a unit, and `waiter` off the number of waiters with it; false when there is none.
  bool take(std::uint64_t waiter) {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    while (count_of(seen) > 0)
      if (word_.compare_exchange_weak(seen, seen - 1 - waiter, std::memory_order_acquire,
                                      std::memory_order_relaxed))
        return true;
    return false;
  }

  bool wait_until(Deadline deadline);
  void wake_one();

  /// For the kernel, which compares these 32 bits; this program never reads them as such.
  FutexWord& count_half() {
    constexpr std::size_t kLower = std::endian::native == std::endian::little ? 0 : 1;
    return reinterpret_cast<FutexWord*>(&word_)[kLower];
  }

  Word word_;
  WakeNote giver_;
  alignas(64) SpinSeat seat_;
};

}  // namespace ipc::os
