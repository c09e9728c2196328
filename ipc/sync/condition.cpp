#include "ipc/sync/condition.hpp"

#include <stdexcept>
#include <string>

namespace ipc {

namespace {
constexpr std::uint32_t kNotified = 2;
}  // namespace

void Condition::require_lock(const char* what) const {
  if (!lock_->is_held_by_this_process())
    throw std::logic_error(std::string(what) + " of a condition whose lock is not held");
}

bool Condition::wait_until(os::Deadline deadline) {
  require_lock("wait");
  WaitPlace& place = room_->enter();
  lock_->give();
  while (place.is_waiting() && !deadline.expired())
    os::futex_nap(place.state, WaitPlace::kWaiting, deadline);
  const Taken taken = lock_->take_until(os::Deadline::never());
  // Only now is it settled: until the lock was held, a notification could still come.
  const bool notified = !place.is_waiting();
  place.leave();
  if (taken == Taken::kAfterDeath)
    throw OwnerDied("the process that held the condition's lock has ended");
  return notified;
}

unsigned Condition::notify(unsigned count) {
  require_lock("notify");
  unsigned more = room_->clear_dead();
  unsigned notified = 0;
  while (notified < count || more > 0) {
    WaitPlace* const place = room_->first();
    if (!place) break;
    place->end(kNotified);
    if (notified < count)
      ++notified;
    else
      --more;
  }
  return notified;
}

}  // namespace ipc
