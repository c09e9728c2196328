// Starter backend: the child forks the one that counts and leaves at once, so nobody has to wait.
#pragma once

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "ipc/os/child.hpp"
#include "ipc/os/pipe_ends.hpp"
#include "ipc/process/contract.hpp"

namespace ipc {

/// The classic way to be rid of zombies: the middle child is reaped in start(), and the grandchild,
/// an orphan, goes to init(8) or the nearest subreaper, who reaps it. wait(2) here knows nothing of
/// it: it writes its pid and exit code into a pipe, and reap() waits for the pipe's end, which the
/// kernel makes when the grandchild has left. Where this process is the subreaper itself, or pid 1,
/// reap() takes the zombie too.
struct DoubleForkStarter {
  /// Dropped, it waits for the grandchild's end.
  class Child {
   public:
    explicit Child(os::UniqueFd report) noexcept : report_(std::move(report)) {}
    Child(Child&&) noexcept = default;
    Child& operator=(Child&& other) noexcept {
      std::swap(report_, other.report_);
      return *this;
    }
    ~Child() { reap(); }

    /// Once; unknown when the grandchild was killed before it could tell.
    os::ExitStatus reap() noexcept {
      if (!report_) return os::ExitStatus::unknown();
      const os::UniqueFd report = std::move(report_);
      Report told{};
      if (read(report, &told) != static_cast<ssize_t>(sizeof told))
        return os::ExitStatus::unknown();
      char end = 0;
      read(report, &end);
      if (inherits_orphans()) os::retry_eintr([&] { return ::waitpid(told.pid, nullptr, 0); });
      return os::ExitStatus::from_code(told.code);
    }

   private:
    template <class T>
    static ssize_t read(const os::UniqueFd& pipe, T* into) noexcept {
      return os::retry_eintr([&] { return ::read(pipe.get(), into, sizeof *into); });
    }
    static bool inherits_orphans() noexcept {
      int subreaper = 0;
      return ::getpid() == 1 ||
             (::prctl(PR_GET_CHILD_SUBREAPER, &subreaper) == 0 && subreaper != 0);
    }
    os::UniqueFd report_;
  };

  static constexpr std::string_view kName = "double_fork";
  static constexpr bool kHasStatus = true;
  static os::Unavailable unavailable() { return std::nullopt; }

  static Child start(int code) {
    os::PipeEnds report = os::PipeEnds::make();
    const pid_t middle = ::fork();
    if (middle == 0) leave_a_grandchild(report.write.get(), code);
    os::check(middle, "fork");
    report.write.reset();
    int raw = 0;
    const pid_t reaped = os::retry_eintr([&] { return ::waitpid(middle, &raw, 0); });
    if (reaped == middle && WIFEXITED(raw) && WEXITSTATUS(raw) != 0)
      os::throw_error(WEXITSTATUS(raw), "fork of the grandchild");
    return Child(std::move(report.read));
  }

 private:
  struct Report {
    pid_t pid;
    int code;
  };

  /// The middle child's life: its exit code is the error of its fork.
  [[noreturn]] static void leave_a_grandchild(int pipe, int code) {
    const pid_t grandchild = ::fork();
    if (grandchild == -1) ::_exit(errno);
    if (grandchild == 0) {
      const Report report{::getpid(), code};
      // So few bytes go into a pipe whole; when they do not, the status is unknown.
      [[maybe_unused]] const auto sent = ::write(pipe, &report, sizeof report);
      ::_exit(code);
    }
    ::_exit(0);
  }
};
static_assert(Starter<DoubleForkStarter>);

}  // namespace ipc
