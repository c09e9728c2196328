// Semaphore backend: a count and its waiters in one shared word, futex(7).
#pragma once

#include <atomic>
#include <bit>
#include <climits>
#include <cstdint>
#include <string>

#include "ipc/os/error.hpp"
#include "ipc/os/futex.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/semaphore/contract.hpp"

namespace ipc {

/// Uncontended, it never enters the kernel, and release() wakes one waiter only when there is one:
/// the count and the number of waiters are read and changed together, the lower and upper half of a
/// 64-bit word, and waiters sleep on the lower.
///
/// A waiter killed while it sleeps stays counted, which costs every later release() a needless
/// system call. One killed after it was woken, or a releaser killed before it woke anybody, would
/// leave a unit that nobody knows of: so waiters sleep in naps (os::futex_nap()).
class FutexSemaphore {
 public:
  static constexpr std::string_view kName = "futex";
  static constexpr bool kHasValue = true;
  static constexpr bool kChecksOverflow = true;
  static constexpr unsigned kMaxCount = INT_MAX;
  static constexpr bool kSurvivesKill = true;
  static constexpr bool kNeedsReclaim = false;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { FutexSemaphore probe(0); });
  }

  explicit FutexSemaphore(unsigned count) : word_(checked(count)) {}

  void acquire() { acquire_until(os::Deadline::never()); }

  bool try_acquire() { return take(0); }

  bool acquire_until(os::Deadline deadline) {
    if (take(0)) return true;
    if (deadline.expired()) return false;
    word_->fetch_add(kOneWaiter, std::memory_order_relaxed);
    while (!take(kOneWaiter)) {
      if (deadline.expired()) {
        word_->fetch_sub(kOneWaiter, std::memory_order_relaxed);
        return false;
      }
      os::futex_nap(count_half(), 0, deadline);
    }
    return true;
  }

  void release() {
    std::uint64_t seen = word_->load(std::memory_order_relaxed);
    do {
      if (count_of(seen) == kMaxCount) os::throw_error(EOVERFLOW, "futex semaphore");
    } while (!word_->compare_exchange_weak(seen, seen + 1, std::memory_order_release,
                                           std::memory_order_relaxed));
    if (seen >= kOneWaiter) os::futex_wake(count_half(), 1);
  }

  [[nodiscard]] unsigned value() const { return count_of(word_->load(std::memory_order_relaxed)); }

 private:
  using Word = std::atomic<std::uint64_t>;
  static_assert(Word::is_always_lock_free && sizeof(Word) == 2 * sizeof(os::FutexWord));
  static constexpr std::uint64_t kOneWaiter = std::uint64_t{1} << 32;

  static std::uint64_t checked(unsigned count) {
    if (count > kMaxCount)
      os::throw_error(EINVAL, "futex semaphore of count " + std::to_string(count));
    return count;
  }
  static unsigned count_of(std::uint64_t word) { return static_cast<std::uint32_t>(word); }

  /// Takes a unit, and `waiter` off the number of waiters with it; false when there is none.
  bool take(std::uint64_t waiter) {
    std::uint64_t seen = word_->load(std::memory_order_relaxed);
    while (count_of(seen) > 0)
      if (word_->compare_exchange_weak(seen, seen - 1 - waiter, std::memory_order_acquire,
                                       std::memory_order_relaxed))
        return true;
    return false;
  }

  /// For the kernel, which compares these 32 bits; this program never reads them as such.
  os::FutexWord& count_half() {
    constexpr std::size_t kLower = std::endian::native == std::endian::little ? 0 : 1;
    return reinterpret_cast<os::FutexWord*>(&*word_)[kLower];
  }

  os::SharedObject<Word> word_;
};
static_assert(CountingSemaphore<FutexSemaphore>);

}  // namespace ipc
