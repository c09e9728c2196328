// Pool backends: workers forked at the start pull their tasks from a ring in shared memory, and put
// their results into rings of their own.
#pragma once

#include <poll.h>

#include <algorithm>
#include <vector>

#include "ipc/pool/ledger.hpp"
#include "ipc/pool/ring_results.hpp"
#include "ipc/pool/ring_worker.hpp"
#include "ipc/pool/worker.hpp"

namespace ipc {

/// The kernel is entered only to sleep, to wake and for large bodies. Nobody ever holds a lock, and
/// nothing of a worker's is waited for once it is dead: what it was taking or held is named in
/// shared memory, and what it put into its ring is there. So the pool knows after each death, at
/// once and exactly, which task was lost.
///
/// The pool sleeps in poll(2), for the first result and for each worker's death.
template <os::WaitPolicy kWait>
class RingPoolOf {
 public:
  static constexpr std::string_view kName = os::ring_name(kWait);
  static constexpr os::WaitPolicy kWaitPolicy = kWait;
  static constexpr bool kInProcess = false;
  static constexpr bool kPullsTasks = true;
  static constexpr bool kCountsTasksPerChild = true;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { RingPoolOf{{.workers = 1}}; });
  }

  explicit RingPoolOf(PoolOptions options)
      : options_(std::move(options)),
        ledger_(options_),
        tasks_(ledger_.workers()),
        results_(ledger_.workers()),
        doorbell_(results_.bell()),
        workers_(ledger_.workers()) {
    for (std::size_t index = 0; index < workers_.size(); ++index) start(index);
  }
  RingPoolOf(const RingPoolOf&) = delete;
  RingPoolOf& operator=(const RingPoolOf&) = delete;
  ~RingPoolOf() {
    if (ledger_.is_owner()) end_workers();
  }

  std::uint64_t submit(TaskFunction function, std::span<const std::byte> arguments) {
    return ledger_.submit(
        waiting_, function, arguments,
        [&](std::uint64_t id) { return send(id, function, arguments); },
        [this](os::Deadline until) { pump(until); });
  }

  std::optional<TaskResult> collect(os::Deadline deadline) {
    return ledger_.collect(deadline, [this](os::Deadline until) { pump(until); });
  }

  [[nodiscard]] unsigned workers() const { return ledger_.workers(); }

  void finish() {
    ledger_.require_owner();
    while (!ledger_.out().empty()) pump(os::Deadline::never());
    if (!ledger_.end()) return;
    for (std::size_t i = 0; i < workers_.size() && !ledger_.is_broken(); ++i)
      if (tasks_.has_room()) tasks_.put(kStopTask, nullptr, {}, 0);
    for (auto& worker : workers_) worker.wait_until(os::Deadline::after(kPatience));
    end_workers();
  }

  void terminate() {
    ledger_.require_owner();
    end_workers();
    take_results();
    ledger_.abandon();
    waiting_.clear();
  }

 private:
  static constexpr std::chrono::milliseconds kSlice{20};
  static constexpr std::chrono::seconds kPatience{1};
  static constexpr unsigned kHurry = 64;

  void start(std::size_t index) {
    WorkerSlot& slot = results_.slot(index);
    slot.state.store(options_.initializer ? worker_state::kInitializing : worker_state::kIdle);
    workers_[index] = fork_worker([&, index] {
      RingWorker(slot, tasks_, spilled_.file(), results_.ring(index), results_.file(index),
                 doorbell_)
          .serve(options_);
    });
  }

  void end_workers() {
    for (auto& worker : workers_) worker.kill(SIGKILL);
    for (auto& worker : workers_) worker = {};
  }

  /// False when there is no room now.
  bool send(std::uint64_t id, TaskFunction function, std::span<const std::byte> arguments) {
    if (!tasks_.has_room()) return false;
    tasks_.note_cpu(os::this_cpu());
    if (arguments.size() <= RingTask::kInlineBytes) {
      tasks_.put(id, function, arguments, arguments.size());
      return true;
    }
    if (!spilled_.has_room()) return false;
    const std::uint64_t at = spilled_.write(id, arguments);
    tasks_.put(id, function, std::as_bytes(std::span(&at, 1)), arguments.size());
    return true;
  }

  /// Sends what waits, as far as there is room.
  void send_waiting() {
    for (; !waiting_.empty(); waiting_.pop()) {
      const auto& task = waiting_.front();
      try {
        if (!send(task.id, task.function, task.arguments)) return;
      } catch (const std::system_error& error) {
        ledger_.finished(failed_result(task.id, error));
      }
    }
  }

  /// Waits until something happens, at most until the deadline, and deals with it.
  void pump(os::Deadline deadline) {
    if (take_results() || (!deadline.expired() && wait_for_results(deadline) && take_results())) {
      send_waiting();
      if (++hurried_ % kHurry != 0) return;
      deadline = os::Deadline::now();  // also a busy pool looks after its workers
    }
    look_around(deadline);
    send_waiting();
  }

  /// Whether there are results before it is time to sleep.
  bool wait_for_results(os::Deadline deadline) {
    tasks_.note_cpu(os::this_cpu());
    return wait_awake<kWait>(seat_, workers_cpu_, deadline, [this] { return results_.has_any(); });
  }

  /// Sleeps until a result or a worker's end, at most until the deadline, and deals with it.
  void look_around(os::Deadline deadline) {
    polled_.assign(1, {doorbell_.descriptor(), POLLIN, 0});
    bool is_blind = false;
    for (const auto& worker : workers_) {
      polled_.push_back({worker.pidfd(), POLLIN, 0});
      is_blind = is_blind || worker.pidfd() < 0;  // kernels before 5.3, and workers not replaced
    }
    if (is_blind)
      deadline = os::Deadline::after(std::min<os::Duration>(deadline.remaining(), kSlice));
    if (kWait == os::WaitPolicy::spin) deadline = os::Deadline::now();
    const bool sleeps = !deadline.expired();
    if (sleeps) {
      doorbell_.arm();
      if (results_.has_any()) deadline = os::Deadline::now();
    }
    const int ready = ::poll(polled_.data(), polled_.size(), deadline.poll_timeout_ms());
    if (ready == -1 && errno != EINTR) os::throw_errno("poll");
    if (sleeps) doorbell_.disarm();
    if (ready > 0 && polled_.front().revents) doorbell_.answer();
    take_results();
    for (std::size_t i = 0; i < workers_.size() && !ledger_.is_broken(); ++i)
      if (workers_[i].pidfd() < 0 || (ready > 0 && polled_[i + 1].revents)) look_after(i);
  }

  bool take_results() {
    return results_.take_all([this](TaskResult result, int cpu) {
      workers_cpu_.store(cpu, std::memory_order_relaxed);
      if (result.id == kFailedTask)
        break_down(std::move(result));
      else
        end_task(std::move(result));
    });
  }

  void end_task(TaskResult result) {
    spilled_.ended(result.id);
    ledger_.finished(std::move(result));
  }

  /// No worker can be made that runs tasks.
  void break_down(TaskResult verdict) {
    end_workers();
    waiting_.clear();
    ledger_.break_down(std::move(verdict));
  }

  /// Replaces a worker that has ended, and says which task ended with it.
  void look_after(std::size_t index) {
    if (workers_[index].pid() > 0) {
      const auto status = workers_[index].try_wait();
      if (!status) return;
      workers_[index] = {};
      take_results();  // what it sent before its death counts
      if (ledger_.is_broken() || !settle(results_.slot(index), *status)) return;
    }
    try {
      start(index);
    } catch (const std::system_error&) {  // no process to be had: tried again, while others work
      if (std::ranges::all_of(workers_, [](const auto& each) { return each.pid() <= 0; })) throw;
    }
  }

  /// Says what a dead worker took with it. False when it shall have no successor.
  bool settle(const WorkerSlot& worker, os::ExitStatus status) {
    const std::uint64_t state = worker.state.load();
    const auto lose = [&](std::uint64_t id) {
      end_task({id, TaskResult::Outcome::worker_lost, {}, status});
    };
    tasks_.after_death(worker, lose);
    if (state == worker_state::kInitializing) {
      break_down({kFailedTask, TaskResult::Outcome::worker_lost, {}, status});
      return false;
    }
    lose(state);
    return true;
  }

  PoolOptions options_;
  TaskLedger ledger_;
  TaskRing<kWait> tasks_;
  SpilledTasks spilled_;
  RingResults results_;
  Doorbell doorbell_;
  std::vector<os::Child> workers_;
  std::vector<pollfd> polled_;
  Backlog waiting_;
  os::SpinSeat seat_;
  std::atomic<int> workers_cpu_{os::kUnknownCpu};  ///< where the last result was made
  unsigned hurried_ = 0;
};

using RingPool = RingPoolOf<os::WaitPolicy::adaptive>;
using RingPoolSpin = RingPoolOf<os::WaitPolicy::spin>;
using RingPoolBlock = RingPoolOf<os::WaitPolicy::block>;

static_assert(TaskPool<RingPool> && TaskPool<RingPoolSpin> && TaskPool<RingPoolBlock>);

}  // namespace ipc
