#include "ipc/sync/barrier.hpp"

#include <string>

#include "ipc/os/error.hpp"

namespace ipc {

namespace {

constexpr std::uint32_t kPassed = 2, kBroken = 3;

unsigned checked(int parties) {
  if (parties < 1 || static_cast<unsigned>(parties) > WaitRoom::kMost)
    os::throw_error(EINVAL, "barrier of " + std::to_string(parties) + " parties");
  return static_cast<unsigned>(parties);
}

[[noreturn]] void throw_broken() {
  throw BrokenBarrier("the barrier is broken");
}

}  // namespace

/// Holds the lock around what the parties have in common.
class Barrier::Inside {
 public:
  explicit Inside(State& state) : state_(state) {
    // Who died inside may have let some pass and left the others.
    if (state.lock.take_until(os::Deadline::never()) == Taken::kAfterDeath) state.break_up(true);
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() { state_.lock.give(); }

 private:
  State& state_;
};

void Barrier::State::break_up(bool stays_broken) {
  broken = stays_broken;
  room.end_all(kBroken);
}

Barrier::Barrier(int parties) : parties_(checked(parties)) {}

unsigned Barrier::wait_until(os::Deadline deadline) {
  WaitPlace* place = nullptr;
  unsigned index = 0;
  {
    const Inside inside(*state_);
    if (state_->room.has_dead_waiter()) state_->break_up(true);
    if (state_->broken) throw_broken();
    index = state_->room.waiting();
    if (index + 1 == parties_)
      state_->room.end_all(kPassed);
    else
      place = &state_->room.enter();
  }
  return place ? sit_out(*place, index, deadline) : index;
}

unsigned Barrier::sit_out(WaitPlace& place, unsigned index, os::Deadline deadline) {
  while (place.is_waiting()) {
    const bool is_late = deadline.expired();
    if (!is_late) os::futex_nap(place.state, WaitPlace::kWaiting, deadline);
    if (!place.is_waiting()) break;
    const Inside inside(*state_);
    if (place.is_waiting() && (is_late || state_->room.is_next_dead(place))) state_->break_up(true);
  }
  const bool passed = place.state.load(std::memory_order_acquire) == kPassed;
  place.leave();
  if (!passed) throw_broken();
  return index;
}

void Barrier::abort() {
  const Inside inside(*state_);
  state_->break_up(true);
}

void Barrier::reset() {
  const Inside inside(*state_);
  state_->break_up(false);
}

}  // namespace ipc
