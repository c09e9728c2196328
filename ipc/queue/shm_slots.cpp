#include "ipc/queue/shm_slots.hpp"

#include <bit>
#include <new>

#include "ipc/os/error.hpp"
#include "ipc/queue/shm_layout.hpp"

namespace ipc {

ShmSlots::ShmSlots(std::size_t capacity, std::size_t message_bytes, std::uint64_t first_lap)
    : capacity_(capacity),
      stride_(slot_stride(sizeof(Slot), message_bytes)),
      lap_shift_(static_cast<unsigned>(std::bit_width(capacity - 1))),
      memory_(sizeof(Ends) + slots_bytes(capacity, stride_)),
      ends_(new (memory_.data()) Ends),
      slots_(memory_.data() + sizeof(Ends)) {
  const std::uint64_t first = first_lap << lap_shift_;
  ends_->tail = first;
  ends_->head = first;
  for (std::size_t i = 0; i < capacity; ++i)
    new (slots_ + i * stride_) Slot{{SlotState(lap_of(first), SlotState::kFree).word()}, 0};
}

std::uint64_t ShmSlots::next(std::uint64_t place) const {
  const std::uint64_t index = place & ((std::uint64_t{1} << lap_shift_) - 1);
  return index + 1 < capacity_ ? place + 1 : (lap_of(place) + 1) << lap_shift_;
}

/// The place that is next to be claimed, and its slot; nothing when that cannot be claimed yet.
std::optional<std::uint64_t> ShmSlots::find(Side side, Claim& claim) const {
  const auto phase = side == Side::kPut ? SlotState::kFree : SlotState::kFull;
  Place& end = end_of(side);
  for (;;) {
    const std::uint64_t place = end.load();
    claim.slot = &slot_of(place);
    claim.state = SlotState(claim.slot->state.load());
    const auto ahead = claim.state.compared_to(lap_of(place));
    if (ahead == 0 && claim.state.phase() == phase) return place;
    if (ahead < 0 || (ahead == 0 && claim.state.phase() < phase)) return std::nullopt;
    move_on(end, place);
  }
}

ShmSlots::Found ShmSlots::claim(Side side, Claim& claim) {
  const os::ShortIdentity me = os::shortened(os::my_identity());
  while (const auto place = find(side, claim)) {
    const SlotState mine(claim.state.lap(),
                         side == Side::kPut ? SlotState::kWriting : SlotState::kReading, me);
    if (!change(claim, mine)) continue;
    move_on(end_of(side), *place);
    claim.state = mine;
    return Found::kClaimed;
  }
  const auto phase = claim.state.phase();
  if (side == Side::kPut) return phase == SlotState::kFull ? Found::kNothing : Found::kUnfinished;
  // A slot still read from in the lap before cannot have been put to in this one.
  return phase == SlotState::kWriting ? Found::kUnfinished : Found::kNothing;
}

bool ShmSlots::has_more(Side side) const {
  Claim unused;
  return find(side, unused).has_value();
}

void ShmSlots::finish(Side side, const Claim& claim) {
  const std::uint64_t lap = claim.state.lap();
  const auto to =
      side == Side::kPut ? SlotState(lap, SlotState::kFull) : SlotState(lap + 1, SlotState::kFree);
  if (!change(claim, to))
    os::throw_error(EOWNERDEAD, "shared memory queue: taken for dead by another pid namespace");
}

bool ShmSlots::repair(const Claim& claim) {
  if (!os::has_ended(claim.state.owner())) return false;
  change(claim, {claim.state.lap() + 1, SlotState::kFree});
  return true;
}

std::size_t ShmSlots::size() const {
  std::size_t full = 0;
  const std::uint64_t end = ends_->tail.load();
  std::uint64_t place = ends_->head.load();
  for (std::size_t i = 0; i < capacity_ && place != end; ++i, place = next(place)) {
    const SlotState state(slot_of(place).state.load());
    if (state.phase() == SlotState::kFull && state.compared_to(lap_of(place)) == 0) ++full;
  }
  return full;
}

}  // namespace ipc
