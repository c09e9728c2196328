// The slots of a queue in shared memory: claimed, filled, emptied and freed without a lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ipc/os/cpu.hpp"
#include "ipc/os/error.hpp"
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
/// each step made by one process, once, and never undone: by a compare-and-swap, but for the
/// owner's, which nobody else takes while it lives, and which may be a plain store. `tail` says
/// where the first place that no producer has claimed is, `head` that no consumer has. They are
/// hints, set after the claim by plain stores, and right whenever all places before them are
/// claimed: they may lag, for good when the claimer dies, and an old store may set them back.
/// Whoever looks goes on from there to the first place that is not claimed. It follows that
/// - places are claimed in order, so one producer's messages stay in order, and none is skipped;
/// - a message is got once: one compare-and-swap from full to reading succeeds;
/// - a process killed at any instruction leaves a slot that is nobody's, or that names it. It is in
///   the way only once it is the oldest: who is hindered waits, looks whether the owner has ended,
///   and frees the slot for the next lap. The message of a dead producer was never there; that of a
///   dead consumer is gone with it. Of two that repair, one's compare-and-swap succeeds; while the
///   owner is only stopped, nobody tries;
/// - an old look does no harm. Places do not come round in any lifetime. The word of a slot is the
///   same again only after 2^30 laps: a process held between look and claim for exactly so long
///   claims a place early, which the others pass as claimed when they come there; one message
///   changes its place, none is lost or doubled. A hint set back by over 2^29 laps would mislead:
///   catch_up().
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
    std::uint64_t place = 0;
    Slot* slot = nullptr;
    SlotState state{0};  ///< as claimed, or as found unfinished
  };

  /// Laps are counted from `first_lap` on. Throws std::system_error: EINVAL, ENOMEM.
  ShmSlots(std::size_t capacity, std::size_t message_bytes, std::uint64_t first_lap);

  Found claim(Side side, Claim& claim);
  /// Whether the next claim would find room, or a message.
  [[nodiscard]] bool has_more(Side side) const;
  /// Gives the slot on, filled or free, by a sequentially consistent change, or by a store with
  /// release order. Throws std::system_error, EOWNERDEAD, when others took this process for dead
  /// meanwhile.
  static void finish(Side side, const Claim& claim, bool by_store = false);
  /// Whether the end that this side looks at had fallen so far behind that laps mislead; no longer.
  bool catch_up(Side side);
  /// About how many this side has claimed, or more; for comparing.
  [[nodiscard]] std::uint64_t place(Side side) const {
    return end_of(side).load(std::memory_order_relaxed);
  }
  /// Frees a slot found unfinished when its owner has ended; false when it lives. Some
  /// microseconds.
  static bool repair(const Claim& claim);
  /// Frees all that one process, which has ended, was in the middle of putting or getting, after
  /// `use` saw each. For who knows of the end by itself.
  template <class Use>
  void repair_all_of(os::ShortIdentity ended, Use use);

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 protected:
  using Place = std::atomic<std::uint64_t>;
  [[nodiscard]] Place& end_of(Side side) const {
    return side == Side::kPut ? ends_->tail : ends_->head;
  }

 private:
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
  [[nodiscard]] std::uint64_t next(std::uint64_t place) const {
    const std::uint64_t index = place & ((std::uint64_t{1} << lap_shift_) - 1);
    return index + 1 < capacity_ ? place + 1 : (lap_of(place) + 1) << lap_shift_;
  }
  /// The place that is next to be claimed, and its slot; false when that cannot be claimed yet.
  bool find(Side side, Claim& claim) const;
  /// Somebody on another CPU is as quick: a queue whose lines stay there for some messages is
  /// faster than one whose lines go to and fro.
  static void let_run() {
    constexpr int kPauses = 30;
    for (int i = 0; i < kPauses; ++i) os::relax();
  }
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

template <class Use>
void ShmSlots::repair_all_of(os::ShortIdentity ended, Use use) {
  for (std::size_t index = 0; index < capacity_; ++index) {
    Slot& slot = *reinterpret_cast<Slot*>(slots_ + index * stride_);
    const Claim claim{0, &slot, SlotState(slot.state.load())};
    const auto phase = claim.state.phase();
    const bool is_owned = phase == SlotState::kWriting || phase == SlotState::kReading;
    if (!is_owned || claim.state.owner() != ended) continue;
    use(slot);
    change(claim, {claim.state.lap() + 1, SlotState::kFree});
  }
}

inline bool ShmSlots::find(Side side, Claim& claim) const {
  const auto phase = side == Side::kPut ? SlotState::kFree : SlotState::kFull;
  Place& end = end_of(side);
  const std::uint64_t known = end.load(std::memory_order_acquire);
  for (std::uint64_t place = known;;) {
    claim.place = place;
    claim.slot = &slot_of(place);
    claim.state = SlotState(claim.slot->state.load());
    const auto ahead = claim.state.compared_to(lap_of(place));
    if (ahead == 0 && claim.state.phase() == phase) return true;
    if (ahead < 0 || (ahead == 0 && claim.state.phase() < phase)) {
      if (place != known) end.store(place, std::memory_order_release);
      return false;
    }
    // Claimed in this lap, or in one to which the slot has come since.
    const auto laps = static_cast<std::uint64_t>(ahead - (claim.state.phase() > phase ? 0 : 1));
    place = next(place + (laps << lap_shift_));
  }
}

inline ShmSlots::Found ShmSlots::claim(Side side, Claim& claim) {
  const os::ShortIdentity me = os::my_short_identity();
  while (find(side, claim)) {
    const SlotState mine(claim.state.lap(),
                         side == Side::kPut ? SlotState::kWriting : SlotState::kReading, me);
    if (!change(claim, mine)) {
      let_run();
      continue;
    }
    end_of(side).store(next(claim.place), std::memory_order_release);
    claim.state = mine;
    return Found::kClaimed;
  }
  const auto phase = claim.state.phase();
  if (side == Side::kPut) return phase == SlotState::kFull ? Found::kNothing : Found::kUnfinished;
  // A slot still read from in the lap before cannot have been put to in this one.
  return phase == SlotState::kWriting ? Found::kUnfinished : Found::kNothing;
}

inline void ShmSlots::finish(Side side, const Claim& claim, bool by_store) {
  const std::uint64_t lap = claim.state.lap();
  const auto to =
      side == Side::kPut ? SlotState(lap, SlotState::kFull) : SlotState(lap + 1, SlotState::kFree);
  auto& word = claim.slot->state;
  if (by_store && word.load(std::memory_order_relaxed) == claim.state.word()) [[likely]]
    word.store(to.word(), std::memory_order_release);
  else if (!change(claim, to))
    os::throw_error(EOWNERDEAD, "shared memory queue: taken for dead by another pid namespace");
}

}  // namespace ipc
