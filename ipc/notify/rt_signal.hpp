// Notifier backend: a queued real-time signal taken with sigwaitinfo(2), signal(7).
#pragma once

#include "ipc/notify/contract.hpp"
#include "ipc/notify/queued_signal.hpp"

namespace ipc {

/// See QueuedSignal for the signal it takes and the errors it throws.
class RtSignal : public QueuedSignal {
 public:
  static constexpr std::string_view kName = "rt_signal";

  static os::Unavailable unavailable() { return unavailable_to<RtSignal>(); }

  void wait() { wait_until(os::Deadline::never()); }

  bool wait_until(os::Deadline deadline) {
    for (;;) {
      siginfo_t info;
      const int got = deadline.is_never() ? ::sigwaitinfo(&set_, &info) : take(info, deadline);
      if (got > 0 && is_notification(info)) return true;
      if (got > 0 || errno == EINTR) continue;
      if (errno != EAGAIN) os::throw_errno("sigtimedwait");
      if (deadline.expired()) return false;
    }
  }

 private:
  int take(siginfo_t& info, os::Deadline deadline) const {
    const timespec left = os::to_timespec(deadline.remaining());
    return ::sigtimedwait(&set_, &info, &left);
  }
  bool is_notification(const siginfo_t& info) const {
    return is_mine(info.si_code, reinterpret_cast<std::uintptr_t>(info.si_value.sival_ptr));
  }

  sigset_t set_ = set();
};
static_assert(Notifier<RtSignal>);

}  // namespace ipc
