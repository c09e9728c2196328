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
  // In the lap of 0 they are free as the memory comes, and need not be touched.
  for (std::size_t i = 0; first_lap != 0 && i < capacity; ++i)
    new (slots_ + i * stride_) Slot{{SlotState(lap_of(first), SlotState::kFree).word()}, 0};
}

bool ShmSlots::catch_up(Side side) {
  // All that consumers claimed was put, and what is put is at most a lap ahead of them.
  const std::uint64_t least = side == Side::kPut
                                  ? ends_->head.load()
                                  : ends_->tail.load() - (std::uint64_t{1} << lap_shift_);
  Place& end = end_of(side);
  if (static_cast<std::int64_t>(least - end.load()) <= 0) return false;
  end.store(least);
  return true;
}

bool ShmSlots::has_more(Side side) const {
  Claim unused;
  return find(side, unused);
}

bool ShmSlots::repair(const Claim& claim) {
  if (!os::has_ended(claim.state.owner())) return false;
  change(claim, {claim.state.lap() + 1, SlotState::kFree});
  return true;
}

std::size_t ShmSlots::size() const {
  Claim oldest, end;
  find(Side::kGet, oldest);
  find(Side::kPut, end);
  std::size_t full = 0;
  std::uint64_t place = oldest.place;
  for (std::size_t i = 0; i < capacity_ && place != end.place; ++i, place = next(place)) {
    const SlotState state(slot_of(place).state.load());
    if (state.phase() == SlotState::kFull && state.compared_to(lap_of(place)) == 0) ++full;
  }
  return full;
}

}  // namespace ipc
