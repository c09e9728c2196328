// Starter backend: clone3(2), which gives a pidfd, and the child leaves at once.
#pragma once

#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstdint>

#include "ipc/os/child.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/process/contract.hpp"

namespace ipc {

/// CLONE_PIDFD, and waitid(2) with P_PIDFD: the child is known by a descriptor, which, other than a
/// pid, never comes to mean another process. Needs Linux 5.4, and a container that lets clone3
/// through. The call goes past the C library: no fork handler runs, which a child that does nothing
/// but _exit does not need.
struct Clone3Starter {
  /// Dropped, it waits for the child; in another process than the parent that does nothing.
  class Child {
   public:
    explicit Child(os::UniqueFd pidfd) noexcept : pidfd_(std::move(pidfd)) {}
    Child(Child&&) noexcept = default;
    Child& operator=(Child&& other) noexcept {
      std::swap(pidfd_, other.pidfd_);
      return *this;
    }
    ~Child() { reap(); }

    /// Once; unknown when somebody else took the status.
    os::ExitStatus reap() noexcept {
      if (!pidfd_) return os::ExitStatus::unknown();
      const os::UniqueFd pidfd = std::move(pidfd_);
      siginfo_t info{};
      const auto id = static_cast<id_t>(pidfd.get());
      if (os::retry_eintr([&] { return ::waitid(kByPidfd, id, &info, WEXITED); }) == -1)
        return os::ExitStatus::unknown();
      if (info.si_code == CLD_EXITED) return os::ExitStatus::from_code(info.si_status);
      constexpr int kCoreFlag = 0x80;
      return os::ExitStatus::from_wait(info.si_status |
                                       (info.si_code == CLD_DUMPED ? kCoreFlag : 0));
    }

   private:
    os::UniqueFd pidfd_;
  };

  static constexpr std::string_view kName = "clone3_pidfd";
  static constexpr bool kHasStatus = true;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] {
      siginfo_t info{};
      // No descriptor has this number: EBADF from a kernel that knows P_PIDFD.
      if (::waitid(kByPidfd, INT_MAX, &info, WEXITED) == -1 && errno != EBADF)
        os::throw_errno("waitid P_PIDFD");
      start(0).reap();
    });
  }

  static Child start(int code) {
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
    arguments.exit_signal = SIGCHLD;
    const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) ::_exit(code);
    os::check(pid, "clone3 CLONE_PIDFD");
    return Child(os::UniqueFd(pidfd));
  }

 private:
  static constexpr auto kByPidfd = static_cast<idtype_t>(3);  // P_PIDFD, also for older headers
};
static_assert(Starter<Clone3Starter>);

}  // namespace ipc
