// Child processes: fork, exit status, reaping, and waiting for a death with a deadline.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "ipc/os/clock.hpp"
#include "ipc/os/unique_fd.hpp"

namespace ipc::os {

/// How a process ended, as wait(2) tells it.
class ExitStatus {
 public:
  /// From the raw status word that wait(2) fills.
  static ExitStatus from_wait(int raw) { return ExitStatus{raw}; }
  static ExitStatus from_code(int code) { return ExitStatus{(code & 0xff) << 8}; }
  /// Somebody else took the status (a foreign wait, SIGCHLD ignored).
  static ExitStatus unknown() { return ExitStatus{std::nullopt}; }

  [[nodiscard]] bool is_unknown() const { return !raw_; }
  [[nodiscard]] bool exited() const;
  /// The exit code 0..255; only when exited().
  [[nodiscard]] int code() const;
  /// The signal that killed it, 0 when none did.
  [[nodiscard]] int signal() const;
  /// The raw status word; only when not unknown.
  [[nodiscard]] int raw() const { return *raw_; }
  /// "exit code 3", "killed by signal 9 (Killed)", "unknown status".
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;

 private:
  explicit ExitStatus(std::optional<int> raw) : raw_(raw) {}
  std::optional<int> raw_;
};

/// fork(2) after flushing stdio, so that buffered text appears once. Parent: the child's pid;
/// child: 0; -1 and errno when it fails.
pid_t fork();

/// Blocks for any child, wait(2). Nothing when there is none (ECHILD).
std::optional<std::pair<pid_t, ExitStatus>> wait();

/// A pidfd (pidfd_open(2), Linux 5.3), closed in programs that are executed; -1 and errno when it
/// fails, as it does of a process that is reaped.
int open_pidfd(pid_t pid);
/// Whether there are any: not before Linux 5.3, nor where a filter forbids them.
bool has_pidfds();

/// Asks for a signal at the death of the parent `parent` (prctl(2) PR_SET_PDEATHSIG: the parent's
/// forking thread), and takes it at once if that death came first. Call it in the child.
void die_with_parent(pid_t parent, int signal = SIGKILL);

/// One child, reaped by its owner. Destroying a child that still runs kills and reaps it.
class Child {
 public:
  struct Options {
    bool die_with_parent = true;
  };

  /// Forks; the child runs `body` and leaves through _exit with what it returns, or with 1 and a
  /// line on stderr when it throws: no destructor of the parent's objects ever runs in it.
  static Child fork(const std::function<int()>& body, Options options);
  static Child fork(const std::function<int()>& body) { return fork(body, Options{}); }
  /// Takes over a child made by another call.
  static Child adopt(pid_t pid);

  Child() = default;
  Child(Child&& other) noexcept { swap(other); }
  Child& operator=(Child&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Child();

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// A pidfd that polls readable at the end, -1 where there are none.
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }
  /// Blocks until it ended, and reaps it. The status stays the same for every later call.
  ExitStatus wait() { return *wait_until(Deadline::never()); }
  /// Nothing when the deadline passed first.
  std::optional<ExitStatus> wait_until(Deadline deadline);
  /// The status, if it was reaped or can be reaped now.
  std::optional<ExitStatus> try_wait() { return wait_until(Deadline::now()); }
  /// Sends a signal; does nothing once reaped, so a recycled pid is never hit.
  void kill(int signal);

 private:
  void swap(Child& other) noexcept;
  /// waitpid(2) with the given options; true when the status is known now.
  bool reap(int options);

  pid_t pid_ = -1;
  pid_t owner_ = -1;
  UniqueFd pidfd_;
  std::optional<ExitStatus> status_;
};

/// Makes this process the one that orphans below it are given to (prctl(2)).
void become_subreaper();

/// Kills and reaps every child of this process that is not wanted any more: all of them, orphans it
/// inherited included. Gives how many there were.
int kill_all_children();

/// Ignores SIGPIPE if its disposition is the default: writing to a pipe without a reader then gives
/// EPIPE instead of death. A handler of the user's is left alone.
void ignore_sigpipe();

}  // namespace ipc::os
