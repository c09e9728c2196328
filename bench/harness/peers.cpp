#include "bench/harness/peers.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <climits>
#include <cmath>
#include <cstring>
#include <optional>
#include <span>
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
/// How long a case with fixed counts may take, on a machine that is emulated too.
constexpr auto kFixedLimit = 300s;
/// After one peer failed, how long the others get to end by themselves: the first cause may show
/// late.
constexpr auto kAfterFailure = 50ms;
/// Later than that after the end of a sleep, this process did not run.
constexpr auto kStoodStill = 200ms;
constexpr std::uint32_t kNoMoreWindows = ~std::uint32_t{0};
/// Between the opening of a window and its beginning: peers that sleep have to wake.
constexpr std::int64_t kOpenedAhead_ns = 100'000;

}  // namespace

void Peer::start() {
  self_.emplace(::getpid());
  board_.slots[index_].pid.store(::getpid(), std::memory_order_relaxed);
  const std::uint64_t one = 1;
  os::check(::write(ready_fd_, &one, sizeof one), "write to the ready counter");
  while (board_.gate.load(std::memory_order_acquire) == 0) os::futex_wait(board_.gate, 0);
  opened_at_ns_ = board_.opened_at_ns.load();
  at_start_ = own_usage(*self_);
  if (events_) events_->start();
}

std::optional<OpenWindow> Peer::next_window() {
  if (!warm_) {
    warm_ = true;
    if (leads())
      for (std::size_t i = 1; i < board_.peers; ++i)
        others_.emplace_back(board_.slots[i].pid.load(std::memory_order_relaxed));
    return OpenWindow{opened_at_ns_, opened_at_ns_ + window_.warmup.count()};
  }
  if (!leads()) return await_window();
  if (window_.anchor.count() > 0) board_.anchors[number_] = take_anchor(window_.anchor);
  if (number_ < static_cast<std::uint32_t>(window_.repetitions)) return open_window();
  board_.window.store(kNoMoreWindows, std::memory_order_release);
  os::futex_wake(board_.window, INT_MAX);
  return std::nullopt;
}

OpenWindow Peer::open_window() {
  at_window_ = usage_of_all();
  const bool others_wake = board_.peers > 1 && !window_.is_fixed();
  const std::int64_t from = os::now_ns() + (others_wake ? kOpenedAhead_ns : 0);
  board_.from_ns.store(from, std::memory_order_relaxed);
  board_.window.store(++number_, std::memory_order_release);
  if (board_.peers > 1) os::futex_wake(board_.window, INT_MAX);
  return {from, from + window_.timed.count()};
}

std::optional<OpenWindow> Peer::await_window() {
  std::uint32_t open = 0;
  while ((open = board_.window.load(std::memory_order_acquire)) <= number_)
    os::futex_wait(board_.window, open);
  if (open == kNoMoreWindows) return std::nullopt;
  number_ = open;
  const std::int64_t from = board_.from_ns.load(std::memory_order_relaxed);
  return OpenWindow{from, from + window_.timed.count()};
}

void Peer::end_window(std::int64_t operations, std::int64_t elapsed_ns, const Quantiles& ns) {
  if (number_ == 0) return;
  board_.slots[index_].counted[number_ - 1] = operations;
  if (!leads()) return;
  board_.repetitions[number_ - 1] = {board_.from_ns.load(std::memory_order_relaxed), elapsed_ns,
                                     operations, ns, usage_of_all() - at_window_};
}

Usage Peer::usage_of_all() const {
  Usage sum = own_usage(*self_);
  for (const ProcessUsage& other : others_) sum += other.now();
  return sum;
}

void Peer::inject(std::int64_t ns) {
  // The quickest piece: calibrated on a disturbed one, the delay would be too short.
  constexpr auto kLook = std::chrono::milliseconds(2);
  const double turn_ns = take_anchor(kLook).min_ns / 1000;
  board_.injected_turns.store(std::llround(static_cast<double>(ns) / turn_ns),
                              std::memory_order_relaxed);
}

int Peer::run(const std::function<void(Peer&)>& body, const std::vector<int>& cpus) {
  Board::Slot& slot = board_.slots[index_];
  try {
    if (!cpus.empty()) os::pin(cpus);
    body(*this);
    if (events_) {
      events_->stop();
      slot.events = events_->counts();
    }
    if (self_) slot.usage = own_usage(*self_) - at_start_;
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
    board_->peers = plans_.size();
    for (std::size_t i = 0; i < plans_.size(); ++i) children_.push_back(start(i));
    wait_until([&] { return all_ready(); }, os::Deadline::after(kSetupLimit), "get ready");
    board_->opened_at_ns = os::now_ns();
    board_->gate.store(1, std::memory_order_release);
    os::futex_wake(board_->gate, INT_MAX);
    wait_until([&] { return running() == 0; }, os::Deadline::after(longest()), "finish");
    return report();
  }

 private:
  /// Between two windows the anchor is looked at, and what every peer used so far.
  [[nodiscard]] std::chrono::nanoseconds longest() const {
    if (window_.is_fixed()) return kFixedLimit + window_.grace;
    const auto pause = window_.anchor + 2ms + plans_.size() * 1ms;
    return window_.warmup + window_.repetitions * (window_.timed + pause) + window_.anchor +
           window_.grace;
  }

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
      const auto before = os::Clock::now();
      const os::Duration left = deadline.remaining();
      sleep_until_change(deadline);
      // Stopped ourselves (SIGSTOP), and then our peers too: they get the time that they still had.
      if (const auto late = os::Clock::now() - before - left; late > kStoodStill) {
        stood_still_ += late;
        deadline = os::Deadline::after(left + window_.grace);
      }
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
    if (entries.empty()) return;  // the last one ended since the caller looked
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
    PeersReport report;
    report.stood_still = stood_still_;
    PerfCounts events;
    const auto taken = static_cast<std::size_t>(window_.repetitions);
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      const Board::Slot& slot = board_->slots[i];
      report.usage += slot.usage;
      events += slot.events;
      report.operations += slot.operations;
      const auto counted = std::span(slot.counted).first(taken);
      report.counted.emplace_back(counted.begin(), counted.end());
    }
    if (window_.counted)
      for (std::size_t i = 0; const auto& counter : window_.counted->counters)
        if (const double count = events.of[i++]; !std::isnan(count))
          report.events.emplace_back(counter.name(), count);
    const auto repetitions = std::span(board_->repetitions).first(taken);
    report.repetitions.assign(repetitions.begin(), repetitions.end());
    if (window_.anchor.count() > 0)
      report.anchors.assign(board_->anchors.begin(),
                            board_->anchors.begin() + window_.repetitions + 1);
    return report;
  }

  const std::vector<PeerPlan>& plans_;
  Window window_;
  os::SharedObject<Board> board_;
  os::UniqueFd ready_;
  std::vector<os::Child> children_;
  std::size_t ready_count_ = 0;
  std::chrono::nanoseconds stood_still_{0};
};

}  // namespace

PeersReport run_peers(const std::vector<PeerPlan>& plans, const Window& window) {
  return Crew(plans, window).run();
}

}  // namespace bench
