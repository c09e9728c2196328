// Starting and reaping one child while others have ended and wait to be reaped.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "bench/fork_cost/themes.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/limits.hpp"

namespace bench::fork_cost {
namespace {

namespace os = ipc::os;

constexpr std::array kZombies{0, 1, 10, 100, 1000, 10'000};
constexpr int kQuickZombies = 100;
constexpr int kCode = 5;

pid_t forked() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(kCode);
  return pid;
}

void wait_until_zombie(pid_t pid) {
  siginfo_t info{};
  const auto id = static_cast<id_t>(pid);
  os::check(os::retry_eintr([&] { return ::waitid(P_PID, id, &info, WEXITED | WNOWAIT); }),
            "waitid");
}

/// Makes children and waits until each is a zombie. They are left to the harness, which inherits
/// and reaps them when this process ends, however it does: reaped here, their time would count as
/// that of the child that is measured.
void leave_zombies(int count) {
  std::vector<pid_t> pids;
  for (int i = 0; i < count; ++i)
    pids.push_back(os::check(forked(), fmt::format("fork of zombie {} of {}", i + 1, count)));
  for (const pid_t pid : pids) wait_until_zombie(pid);
}

/// By pid the child just started, past all zombies; by any the zombie that has waited longest, once
/// the child just started has taken its place.
enum class By { pid, any };

void start_and_reap(By by) {
  const pid_t pid = os::check(forked(), "fork");
  if (by == By::any) wait_until_zombie(pid);
  int raw = 0;
  const pid_t reaped =
      os::retry_eintr([&] { return ::waitpid(by == By::pid ? pid : -1, &raw, 0); });
  os::check(reaped, "waitpid");
  if ((by == By::pid && reaped != pid) || !WIFEXITED(raw) || WEXITSTATUS(raw) != kCode)
    throw std::runtime_error("not the child that was to be reaped");
}

/// Throws when none of them is left.
void prove(int zombies) {
  if (zombies == 0) return;
  siginfo_t info{};
  os::check(::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), "waitid");
  if (info.si_pid == 0) throw std::runtime_error("no zombie is left");
}

Outcome beside_zombies(int zombies, By by, const Window& window, Placement placement) {
  Outcome outcome = alone(window, placement, "parent", [&](Peer& peer, Samples& samples) {
    leave_zombies(zombies);
    peer.start();
    sample(peer, samples, [by] { start_and_reap(by); });
    prove(zombies);
  });
  outcome.counters["zombies"] = zombies;
  return outcome;
}

/// The tightest limit on processes that a file of the pids controller of this cgroup, or of one
/// above it, sets; nothing where there is none.
std::optional<std::int64_t> cgroup_most() {
  std::optional<std::int64_t> tightest;
  std::ifstream lines("/proc/self/cgroup");
  for (std::string line; std::getline(lines, line);) {
    const bool second = line.starts_with("0::");
    if (!second && line.find(":pids:") == std::string::npos) continue;
    const std::string root = second ? "/sys/fs/cgroup" : "/sys/fs/cgroup/pids";
    for (std::string path = line.substr(line.rfind(':') + 1);; path.resize(path.rfind('/'))) {
      const auto most = os::read_number(root + path + "/pids.max");
      if (most) tightest = std::min(*most, tightest.value_or(*most));
      if (path.empty() || path.rfind('/') == std::string::npos) break;
    }
  }
  return tightest;
}

/// Of the user's processes; root has none.
std::optional<std::int64_t> user_most() {
  rlimit limit{};
  if (::geteuid() == 0 || ::getrlimit(RLIMIT_NPROC, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return std::nullopt;
  return static_cast<std::int64_t>(limit.rlim_cur);
}

os::Unavailable reason(int zombies) {
  constexpr std::int64_t kOthers = 500;  // what else runs
  const std::pair<const char*, std::optional<std::int64_t>> limits[] = {
      {"kernel.pid_max", os::read_number("/proc/sys/kernel/pid_max")},
      {"kernel.threads-max", os::read_number("/proc/sys/kernel/threads-max")},
      {"RLIMIT_NPROC (ulimit -u)", user_most()},
      {"pids.max of the cgroup", cgroup_most()}};
  for (const auto& [name, most] : limits)
    if (most && zombies > 0 && zombies + kOthers > *most)
      return fmt::format("needs {} processes, {} allows {}", zombies + kOthers, name, *most);
  return std::nullopt;
}

}  // namespace

void add_zombies(Matrix& matrix) {
  for (const auto& [by, name] : {std::pair{By::pid, "waitpid"}, std::pair{By::any, "wait"}})
    for (const int zombies : kZombies)
      matrix.add({std::string(kNoun),
                  "fork",
                  {parameter("memory_mib", 0), parameter("zombies", zombies), {"reap", name}},
                  by == By::pid && zombies == kQuickZombies,
                  std::chrono::milliseconds(zombies / 5),  // each 100 us to make, and to reap
                  reason(zombies),
                  [zombies, by = by](const Window& window, Placement placement) {
                    return beside_zombies(zombies, by, window, placement);
                  },
                  Bound::fork},
                 kOneCpu, kOneCpu);
}

}  // namespace bench::fork_cost
