// The slots of a queue in shared memory: claimed, filled, emptied and freed without a lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "ipc/os/identity.hpp"
#include "ipc/os/shared_mapping.hpp"

namespace ipc {

/// The word of a slot: its lap, modulo 2^30; its phase; and in the two phases that are a process's
/// own, which process. All in one, so that no claimed slot ever fails to say by whom.
class SlotState {
 public:
  enum Phase : std::uint64_t { kFree, kWriting, kFull, kReading };

  explicit SlotState(std::uint64_t word) : word_(word) {}
  SlotState(std::uint64_t lap, Phase phase, os::ShortIdentity owner = {})
      : word_(lap << kLapShift | phase << kPhaseShift | static_cast<std::uint32_t>(owner)) {}

  [[nodiscard]] std::uint64_t word() const { return word_; }
  [[nodiscard]] std::uint64_t lap() const { return word_ >> kLapShift; }
  [[nodiscard]] Phase phase() const { return static_cast<Phase>(word_ >> kPhaseShift & 3); }
  [[nodiscard]] os::ShortIdentity owner() const {
    return os::ShortIdentity{static_cast<std::uint32_t>(word_)};
  }
  /// Below, at or above 0: whether the slot is in an earlier lap, this one or a later. Laps wrap
  /// around, so only their distance tells.
  [[nodiscard]] std::int64_t compared_to(std::uint64_t lap) const {
    return static_cast<std::int64_t>(word_ - (lap << kLapShift)) >> kLapShift;
  }

 private:
  static constexpr unsigned kPhaseShift = 32, kLapShift = 34;

  std::uint64_t word_;
};

/// A bounded row of slots. A message has a place in the endless row of all messages, which is
/// place % capacity in the slots and place / capacity in laps. The word of a slot goes
///
///   (lap, free) -> (lap, writing, P) -> (lap, full) -> (lap, reading, C) -> (lap + 1, free)
///
/// each step one compare-and-swap: made by one process, once, and never undone. `tail` is the first
/// place that no producer has claimed, `head` that no consumer has; both only follow the slots, and
/// whoever finds the slot of `tail` claimed moves `tail` on for its claimer. It follows that
/// - places are claimed in order, as a claim looks at `tail`, which is past no unclaimed place; so
///   one producer's messages stay in order, and no message is got twice or skipped;
/// - a process killed at any instruction leaves a word that is nobody's, or one that names it. Such
///   a slot hinders only once it is the oldest, of those at `head` for a consumer, of all for a
///   producer: who is hindered waits, looks whether the owner has ended, and frees the slot for the
///   next lap. The message of a dead producer was never there, that of a dead consumer is gone with
///   it. Of two that repair, one's compare-and-swap succeeds; while the owner is only stopped,
///   nobody's does;
/// - an old look cannot do harm: `tail` and `head` do not come round in any lifetime, and the word
///   of a slot is the same again only after 2^30 laps. Were a process held between look and claim
///   for exactly so long, it would claim a place early: the others find it claimed when they come
///   there. One message changes its place, none is lost or doubled.
///
/// Only processes of one pid namespace may use it: others would be taken for dead.
class ShmSlots {
 public:
  enum class Side { kPut, kGet };
  enum class Found {
    kClaimed,
    kNothing,    ///< full, for a producer, or empty
    kUnfinished  ///< somebody is at work on the oldest slot
  };
  struct Slot {
    std::atomic<std::uint64_t> state;
    std::size_t size;
    [[nodiscard]] std::byte* bytes() { return reinterpret_cast<std::byte*>(this + 1); }
  };
  struct Claim {
    Slot* slot = nullptr;
    SlotState state{0};  ///< as claimed, or as found unfinished
  };

  /// Laps are counted from `first_lap` on. Throws std::system_error: EINVAL, ENOMEM.
  ShmSlots(std::size_t capacity, std::size_t message_bytes, std::uint64_t first_lap);

  Found claim(Side side, Claim& claim);
  /// Whether the next claim would find room, or a message.
  [[nodiscard]] bool has_more(Side side) const;
  /// Gives the slot on, filled or free. Throws std::system_error, EOWNERDEAD, when others took this
  /// process for dead meanwhile.
  static void finish(Side side, const Claim& claim);
  /// Frees a slot found unfinished when its owner has ended; false when it lives. Some
  /// microseconds.
  static bool repair(const Claim& claim);

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  using Place = std::atomic<std::uint64_t>;
  struct Ends {
    alignas(128) Place tail;
    alignas(128) Place head;
  };
  static_assert(Place::is_always_lock_free && sizeof(Slot) == 16);

  [[nodiscard]] std::uint64_t lap_of(std::uint64_t place) const { return place >> lap_shift_; }
  [[nodiscard]] Slot& slot_of(std::uint64_t place) const {
    const std::uint64_t index = place & ((std::uint64_t{1} << lap_shift_) - 1);
    return *reinterpret_cast<Slot*>(slots_ + index * stride_);
  }
  [[nodiscard]] std::uint64_t next(std::uint64_t place) const;
  void move_on(Place& end, std::uint64_t place) const {
    end.compare_exchange_strong(place, next(place));
  }
  /// The place that is `end` when its slot is in phase `from`; nothing when it is not yet.
  [[nodiscard]] Place& end_of(Side side) const {
    return side == Side::kPut ? ends_->tail : ends_->head;
  }
  std::optional<std::uint64_t> find(Side side, Claim& claim) const;
  static bool change(const Claim& claim, SlotState to) {
    std::uint64_t seen = claim.state.word();
    return claim.slot->state.compare_exchange_strong(seen, to.word());
  }

  std::size_t capacity_;
  std::size_t stride_;
  unsigned lap_shift_;  ///< a place is the lap, and in its lowest so many bits the slot
  os::SharedMapping memory_;
  Ends* ends_;
  std::byte* slots_;
};

}  // namespace ipc
