// Ways to learn of a child's end and to reap it; all start it by a bare fork(2). Two more ways, a
// double fork and SIGCHLD ignored, are starters of their own.
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <climits>
#include <csignal>

#include "bench/fork_cost/themes.hpp"
#include "ipc/backends.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/unique_fd.hpp"

namespace bench::fork_cost {
namespace {

namespace os = ipc::os;

pid_t forked(int code) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(code);
  return os::check(pid, "fork");
}

int exit_code(int raw) {
  return WIFEXITED(raw) ? WEXITSTATUS(raw) : -1;
}

int wait_for(pid_t pid) {
  int raw = 0;
  os::check(os::retry_eintr([&] { return ::waitpid(pid, &raw, 0); }), "waitpid");
  return exit_code(raw);
}

int wait_by_id(idtype_t kind, int id) {
  siginfo_t info{};
  os::check(os::retry_eintr([&] { return ::waitid(kind, static_cast<id_t>(id), &info, WEXITED); }),
            "waitid");
  return info.si_code == CLD_EXITED ? info.si_status : -1;
}

/// A way to reap: what it needs is made once, then it gives the exit code of one child after the
/// other.
struct Wait {
  static constexpr const char* kName = "wait";
  int operator()(pid_t pid) {
    int raw = 0;
    const pid_t ended = os::check(os::retry_eintr([&] { return ::wait(&raw); }), "wait");
    return ended == pid ? exit_code(raw) : -1;
  }
};

struct WaitPid {
  static constexpr const char* kName = "waitpid";
  int operator()(pid_t pid) { return wait_for(pid); }
};

struct WaitId {
  static constexpr const char* kName = "waitid";
  int operator()(pid_t pid) { return wait_by_id(P_PID, pid); }
};

/// As an event loop does: a descriptor that polls readable at the end, then the status.
struct PidFd {
  static constexpr const char* kName = "pidfd";
  int operator()(pid_t pid) {
    const os::UniqueFd pidfd(os::check(os::open_pidfd(pid), "pidfd_open"));
    pollfd entry{pidfd.get(), POLLIN, 0};
    os::check(os::retry_eintr([&] { return ::poll(&entry, 1, -1); }), "poll of a pidfd");
    return wait_by_id(static_cast<idtype_t>(3), pidfd.get());  // P_PIDFD, also for older headers
  }
};

/// SIGCHLD blocked, for those who wait for it by other means than a handler at any moment.
class SigchldBlocked {
 public:
  SigchldBlocked() {
    ::sigemptyset(&sigchld_);
    ::sigaddset(&sigchld_, SIGCHLD);
    os::check(::sigprocmask(SIG_BLOCK, &sigchld_, &before_), "sigprocmask");
  }
  [[nodiscard]] const sigset_t& sigchld() const { return sigchld_; }
  /// The mask without it.
  [[nodiscard]] const sigset_t& before() const { return before_; }

 private:
  sigset_t sigchld_{}, before_{};
};

struct SignalFd {
  static constexpr const char* kName = "signalfd";
  int operator()(pid_t pid) {
    signalfd_siginfo info{};
    os::check(os::retry_eintr([&] { return ::read(fd.get(), &info, sizeof info); }),
              "read of a signalfd");
    return info.ssi_signo == SIGCHLD ? wait_for(pid) : -1;
  }
  SigchldBlocked blocked;
  os::UniqueFd fd{os::check(::signalfd(-1, &blocked.sigchld(), SFD_CLOEXEC), "signalfd")};
};

/// Asleep in sigsuspend(2) until the handler ran.
struct Handler {
  static constexpr const char* kName = "sigchld_handler";
  Handler() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    os::check(::sigaction(SIGCHLD, &action, nullptr), "sigaction SIGCHLD");
  }
  int operator()(pid_t pid) {
    ::sigsuspend(&blocked.before());
    return wait_for(pid);
  }
  SigchldBlocked blocked;
};

template <class Way>
Outcome fork_and_reap(const Window& window, Placement placement) {
  return alone(window, placement, "parent", [&](Peer& peer, Samples& samples) {
    Way way;
    int code = 0;
    peer.start();
    sample(peer, samples, [&] {
      code = (code + 1) & 0x7f;
      if (const int back = way(forked(code)); back != code)
        throw std::runtime_error(fmt::format("child ended with {}, not {}", back, code));
    });
  });
}

template <class Way>
void add(Matrix& matrix, const os::Unavailable& reason = std::nullopt) {
  matrix.add({std::string(kNoun),
              "fork",
              {parameter("memory_mib", 0), {"reap", Way::kName}},
              true,
              {},
              reason,
              &fork_and_reap<Way>,
              Bound::fork},
             kSolePlacements, kOneCpu);
}

}  // namespace

void add_reaping(Matrix& matrix) {
  add<Wait>(matrix);
  add<WaitPid>(matrix);
  add<WaitId>(matrix);
  // The starter with pidfds knows what it takes to wait for one.
  add<PidFd>(matrix, os::has_pidfds() ? ipc::Clone3Starter::unavailable()
                                      : os::Unavailable("this system has no pidfds"));
  add<SignalFd>(matrix);
  add<Handler>(matrix);
}

}  // namespace bench::fork_cost
