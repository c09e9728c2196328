// What the memory that a start of a Process writes to is made of.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ipc {

/// A lock that the child of a fork may forget, though its parent holds it.
class ForkLock {
 public:
  void lock() {
    while (is_held_.exchange(1, std::memory_order_acquire)) is_held_.wait(1);
  }
  void unlock() {
    is_held_.store(0, std::memory_order_release);
    is_held_.notify_one();
  }
  void forget() { is_held_.store(0, std::memory_order_relaxed); }

 private:
  std::atomic<int> is_held_{0};
};

/// Room for a few small objects, side by side.
class Slots {
 public:
  /// Nothing when all are taken, or it is too large.
  void* take(std::size_t bytes) {
    if (bytes > kBytes) return nullptr;
    for (std::uint32_t taken = taken_; taken != kAll;) {
      const int free = std::countr_one(taken);
      if (taken_.compare_exchange_weak(taken, taken | std::uint32_t{1} << free))
        return slots_.data() + static_cast<std::size_t>(free) * kBytes;
    }
    return nullptr;
  }
  /// False when it is none of these.
  bool give_back(void* object) {
    const auto at =
        reinterpret_cast<std::uintptr_t>(object) - reinterpret_cast<std::uintptr_t>(slots_.data());
    if (at >= slots_.size()) return false;
    taken_ &= ~(std::uint32_t{1} << at / kBytes);
    return true;
  }

 private:
  static constexpr std::size_t kCount = 10, kBytes = 288;
  static constexpr std::uint32_t kAll = (1U << kCount) - 1;
  static_assert(kBytes % alignof(std::max_align_t) == 0);

  alignas(std::max_align_t) std::array<std::byte, kCount * kBytes> slots_;
  std::atomic<std::uint32_t> taken_{0};
};

}  // namespace ipc
