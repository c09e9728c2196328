// Notifier backend: a byte in a pipe, pipe(7).
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "ipc/notify/contract.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/poll.hpp"
#include "ipc/os/unique_fd.hpp"

namespace ipc {

/// notify() writes a byte and wait() reads one. notify() throws EAGAIN when the pipe is full, at
/// 4096 unread ones or later.
class PipeByte {
 public:
  static constexpr std::string_view kName = "pipe_byte";

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { PipeByte probe; });
  }

  PipeByte() {
    int fds[2];
    os::check(::pipe2(fds, O_CLOEXEC), "pipe2");
    to_wait_ = os::UniqueFd(fds[0]);
    to_notify_ = os::UniqueFd(fds[1]);
    // The two ends are separate open files: the waiter's read still blocks.
    os::check(::fcntl(to_notify_.get(), F_SETFL, O_NONBLOCK), "F_SETFL O_NONBLOCK");
  }

  /// Every process that inherited it can wait.
  void attach() {}

  void notify() {
    os::check(os::retry_eintr([this] { return ::write(to_notify_.get(), "", 1); }), "pipe write");
  }

  void wait() {
    char byte = 0;
    os::check(os::retry_eintr([&] { return ::read(to_wait_.get(), &byte, 1); }), "pipe read");
  }

  bool wait_until(os::Deadline deadline) {
    if (!os::wait_ready(to_wait_.get(), POLLIN, deadline)) return false;
    wait();  // only one process waits, so nobody took it in between
    return true;
  }

 private:
  os::UniqueFd to_wait_;  ///< everybody has both ends, so neither is ever closed for the others
  os::UniqueFd to_notify_;
};
static_assert(Notifier<PipeByte>);

}  // namespace ipc
