#include "ipc/sync/lock.hpp"

namespace ipc {

bool Lock::acquire_until(os::Deadline deadline) {
  const Taken taken = word_->take_until(deadline);
  if (taken == Taken::kAfterDeath) [[unlikely]] {
    word_->give();
    throw OwnerDied("the process that held the lock has ended");
  }
  return taken == Taken::kYes;
}

void Lock::release() {
  if (!word_->give()) throw std::logic_error("release of a lock that is free");
}

}  // namespace ipc
