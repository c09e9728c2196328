#include "bench/harness/peers.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <climits>
#include <cstring>
#include <optional>
#include <utility>

#include "ipc/os/child.hpp"
#include "ipc/os/cpu.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/limits.hpp"

namespace bench {

namespace os = ipc::os;
using namespace std::chrono_literals;

namespace {

/// Setting up may fault in gigabytes.
constexpr auto kSetupLimit = 60s;
/// After one peer failed, how long the others get to end by themselves: the first cause may show
/// late.
constexpr auto kAfterFailure = 50ms;

Usage usage_now() {
  Usage sum;
  for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage use{};
    ::getrusage(who, &use);
    for (const timeval& time : {use.ru_utime, use.ru_stime})
      sum.cpu_ns += (time.tv_sec * 1'000'000 + time.tv_usec) * 1000;
    sum.voluntary_switches += use.ru_nvcsw;
    sum.involuntary_switches += use.ru_nivcsw;
  }
  return sum;
}

Usage operator-(const Usage& a, const Usage& b) {
  return {a.cpu_ns - b.cpu_ns, a.voluntary_switches - b.voluntary_switches,
          a.involuntary_switches - b.involuntary_switches};
}

Usage& operator+=(Usage& a, const Usage& b) {
  a.cpu_ns += b.cpu_ns;
  a.voluntary_switches += b.voluntary_switches;
  a.involuntary_switches += b.involuntary_switches;
  return a;
}

}  // namespace

void Peer::start() {
  const std::uint64_t one = 1;
  os::check(::write(ready_fd_, &one, sizeof one), "write to the ready counter");
  while (board_.gate.load(std::memory_order_acquire) == 0) os::futex_wait(board_.gate, 0);
  opened_at_ns_ = board_.opened_at_ns.load();
  at_start_ = usage_now();
}

int Peer::run(const std::function<void(Peer&)>& body, const std::vector<int>& cpus) {
  Board::Slot& slot = board_.slots[index_];
  try {
    if (!cpus.empty()) os::pin(cpus);
    body(*this);
    slot.usage = usage_now() - at_start_;
    return 0;
  } catch (const std::exception& error) {
    std::strncpy(slot.error.data(), error.what(), slot.error.size() - 1);
  } catch (...) {
    std::strncpy(slot.error.data(), "unknown exception", slot.error.size() - 1);
  }
  return 1;
}

namespace {

/// The peers of one case while they run.
class Crew {
 public:
  Crew(const std::vector<PeerPlan>& plans, const Window& window)
      : plans_(plans),
        window_(window),
        ready_(os::check(::eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE | EFD_NONBLOCK), "eventfd")) {
    if (plans.size() > kMaxPeers) throw CaseFailed(fmt::format("more than {} peers", kMaxPeers));
  }
  ~Crew() {
    children_.clear();  // kills those that still run
    os::kill_all_children();
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  PeersReport run() {
    for (std::size_t i = 0; i < plans_.size(); ++i) children_.push_back(start(i));
    wait_until([&] { return all_ready(); }, os::Deadline::after(kSetupLimit), "get ready");
    board_->opened_at_ns = os::now_ns();
    board_->gate.store(1, std::memory_order_release);
    os::futex_wake(board_->gate, INT_MAX);
    wait_until([&] { return running() == 0; },
               os::Deadline::after(window_.warmup + window_.timed + window_.grace), "finish");
    return report();
  }

 private:
  os::Child start(std::size_t index) {
    return os::Child::fork([&, index] {
      Peer peer(*board_, index, ready_.get(), window_);
      return peer.run(plans_[index].body, plans_[index].cpus);
    });
  }

  bool all_ready() {
    std::uint64_t one = 0;
    while (::read(ready_.get(), &one, sizeof one) == sizeof one) ++ready_count_;
    return ready_count_ == plans_.size();
  }

  std::size_t running() {
    std::size_t count = 0;
    for (os::Child& child : children_) count += !child.try_wait();
    return count;
  }

  template <class Done>
  void wait_until(Done done, os::Deadline deadline, const char* what) {
    while (!done()) {
      if (failed()) throw_failure();
      if (deadline.expired()) throw_hung(what);
      sleep_until_change(deadline);
    }
    if (failed()) throw_failure();
  }

  /// Until a peer is ready or ends; without pidfds (before Linux 5.3) in short slices.
  void sleep_until_change(os::Deadline deadline) {
    std::vector<pollfd> entries;
    if (ready_count_ < plans_.size()) entries.push_back({ready_.get(), POLLIN, 0});
    bool slices = false;
    for (os::Child& child : children_) {
      if (child.try_wait()) continue;
      slices |= child.pidfd() < 0;
      entries.push_back({child.pidfd(), POLLIN, 0});
    }
    const int left = deadline.poll_timeout_ms();
    ::poll(entries.data(), entries.size(), slices ? std::min(left, 5) : left);
  }

  bool failed() {
    for (os::Child& child : children_)
      if (const auto status = child.try_wait(); status && *status != os::ExitStatus::from_code(0))
        return true;
    return false;
  }

  /// Names the cause: a peer killed by a signal before one that threw, since the other's death is
  /// what a survivor complains about.
  [[noreturn]] void throw_failure() {
    const auto deadline = os::Deadline::after(kAfterFailure);
    for (os::Child& child : children_) child.wait_until(deadline);
    for (std::size_t i = 0; i < children_.size(); ++i)
      if (const auto status = children_[i].try_wait(); status && status->signal())
        throw CaseFailed(fmt::format("{} was {}", named(i), status->to_string()));
    for (std::size_t i = 0; i < children_.size(); ++i)
      if (const char* error = board_->slots[i].error.data(); *error)
        throw CaseFailed(fmt::format("{}: {}", named(i), error));
    for (std::size_t i = 0; i < children_.size(); ++i)
      if (const auto status = children_[i].try_wait();
          status && *status != os::ExitStatus::from_code(0))
        throw CaseFailed(fmt::format("{} ended with {}", named(i), status->to_string()));
    throw CaseFailed("a peer failed");
  }

  [[noreturn]] void throw_hung(const char* what) {
    std::string who;
    for (std::size_t i = 0; i < children_.size(); ++i)
      if (!children_[i].try_wait())
        who += fmt::format("{}{} ({})", who.empty() ? "" : ", ", named(i), state(i));
    throw CaseFailed(fmt::format("did not {} in time: {}", what, who));
  }

  std::string named(std::size_t i) {
    return fmt::format("peer {} (pid {})", plans_[i].role, children_[i].pid());
  }

  /// Its scheduling state, from the third field of /proc/pid/stat.
  std::string state(std::size_t i) {
    const auto line = os::read_line(fmt::format("/proc/{}/stat", children_[i].pid())).value_or("");
    const auto at = line.rfind(')');
    if (at == std::string::npos || at + 2 >= line.size()) return "gone";
    switch (line[at + 2]) {
      case 'R':
        return "running";
      case 'S':
        return "sleeping";
      case 'D':
        return "in uninterruptible sleep";
      case 'T':
        return "stopped";
      default:
        return std::string("state ") + line[at + 2];
    }
  }

  PeersReport report() const {
    PeersReport sum;
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      sum.usage += board_->slots[i].usage;
      sum.operations += board_->slots[i].operations;
    }
    return sum;
  }

  const std::vector<PeerPlan>& plans_;
  Window window_;
  os::SharedObject<Board> board_;
  os::UniqueFd ready_;
  std::vector<os::Child> children_;
  std::size_t ready_count_ = 0;
};

}  // namespace

PeersReport run_peers(const std::vector<PeerPlan>& plans, const Window& window) {
  return Crew(plans, window).run();
}

}  // namespace bench
