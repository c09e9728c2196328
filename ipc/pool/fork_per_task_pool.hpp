// Pool backend: a child forked for each task, so many at once as the pool has workers.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <list>
#include <vector>

#include "ipc/os/error.hpp"
#include "ipc/os/pipe_ends.hpp"
#include "ipc/pool/ledger.hpp"
#include "ipc/pool/task.hpp"
#include "ipc/pool/worker.hpp"

namespace ipc {

/// Nothing is sent to the child, which has it all by the fork; the result comes back through a pipe
/// of its own. Costs a fork a task; a task can spoil nothing for another. The initializer runs
/// before each task, and concerns that one alone.
class ForkPerTaskPool {
 public:
  static constexpr std::string_view kName = "fork_per_task";
  static constexpr bool kInProcess = false;
  static constexpr bool kPullsTasks = false;
  static constexpr bool kCountsTasksPerChild = false;

  static os::Unavailable unavailable() { return std::nullopt; }

  explicit ForkPerTaskPool(PoolOptions options) : options_(std::move(options)), ledger_(options_) {
    check_may_have_children();
    if (options_.max_tasks_per_child)
      os::throw_error(ENOTSUP, "fork_per_task: its workers always run one task");
  }
  ForkPerTaskPool(const ForkPerTaskPool&) = delete;
  ForkPerTaskPool& operator=(const ForkPerTaskPool&) = delete;
  ~ForkPerTaskPool() {
    if (ledger_.is_owner()) end_workers();
  }

  std::uint64_t submit(TaskFunction function, std::span<const std::byte> arguments) {
    const std::uint64_t id = ledger_.next_id();
    while (waiting_.is_full()) pump(os::Deadline::never());
    if (running_.size() >= workers()) pump(os::Deadline::now());
    if (!waiting_.empty() || !try_start(id, function, arguments))
      waiting_.push(id, function, arguments);
    ledger_.sent(id);
    return id;
  }

  std::optional<TaskResult> collect(os::Deadline deadline) {
    return ledger_.collect(deadline, [this](os::Deadline until) { pump(until); });
  }

  [[nodiscard]] unsigned workers() const { return ledger_.workers(); }

  void finish() {
    ledger_.require_owner();
    while (!ledger_.out().empty()) pump(os::Deadline::never());
    ledger_.end();
  }

  void terminate() {
    ledger_.require_owner();
    for (auto& task : running_) task.child.kill(SIGKILL);
    for (auto& task : running_) {
      read_available(task);
      take_if_complete(task);
    }
    running_.clear();
    waiting_.clear();
    ledger_.abandon();
  }

 private:
  /// On the pipe: the outcome, the size of the rest, the rest.
  struct Head {
    std::uint64_t outcome, bytes;
  };
  struct Running {
    std::uint64_t id;
    os::Child child;
    os::UniqueFd from;
    Bytes got;

    [[nodiscard]] Head head() const {
      Head head{};
      if (got.size() >= sizeof head) std::memcpy(&head, got.data(), sizeof head);
      return head;
    }
    [[nodiscard]] bool complete() const {
      return got.size() >= sizeof(Head) && got.size() - sizeof(Head) >= head().bytes;
    }
  };
  static constexpr std::chrono::milliseconds kSlice{20};

  static void send(int pipe, const TaskResult& result) {
    const Head head{static_cast<std::uint64_t>(result.outcome), result.bytes.size()};
    Bytes message;
    wire::append(message, std::as_bytes(std::span(&head, 1)));
    wire::append(message, result.bytes);
    for (std::span<const std::byte> rest = message; !rest.empty();) {
      const auto sent = os::retry_eintr([&] { return ::write(pipe, rest.data(), rest.size()); });
      rest = rest.subspan(static_cast<std::size_t>(os::check(sent, "write result")));
    }
  }

  void start(std::uint64_t id, TaskFunction function, std::span<const std::byte> arguments) {
    os::PipeEnds result = os::PipeEnds::make();
    os::check(::fcntl(result.read.get(), F_SETFL, O_NONBLOCK), "F_SETFL");
    auto child = fork_worker([&] {
      const auto failed = failed_initializer(options_, id);
      send(result.write.get(), failed ? *failed : run_task(id, function, arguments));
    });
    running_.push_back({id, std::move(child), std::move(result.read), {}});
  }

  /// False when that has to wait for another task's end; throws when none is under way.
  bool try_start(std::uint64_t id, TaskFunction function, std::span<const std::byte> arguments) {
    if (running_.size() >= workers()) return false;
    try {
      start(id, function, arguments);
    } catch (const std::system_error&) {
      if (running_.empty()) throw;
      return false;
    }
    return true;
  }

  void start_waiting() {
    for (; !waiting_.empty(); waiting_.pop()) {
      const auto& task = waiting_.front();
      try {
        if (!try_start(task.id, task.function, task.arguments)) return;
      } catch (const std::system_error& error) {
        ledger_.finished(failed_result(task.id, error));
      }
    }
  }

  void end_workers() {
    for (auto& task : running_) task.child.kill(SIGKILL);
    running_.clear();
  }

  /// Waits until a child sends or ends, at most until the deadline, and takes in what there is.
  void pump(os::Deadline deadline) {
    polled_.clear();
    bool blind = false;
    for (const auto& task : running_) {
      polled_.push_back({task.from.get(), POLLIN, 0});
      polled_.push_back({task.child.pidfd(), POLLIN, 0});
      blind = blind || task.child.pidfd() < 0;  // kernels before 5.3
    }
    const auto until =
        blind ? os::Deadline::after(std::min<os::Duration>(deadline.remaining(), kSlice))
              : deadline;
    const int ready = ::poll(polled_.data(), polled_.size(), until.poll_timeout_ms());
    if (ready == -1 && errno != EINTR) os::throw_errno("poll");
    std::size_t at = 0;
    for (auto task = running_.begin(); task != running_.end(); at += 2) {
      const bool touched = polled_[at].revents || polled_[at + 1].revents || blind;
      task = touched && ended(*task) ? running_.erase(task) : std::next(task);
    }
    start_waiting();
  }

  /// Takes in what a task sent, and its end if it ended.
  bool ended(Running& task) {
    const bool dead = task.child.try_wait().has_value();  // before reading: then nothing is missed
    read_available(task);
    if (take_if_complete(task)) return true;
    if (dead) ledger_.lost(task.id, task.child.wait());
    return dead;
  }

  bool take_if_complete(Running& task) {
    if (!task.complete()) return false;
    task.child.wait();
    const auto outcome = static_cast<TaskResult::Outcome>(task.head().outcome);
    task.got.erase(task.got.begin(), task.got.begin() + sizeof(Head));
    ledger_.finished({task.id, outcome, std::move(task.got)});
    return true;
  }

  static void read_available(Running& task) {
    constexpr std::size_t kChunk = 64 * 1024;
    while (task.from) {
      const std::size_t at = task.got.size();
      task.got.resize(at + kChunk);
      const auto got =
          os::retry_eintr([&] { return ::read(task.from.get(), task.got.data() + at, kChunk); });
      task.got.resize(at + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      if (got == -1 && errno == EAGAIN) return;
      if (got <= 0) task.from.reset();  // its end; the pidfd tells of the death
    }
  }

  PoolOptions options_;
  TaskLedger ledger_;
  Backlog waiting_;
  std::list<Running> running_;
  std::vector<pollfd> polled_;
};

static_assert(TaskPool<ForkPerTaskPool>);

}  // namespace ipc
