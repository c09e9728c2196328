// Waiting for several things at once: the ends of pipes, and processes.
#pragma once

#include <poll.h>

#include <array>
#include <initializer_list>
#include <span>
#include <vector>

#include "ipc/os/clock.hpp"

namespace ipc {

namespace os {

/// Something that wait() can wait for: a descriptor that polls readable, or two of which the second
/// only hangs up. It owns nothing, and is of use for one wait. A Connection is one by conversion,
/// where its backend's readiness is a descriptor's; so is an int, as Process::sentinel() gives.
class Waitable {
 public:
  Waitable(int fd) : Waitable(fd, false) {}  // NOLINT: stands for a descriptor in a list
  /// `ready` says that there is something to take whatever the descriptor says.
  Waitable(int fd, bool ready) : entries_{{{fd, POLLIN, 0}}}, count_(1), ready_(ready) {}
  Waitable(int fd, int hang_up_fd, bool ready)
      : entries_{{{fd, POLLIN, 0}, {hang_up_fd, 0, 0}}}, count_(2), ready_(ready) {}

  [[nodiscard]] std::span<const pollfd> entries() const {
    return std::span(entries_).first(count_);
  }
  [[nodiscard]] bool ready() const { return ready_; }

 private:
  std::array<pollfd, 2> entries_;
  std::size_t count_;
  bool ready_;
};

/// Waits until one of the objects is ready. Gives the places of all that are, in ascending order;
/// none when the deadline passed, never before it. Throws EBADF where one is not open, and
/// std::invalid_argument for a wait for ever for nothing.
std::vector<std::size_t> wait_until(std::span<const Waitable> objects, Deadline deadline);

}  // namespace os

/// Waits until one of the objects is ready, and gives the places in the list of all that are:
///   for (const auto i : ipc::wait({connection, process.sentinel()}, 500ms)) ...
/// Ready is a Connection with a message or at its end, a process that has ended, a descriptor that
/// can be read. Nothing is ready after that time; zero or less looks once.
inline std::vector<std::size_t> wait(std::span<const os::Waitable> objects, os::Duration wait) {
  return os::wait_until(objects, os::Deadline::after(wait));
}
inline std::vector<std::size_t> wait(std::initializer_list<os::Waitable> objects,
                                     os::Duration wait) {
  return os::wait_until(objects, os::Deadline::after(wait));
}
/// The same, however long it takes.
inline std::vector<std::size_t> wait(std::span<const os::Waitable> objects) {
  return os::wait_until(objects, os::Deadline::never());
}
inline std::vector<std::size_t> wait(std::initializer_list<os::Waitable> objects) {
  return os::wait_until(objects, os::Deadline::never());
}

}  // namespace ipc
