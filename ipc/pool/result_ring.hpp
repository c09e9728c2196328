// The results of one worker on their way to the pool: a ring in shared memory with one producer.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>

#include "ipc/os/futex.hpp"

namespace ipc {

/// What lies before a body in the slots of a pool's rings, with the body's size.
inline constexpr std::size_t kPoolSlotBytes = 9 * 64;  // odd lines: they spread over the cache

/// A slot of it. Its turn is its commit: a result that its worker had not finished when it was
/// killed was never there, and nobody waits for it.
struct ResultSlot {
  std::atomic<std::uint64_t> turn;
  std::uint64_t id;
  std::uint64_t size;
  std::uint32_t outcome;
  std::int32_t cpu;  ///< where the worker ran

  static constexpr std::size_t kInlineBytes = kPoolSlotBytes - 32;
  [[nodiscard]] std::byte* body() { return reinterpret_cast<std::byte*>(this + 1); }
  [[nodiscard]] const std::byte* body() const {
    return reinterpret_cast<const std::byte*>(this + 1);
  }
};
static_assert(sizeof(ResultSlot) == 32 && std::atomic<std::uint64_t>::is_always_lock_free);

/// A view of the ring, in the pool and, as a copy by fork(2), in its worker. Memory of zeros is an
/// empty ring.
class ResultRing {
 public:
  static constexpr std::size_t kSlots = 256;
  static constexpr std::size_t kBytes = 128 + kSlots * kPoolSlotBytes;

  explicit ResultRing(std::byte* memory)
      : lines_(new (memory) Lines), slots_(memory + sizeof(Lines)) {}

  /// In a new worker, when the pool had taken all that there was.
  void become_producer() { written_ = told_ = taken_; }
  /// The worker's next slot, for which it waits while the ring is full.
  ResultSlot& reserve() {
    if (written_ - told_ == kSlots) [[unlikely]]
      wait_until_taken(kSlots - 1);
    return slot(written_);
  }
  /// Sequentially consistent: the pool sees the result before it sleeps, or the worker that it
  /// sleeps.
  void commit() {
    slot(written_).turn.store(written_ + 1);
    ++written_;
  }
  /// Whether all have been taken.
  [[nodiscard]] bool is_empty() {
    told_ = lines_->taken.load();
    return written_ == told_;
  }
  /// Waits until at most so many of the results are not taken.
  void wait_until_taken(std::uint64_t most_left) {
    for (;;) {
      told_ = lines_->taken.load();
      if (written_ - told_ <= most_left) return;
      lines_->producer_waits.store(1);
      told_ = lines_->taken.load();
      if (written_ - told_ <= most_left) return;
      os::futex_nap(lines_->producer_waits, 1);
    }
  }

  /// The pool's oldest result, if there is one.
  [[nodiscard]] const ResultSlot* front() const {
    ResultSlot& oldest = slot(taken_);
    return oldest.turn.load() == taken_ + 1 ? &oldest : nullptr;
  }
  void pop() { ++taken_; }
  /// After some: their slots may be used again.
  void tell_taken() {
    lines_->taken.store(taken_);
    if (lines_->producer_waits.load() && lines_->producer_waits.exchange(0))
      os::futex_wake(lines_->producer_waits, 1);
  }

 private:
  struct alignas(128) Lines {
    std::atomic<std::uint64_t> taken{0};
    os::FutexWord producer_waits{0};
  };
  static_assert(sizeof(Lines) == 128);

  [[nodiscard]] ResultSlot& slot(std::uint64_t position) const {
    return *reinterpret_cast<ResultSlot*>(slots_ + position % kSlots * kPoolSlotBytes);
  }

  Lines* lines_;
  std::byte* slots_;
  std::uint64_t taken_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t told_ = 0;  ///< what of it the worker knows to be taken
};

}  // namespace ipc
