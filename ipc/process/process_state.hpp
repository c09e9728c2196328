// What a Process object holds of its child.
#pragma once

#include <boost/intrusive/list.hpp>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "ipc/os/child.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/poll.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/process/exit_word.hpp"
#include "ipc/process/process.hpp"

namespace ipc {

/// Several threads may use it.
struct Process::State
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>> {
  State(ProcessOptions given, std::unique_ptr<Body> function, std::string number)
      : options(std::move(given)), body(std::move(function)), path(std::move(number)) {}

  static void* operator new(std::size_t bytes) { return Body::operator new(bytes); }
  static void operator delete(void* state, std::size_t bytes) {
    Body::operator delete(state, bytes);
  }

  void check_owner(const char* complaint) const {
    if (owner != ::getpid()) throw std::logic_error(complaint);
  }

  /// Reaps it if it ended; true when it did.
  bool settle() {
    const std::lock_guard inside(mutex);
    return reap();
  }

  /// Waits outside the lock, so that other threads can look, signal and join meanwhile.
  bool wait_until(os::Deadline deadline) {
    if (has_ended()) return true;
    while (deadline.is_never()) {
      siginfo_t info;  // not reaped here: until settle() does so, its pid is its own
      ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
      if (settle()) return true;
    }
    while (!settle()) {
      if (deadline.expired()) return settle();
      watch_until(deadline);
    }
    return true;
  }

  void signal(int number) {
    const std::lock_guard inside(mutex);
    if (ended) return;
    // Somebody else may have reaped it, and its pid mean another process now. A pidfd that is
    // opened before the look means what the look finds.
    const os::UniqueFd pidfd(os::open_pidfd(pid));
    siginfo_t info;
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == -1) return;
    if (!pidfd ||
        (::syscall(SYS_pidfd_send_signal, pidfd.get(), number, nullptr, 0) == -1 && errno != ESRCH))
      ::kill(pid, number);
  }

  /// For the end of its object or of this process.
  void finish() {
    if (options.daemon) {
      signal(SIGTERM);
      if (!wait_until(os::Deadline::after(std::chrono::seconds(2)))) signal(SIGKILL);
    }
    wait_until(os::Deadline::never());
  }

  /// Made when it is first asked for, since most children are only joined.
  int sentinel() {
    const std::lock_guard inside(mutex);
    if (watch) return watch.get();
    os::UniqueFd pidfd(os::open_pidfd(pid));
    const int error = errno;
    if (reap())  // there may be no pidfd of it any more, and this is readable from the beginning
      watch = os::UniqueFd(os::check(::eventfd(1, EFD_CLOEXEC), "eventfd"));
    else if (pidfd)
      watch = std::move(pidfd);
    else
      os::throw_error(error, "pidfd_open");
    return watch.get();
  }

  ProcessOptions options;
  std::unique_ptr<Body> body;
  std::string path;
  pid_t owner = ::getpid();
  bool started = false;
  bool is_listed = false;  ///< guarded by Running's lock
  pid_t pid = 0;
  ExitWord* exit_word = nullptr;
  std::mutex mutex;  ///< of what follows
  os::UniqueFd watch;
  bool ended = false;
  std::optional<int> exitcode;

 private:
  bool has_ended() {
    const std::lock_guard inside(mutex);
    return ended;
  }

  /// With the lock held.
  bool reap() {
    if (ended) return true;
    int raw = 0;
    const pid_t got = os::retry_eintr([&] { return ::waitpid(pid, &raw, WNOHANG); });
    if (got == 0) return false;
    ended = true;
    const auto status = os::ExitStatus::from_wait(raw);
    if (got == pid)
      exitcode = status.exited() ? status.code() : -status.signal();
    else  // somebody else took the status (their wait(), or SIGCHLD ignored)
      exitcode = exit_word->said();
    return true;
  }

  /// Until the end, the deadline, or for a moment where there is no sentinel, or only one that the
  /// child's own children may hold up.
  void watch_until(os::Deadline deadline) {
    constexpr std::chrono::milliseconds kMoment(20);
    if (!os::has_pidfds())
      deadline = os::Deadline::after(std::min<os::Duration>(deadline.remaining(), kMoment));
    try {
      os::wait_ready(sentinel(), POLLIN, deadline);
    } catch (const std::system_error&) {
      std::this_thread::sleep_for(
          std::min<os::Clock::duration>(std::chrono::milliseconds(1), deadline.remaining()));
    }
  }
};

}  // namespace ipc
