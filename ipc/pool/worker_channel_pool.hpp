// Pool backend: workers forked at the start, each with a channel of its own.
#pragma once

#include <poll.h>

#include <algorithm>
#include <vector>

#include "ipc/os/shared_mapping.hpp"
#include "ipc/pool/ledger.hpp"
#include "ipc/pool/packet_work.hpp"
#include "ipc/pool/worker.hpp"

namespace ipc {

/// The pool hands a task to a worker that is idle; so a worker holds one task at most, and the pool
/// always knows which. Nothing is shared between workers, but each task waits for a call on the
/// pool that hands it over: no worker finds the next task by itself. A channel outlives its worker,
/// so a task that the worker had not taken when it died is its successor's.
class WorkerChannelPool {
 public:
  static constexpr std::string_view kName = "worker_channel";
  static constexpr bool kInProcess = false;
  static constexpr bool kPullsTasks = false;
  static constexpr bool kCountsTasksPerChild = true;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { WorkerChannelPool{{.workers = 1}}; });
  }

  explicit WorkerChannelPool(PoolOptions options)
      : options_(std::move(options)),
        ledger_(options_),
        slots_(ledger_.workers() * sizeof(WorkerSlot)),
        workers_(ledger_.workers()) {
    for (auto& worker : workers_) worker.channel = PacketChannel::make();
    for (auto& worker : workers_) start(worker);
  }
  WorkerChannelPool(const WorkerChannelPool&) = delete;
  WorkerChannelPool& operator=(const WorkerChannelPool&) = delete;
  ~WorkerChannelPool() {
    if (ledger_.is_owner()) end_workers();
  }

  std::uint64_t submit(TaskFunction function, std::span<const std::byte> arguments) {
    return ledger_.submit(
        waiting_, function, arguments,
        [&](std::uint64_t id) {
          return hand_over({id, function, arguments});
        },
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
    for (auto& worker : workers_)
      if (!ledger_.is_broken()) send_packet(worker.channel.sender.get(), kStopTask, 0, {});
    for (auto& worker : workers_) worker.child.wait_until(os::Deadline::after(kPatience));
    end_workers();
  }

  void terminate() {
    ledger_.require_owner();
    end_workers();
    for (auto& worker : workers_) take_results(worker);
    ledger_.abandon();
    waiting_.clear();
  }

 private:
  struct Worker {
    os::Child child;
    PacketChannel channel;   ///< both ends, for the next worker
    std::uint64_t task = 0;  ///< what it was handed; 0 for nothing
  };
  struct Task {
    std::uint64_t id;
    TaskFunction function;
    std::span<const std::byte> arguments;
  };
  static constexpr std::chrono::milliseconds kSlice{20};
  static constexpr std::chrono::seconds kPatience{1};

  [[nodiscard]] WorkerSlot& slot(const Worker& worker) const {
    return reinterpret_cast<WorkerSlot*>(slots_.data())[&worker - workers_.data()];
  }

  void start(Worker& worker) {
    slot(worker).state.store(options_.initializer ? worker_state::kInitializing
                                                  : worker_state::kIdle);
    worker.child = fork_worker([&] {
      const PacketChannel mine = std::move(worker.channel);
      for (auto& other : workers_) other.channel = {};
      serve_packets(options_, mine.receiver.get(), mine.receiver.get(), slot(worker));
    });
  }

  void end_workers() {
    for (auto& worker : workers_) worker.child.kill(SIGKILL);
    for (auto& worker : workers_) worker.child = {};
  }

  /// False when no worker can take the task now.
  bool hand_over(const Task& task) {
    const auto idle = std::ranges::find_if(
        workers_, [](const auto& each) { return each.task == 0 && each.child.pid() > 0; });
    if (idle == workers_.end()) return false;
    const auto word = reinterpret_cast<std::uintptr_t>(task.function);
    const int channel = idle->channel.sender.get();
    if (try_send_packet(channel, task.id, word, task.arguments, MSG_DONTWAIT) != Sent::yes) {
      short_of_files_ = true;  // it is empty, so too many descriptors are under way
      return false;
    }
    idle->task = task.id;
    return true;
  }

  void hand_over_waiting() {
    short_of_files_ = false;
    for (; !waiting_.empty(); waiting_.pop()) {
      const auto& task = waiting_.front();
      try {
        if (!hand_over({task.id, task.function, task.arguments})) return;
      } catch (const std::system_error& error) {
        ledger_.finished(failed_result(task.id, error));
      }
    }
  }

  /// Waits until something happens, at most until the deadline, and deals with it.
  void pump(os::Deadline deadline) {
    polled_.clear();
    bool blind = short_of_files_;
    for (const auto& worker : workers_) {
      polled_.push_back({worker.channel.sender.get(), POLLIN, 0});
      polled_.push_back({worker.child.pidfd(), POLLIN, 0});
      blind = blind || worker.child.pidfd() < 0;  // kernels before 5.3, and workers not replaced
    }
    const auto slice = short_of_files_ ? std::chrono::milliseconds(1) : kSlice;
    const auto until =
        blind ? os::Deadline::after(std::min<os::Duration>(deadline.remaining(), slice)) : deadline;
    const int ready = ::poll(polled_.data(), polled_.size(), until.poll_timeout_ms());
    if (ready == -1 && errno != EINTR) os::throw_errno("poll");
    for (std::size_t i = 0; i < workers_.size() && !ledger_.is_broken(); ++i)
      if (blind || polled_[2 * i].revents || polled_[2 * i + 1].revents) look_after(workers_[i]);
    if (!ledger_.is_broken()) hand_over_waiting();
  }

  /// Takes in a worker's results, and replaces it if it has ended.
  void look_after(Worker& worker) {
    if (worker.child.pid() > 0) {
      const auto status = worker.child.try_wait();  // before the look, so that nothing is missed
      take_results(worker);
      if (!status || ledger_.is_broken()) return;
      worker.child = {};
      if (!settle(worker, *status)) return;
    }
    try {
      start(worker);
    } catch (const std::system_error&) {  // no process to be had: tried again, while others work
      take_back(worker);
      if (std::ranges::all_of(workers_, [](const auto& each) { return each.child.pid() <= 0; }))
        throw;
    }
  }

  /// Says what a dead worker took with it. False when it shall have no successor.
  bool settle(Worker& worker, os::ExitStatus status) {
    if (slot(worker).state.load() == worker_state::kInitializing) {
      break_down({kFailedTask, TaskResult::Outcome::worker_lost, {}, status});
      return false;
    }
    if (worker.task && peek_packet_id(worker.channel.receiver.get()) != worker.task)
      ledger_.lost(std::exchange(worker.task, 0), status);
    return true;
  }

  /// A task that a worker without a successor had not taken is another's.
  void take_back(Worker& worker) {
    if (std::exchange(worker.task, 0) == 0) return;
    auto task = *recv_packet(worker.channel.receiver.get(), MSG_DONTWAIT);
    if (task.error)
      ledger_.finished(failed_result(task.id, task.error, "receive a task"));
    else
      waiting_.push_front(
          {task.id, reinterpret_cast<TaskFunction>(task.word), std::move(task.body)});
  }

  void take_results(Worker& worker) {
    while (auto packet = recv_packet(worker.channel.sender.get(), MSG_DONTWAIT)) {
      auto result = result_of(*std::move(packet));
      if (result.id == kFailedTask) return break_down(std::move(result));
      worker.task = 0;
      ledger_.finished(std::move(result));
    }
  }

  /// No worker can be made that runs tasks.
  void break_down(TaskResult verdict) {
    end_workers();
    waiting_.clear();
    ledger_.break_down(std::move(verdict));
  }

  PoolOptions options_;
  TaskLedger ledger_;
  os::SharedMapping slots_;
  std::vector<Worker> workers_;
  std::vector<pollfd> polled_;
  Backlog waiting_;
  bool short_of_files_ = false;
};

static_assert(TaskPool<WorkerChannelPool>);

}  // namespace ipc
