// A child that was started to end at once, known by its pid; what several starters give.
#pragma once

#include <sys/wait.h>

#include <cerrno>
#include <utility>

#include "ipc/os/child.hpp"
#include "ipc/os/error.hpp"

namespace ipc {

/// Nothing but waitpid(2), so that it costs what a bare loop costs. Dropped, it waits for the
/// child, which ends by itself; in another process than the parent that does nothing.
class PidChild {
 public:
  explicit PidChild(pid_t pid) noexcept : pid_(pid) {}
  PidChild(PidChild&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
  PidChild& operator=(PidChild&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~PidChild() {
    if (pid_ > 0) reap();
  }

  /// Once; unknown when somebody else took the status.
  os::ExitStatus reap() noexcept {
    int raw = 0;
    const pid_t pid = std::exchange(pid_, 0);
    if (pid <= 0 || os::retry_eintr([&] { return ::waitpid(pid, &raw, 0); }) != pid)
      return os::ExitStatus::unknown();
    return os::ExitStatus::from_wait(raw);
  }

 private:
  pid_t pid_;
};

}  // namespace ipc
