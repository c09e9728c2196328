#include "ipc/sync/bounded_semaphore.hpp"

#include <climits>
#include <stdexcept>
#include <string>

#include "ipc/os/error.hpp"

namespace ipc {

namespace {

unsigned checked(std::ptrdiff_t count) {
  if (count < 0 || count > INT_MAX)
    os::throw_error(EINVAL, "bounded semaphore with count " + std::to_string(count));
  return static_cast<unsigned>(count);
}

}  // namespace

BoundedSemaphore::BoundedSemaphore(std::ptrdiff_t count) : start_(checked(count)), count_(start_) {}

void BoundedSemaphore::release() {
  if (!count_->give(start_))
    throw std::logic_error("release of a bounded semaphore above its start value of " +
                           std::to_string(start_));
}

}  // namespace ipc
