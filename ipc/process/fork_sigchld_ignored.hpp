// Starter backend: fork(2) while SIGCHLD is ignored, so that the kernel reaps the child.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <mutex>
#include <utility>

#include "ipc/process/contract.hpp"
#include "ipc/process/pid_child.hpp"

namespace ipc {

/// A child that ends while SIGCHLD is ignored becomes no zombie and leaves no status (wait(2)):
/// reap() waits for its end and gives an unknown status. SIGCHLD is ignored from the first start()
/// until no child of this starter is out; then its disposition is again what it was before.
///
/// A disposition belongs to the whole process, so other children would lose their status too:
/// start() throws EBUSY while there are any, and a program starts none by other means, and leaves
/// SIGCHLD alone, while one of these is out. Several threads may start and reap.
struct ForkSigchldIgnoredStarter {
  class Child;

  static constexpr std::string_view kName = "fork_sigchld_ignored";
  static constexpr bool kHasStatus = false;
  static os::Unavailable unavailable() { return std::nullopt; }

  static Child start(int code);

 private:
  /// Ignores SIGCHLD as long as any lives. A fork's copy restores its own process's disposition.
  class Ignored {
   public:
    Ignored() {
      const std::lock_guard lock(mutex());
      if (count() == 0) ignore();
      ++count();
    }
    Ignored(Ignored&& other) noexcept : counted_(std::exchange(other.counted_, false)) {}
    Ignored& operator=(Ignored&& other) noexcept {
      std::swap(counted_, other.counted_);
      return *this;
    }
    ~Ignored() {
      if (!counted_) return;
      const std::lock_guard lock(mutex());
      if (--count() == 0) ::sigaction(SIGCHLD, &before(), nullptr);
    }

   private:
    static void ignore() {
      siginfo_t info{};
      if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        os::throw_error(EBUSY, "SIGCHLD cannot be ignored: there are other children");
      struct sigaction ignored {};
      ignored.sa_handler = SIG_IGN;
      os::check(::sigaction(SIGCHLD, &ignored, &before()), "sigaction SIGCHLD");
    }
    static std::mutex& mutex() {
      static std::mutex one;
      return one;
    }
    static int& count() {
      static int out = 0;
      return out;
    }
    static struct sigaction& before() {
      static struct sigaction disposition {};
      return disposition;
    }

    bool counted_ = true;
  };

 public:
  /// Dropped, it waits for the child.
  class Child {
   public:
    /// Once; always unknown.
    os::ExitStatus reap() noexcept {
      const os::ExitStatus status = child_.reap();
      const Ignored over = std::move(ignored_);
      return status;
    }

   private:
    friend ForkSigchldIgnoredStarter;
    Child(Ignored ignored, pid_t pid) noexcept : ignored_(std::move(ignored)), child_(pid) {}

    Ignored ignored_;
    PidChild child_;  // destroyed, and so waited for, before that
  };
};

inline ForkSigchldIgnoredStarter::Child ForkSigchldIgnoredStarter::start(int code) {
  Ignored ignored;
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(code);
  return {std::move(ignored), os::check(pid, "fork")};
}
static_assert(Starter<ForkSigchldIgnoredStarter>);

}  // namespace ipc
