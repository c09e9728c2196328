// Semaphore backend: an eventfd in semaphore mode, eventfd(2).
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <climits>
#include <cstdint>

#include "ipc/os/error.hpp"
#include "ipc/os/poll.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/semaphore/contract.hpp"

namespace ipc {

/// Each read of an EFD_SEMAPHORE descriptor takes one unit, and gives EAGAIN where there is none;
/// waiting is poll(2), which wakes every waiter for one unit and gives it to whoever reads first.
/// The kernel counts further than an unsigned does, and its count cannot be asked for.
class EventFdSemaphore {
 public:
  static constexpr std::string_view kName = "eventfd";
  static constexpr bool kHasValue = false;
  static constexpr bool kChecksOverflow = false;
  static constexpr unsigned kMaxCount = UINT_MAX;
  static constexpr bool kSurvivesKill = true;
  static constexpr bool kNeedsReclaim = false;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { EventFdSemaphore probe(0); });
  }

  explicit EventFdSemaphore(unsigned count)
      : fd_(os::check(::eventfd(count, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")) {}

  void acquire() { acquire_until(os::Deadline::never()); }

  bool try_acquire() {
    std::uint64_t one = 0;
    if (os::retry_eintr([&] { return ::read(fd_.get(), &one, sizeof one); }) != -1) return true;
    if (errno == EAGAIN) return false;
    os::throw_errno("eventfd read");
  }

  bool acquire_until(os::Deadline deadline) {
    while (!try_acquire())
      if (!os::wait_ready(fd_.get(), POLLIN, deadline)) return false;
    return true;
  }

  void release() {
    const std::uint64_t one = 1;
    if (os::retry_eintr([&] { return ::write(fd_.get(), &one, sizeof one); }) != -1) return;
    os::throw_error(errno == EAGAIN ? EOVERFLOW : errno, "eventfd write");
  }

  [[nodiscard]] unsigned value() const { os::throw_error(ENOTSUP, "eventfd value"); }

 private:
  os::UniqueFd fd_;
};
static_assert(CountingSemaphore<EventFdSemaphore>);

}  // namespace ipc
