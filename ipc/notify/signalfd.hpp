// Notifier backend: a queued real-time signal read from a descriptor, signalfd(2).
#pragma once

#include <poll.h>
#include <sys/signalfd.h>

#include "ipc/notify/contract.hpp"
#include "ipc/notify/queued_signal.hpp"
#include "ipc/os/poll.hpp"
#include "ipc/os/unique_fd.hpp"

namespace ipc {

/// A signalfd gives whoever reads it the signals of that process and thread, so the one made before
/// the fork serves the waiter. See QueuedSignal for the signal it takes and the errors it throws.
class SignalFd : public QueuedSignal {
 public:
  static constexpr std::string_view kName = "signalfd";

  static os::Unavailable unavailable() { return unavailable_to<SignalFd>(); }

  SignalFd() {
    const sigset_t only = set();
    fd_ = os::UniqueFd(os::check(::signalfd(-1, &only, SFD_CLOEXEC), "signalfd"));
  }

  void wait() {
    while (!read_one()) {
    }
  }

  bool wait_until(os::Deadline deadline) {
    do {
      if (!os::wait_ready(fd_.get(), POLLIN, deadline)) return false;
    } while (!read_one());  // the signal went to this thread, so no other took it in between
    return true;
  }

 private:
  /// Blocks for a signal; true if it is a notification.
  bool read_one() {
    signalfd_siginfo info{};
    os::check(os::retry_eintr([&] { return ::read(fd_.get(), &info, sizeof info); }),
              "signalfd read");
    return is_mine(info.ssi_code, info.ssi_ptr);
  }

  os::UniqueFd fd_;
};
static_assert(Notifier<SignalFd>);

}  // namespace ipc
