#include "ipc/sync/wait_room.hpp"

#include <algorithm>
#include <climits>
#include <span>

#include "ipc/os/error.hpp"

namespace ipc {

void WaitPlace::end(std::uint32_t with) {
  state.store(with, std::memory_order_release);
  os::futex_wake(state, INT_MAX);
}

WaitPlace* WaitRoom::free_place() {
  for (std::uint32_t i = 0; i < kMost; ++i) {
    if (places_[i].state.load(std::memory_order_acquire) != WaitPlace::kFree) continue;
    if (i >= used_) used_ = i + 1;
    return &places_[i];
  }
  return nullptr;
}

WaitPlace& WaitRoom::enter() {
  WaitPlace* place = free_place();
  if (!place) {
    clear_dead();
    place = free_place();
  }
  if (!place) os::throw_error(EAGAIN, "wait: too many wait already");
  place->who = os::my_identity();
  place->ticket = next_ticket_++;
  place->state.store(WaitPlace::kWaiting, std::memory_order_release);
  return *place;
}

std::uint32_t WaitRoom::waiting() const {
  return static_cast<std::uint32_t>(
      std::ranges::count_if(std::span(places_).first(used_), &WaitPlace::is_waiting));
}

WaitPlace* WaitRoom::first() {
  WaitPlace* found = nullptr;
  for (auto& place : std::span(places_).first(used_)) {
    if (!place.is_waiting()) continue;
    // Tickets wrap around: only their distance tells.
    if (!found || static_cast<std::int32_t>(place.ticket - found->ticket) < 0) found = &place;
  }
  return found;
}

void WaitRoom::end_all(std::uint32_t with) {
  for (auto& place : std::span(places_).first(used_))
    if (place.is_waiting()) place.end(with);
}

bool WaitRoom::has_dead_waiter() const {
  return std::ranges::any_of(std::span(places_).first(used_), [](const WaitPlace& place) {
    return place.is_waiting() && os::has_ended(place.who);
  });
}

bool WaitRoom::is_next_dead(const WaitPlace& place) const {
  const std::size_t used = used_;
  const auto at = static_cast<std::size_t>(&place - places_.data());
  for (std::size_t i = 1; i < used; ++i)
    if (const auto& next = places_[(at + i) % used]; next.is_waiting())
      return os::has_ended(next.who);
  return false;
}

std::uint32_t WaitRoom::clear_dead() {
  std::uint32_t done = 0;
  for (auto& place : std::span(places_).first(used_)) {
    const auto state = place.state.load(std::memory_order_acquire);
    if (state == WaitPlace::kFree || !os::has_ended(place.who)) continue;
    if (state != WaitPlace::kWaiting) ++done;
    place.leave();
  }
  return done;
}

}  // namespace ipc
