// Notifier backend: an eventfd that counts, eventfd(2).
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "ipc/notify/contract.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/unique_fd.hpp"

namespace ipc {

/// EFD_SEMAPHORE, so that each read takes one notification.
class EventFd {
 public:
  static constexpr std::string_view kName = "eventfd";

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { EventFd probe; });
  }

  EventFd() : fd_(os::check(::eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC), "eventfd")) {}

  /// Every process that inherited it can wait.
  void attach() {}

  void notify() {
    const std::uint64_t one = 1;
    os::check(os::retry_eintr([&] { return ::write(fd_.get(), &one, sizeof(one)); }),
              "eventfd write");
  }

  void wait() {
    std::uint64_t one = 0;
    os::check(os::retry_eintr([&] { return ::read(fd_.get(), &one, sizeof(one)); }),
              "eventfd read");
  }

  bool wait_until(os::Deadline deadline) {
    while (!readable(deadline))
      if (deadline.expired()) return false;
    wait();  // only one process waits, so nobody took it in between
    return true;
  }

 private:
  /// False when the deadline passed or a signal handler ran.
  bool readable(os::Deadline deadline) {
    pollfd entry{fd_.get(), POLLIN, 0};
    timespec left{};
    if (!deadline.is_never()) left = os::to_timespec(deadline.remaining());
    const int ready = ::ppoll(&entry, 1, deadline.is_never() ? nullptr : &left, nullptr);
    if (ready == -1 && errno != EINTR) os::throw_errno("eventfd ppoll");
    return ready == 1;
  }

  os::UniqueFd fd_;
};
static_assert(Notifier<EventFd>);

}  // namespace ipc
