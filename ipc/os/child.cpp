#include "ipc/os/child.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <thread>

#include "ipc/os/error.hpp"

namespace ipc::os {

bool ExitStatus::exited() const {
  return raw_ && WIFEXITED(*raw_);
}
int ExitStatus::code() const {
  return WEXITSTATUS(*raw_);
}
int ExitStatus::signal() const {
  return raw_ && WIFSIGNALED(*raw_) ? WTERMSIG(*raw_) : 0;
}

std::string ExitStatus::to_string() const {
  if (exited()) return "exit code " + std::to_string(code());
  if (const int number = signal())
    return "killed by signal " + std::to_string(number) + " (" + ::strsignal(number) + ")";
  return "unknown status";
}

pid_t fork() {
  std::fflush(nullptr);
  return ::fork();
}

std::optional<std::pair<pid_t, ExitStatus>> wait() {
  int raw = 0;
  const pid_t pid = retry_eintr([&] { return ::wait(&raw); });
  if (pid == -1 && errno == ECHILD) return std::nullopt;
  check(pid, "wait");
  return std::pair{pid, ExitStatus::from_wait(raw)};
}

int open_pidfd(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

bool has_pidfds() {
  static const bool has = static_cast<bool>(UniqueFd(open_pidfd(::getpid())));
  return has;
}

void die_with_parent(pid_t parent, int signal) {
  check(::prctl(PR_SET_PDEATHSIG, signal), "prctl PR_SET_PDEATHSIG");
  // It may have died before the call; its pid is then no longer our parent's.
  if (::getppid() != parent) ::raise(signal);
}

namespace {

int run_body(const std::function<int()>& body) {
  try {
    return body();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child %d: %s\n", ::getpid(), error.what());
  } catch (...) {
    std::fprintf(stderr, "child %d: unknown exception\n", ::getpid());
  }
  return 1;
}

}  // namespace

Child Child::fork(const std::function<int()>& body, Options options) {
  const pid_t parent = ::getpid();
  const pid_t pid = check(os::fork(), "fork");
  if (pid == 0) {
    if (options.die_with_parent) die_with_parent(parent);
    const int code = run_body(body);
    std::fflush(nullptr);
    ::_exit(code);
  }
  return adopt(pid);
}

Child Child::adopt(pid_t pid) {
  Child child;
  child.pid_ = pid;
  child.owner_ = ::getpid();
  child.pidfd_ = UniqueFd(open_pidfd(pid));
  return child;
}

Child::~Child() {
  if (pid_ <= 0 || status_ || owner_ != ::getpid()) return;
  kill(SIGKILL);
  reap(0);
}

void Child::swap(Child& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(owner_, other.owner_);
  std::swap(pidfd_, other.pidfd_);
  std::swap(status_, other.status_);
}

bool Child::reap(int options) {
  if (status_) return true;
  int raw = 0;
  const pid_t got = retry_eintr([&] { return ::waitpid(pid_, &raw, options); });
  if (got == pid_) status_ = ExitStatus::from_wait(raw);
  if (got == -1) status_ = ExitStatus::unknown();  // ECHILD: reaped by somebody else
  return status_.has_value();
}

std::optional<ExitStatus> Child::wait_until(Deadline deadline) {
  if (deadline.is_never()) {
    reap(0);
    return status_;
  }
  while (!reap(WNOHANG) && !deadline.expired()) {
    if (pidfd_) {
      pollfd entry{pidfd_.get(), POLLIN, 0};
      ::poll(&entry, 1, deadline.poll_timeout_ms());
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // kernels before 5.3
    }
  }
  reap(WNOHANG);
  return status_;
}

void Child::kill(int signal) {
  if (pid_ <= 0 || status_) return;
  // Somebody else may have reaped it: the pidfd still means this child, its pid may not.
  if (!pidfd_ ||
      (::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0) == -1 && errno != ESRCH))
    ::kill(pid_, signal);
}

void become_subreaper() {
  // qemu-user does not know this call; there what a killed child leaves goes to init.
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) == -1 && errno != EINVAL)
    throw_errno("prctl PR_SET_CHILD_SUBREAPER");
}

namespace {

/// Kills the children that this process has now, each of them listed with the thread that forked
/// it.
bool kill_listed_children() {
  bool any = false;
  std::error_code gone;  // a thread may end meanwhile
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", gone)) {
    std::ifstream children(thread.path() / "children");
    for (pid_t pid = 0; children >> pid; any = true) ::kill(pid, SIGKILL);
  }
  return any;
}

}  // namespace

int kill_all_children() {
  int count = 0;
  // A killed child's own children may come to us, so look again until there are none.
  while (kill_listed_children()) {
    const auto ended = os::wait();
    if (!ended) break;
    ++count;
    while (::waitpid(-1, nullptr, WNOHANG) > 0) ++count;
  }
  return count;
}

void ignore_sigpipe() {
  struct sigaction current {};
  check(::sigaction(SIGPIPE, nullptr, &current), "sigaction SIGPIPE");
  if (!(current.sa_flags & SA_SIGINFO) && current.sa_handler == SIG_DFL) ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace ipc::os
