// Pool backend: workers forked at the start pull their tasks from one shared queue.
#pragma once

#include <poll.h>

#include <algorithm>
#include <map>
#include <vector>

#include "ipc/os/shared_mapping.hpp"
#include "ipc/pool/ledger.hpp"
#include "ipc/pool/packet_work.hpp"
#include "ipc/pool/worker.hpp"

namespace ipc {

/// Tasks wait in a packet socket that all workers read, results in another that the pool reads.
/// Nobody ever holds a lock, so a worker may be killed at any moment. Each worker keeps the id of
/// its task in a slot of shared memory; the pool learns of a death by pidfd and of the task from
/// the slot. Between taking a task and writing the slot a worker holds a task that nobody can name:
/// after a death the pool looks for tasks that are out, no longer in the queue and in nobody's
/// slot, and gives the living kGrace to claim them before it calls them lost.
class SharedQueuePool {
 public:
  static constexpr std::string_view kName = "shared_queue";
  static constexpr bool kInProcess = false;
  static constexpr bool kPullsTasks = true;
  static constexpr bool kCountsTasksPerChild = true;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { SharedQueuePool{{.workers = 1}}; });
  }

  explicit SharedQueuePool(PoolOptions options)
      : options_(std::move(options)),
        ledger_(options_),
        tasks_(PacketChannel::make()),
        results_(PacketChannel::make()),
        slots_(ledger_.workers() * sizeof(WorkerSlot)) {
    workers_.resize(ledger_.workers());
    for (std::size_t index = 0; index < workers_.size(); ++index) start(index);
  }
  SharedQueuePool(const SharedQueuePool&) = delete;
  SharedQueuePool& operator=(const SharedQueuePool&) = delete;
  ~SharedQueuePool() {
    if (ledger_.is_owner()) end_workers();
  }

  std::uint64_t submit(TaskFunction function, std::span<const std::byte> arguments) {
    return ledger_.submit(
        waiting_, function, arguments,
        [&](std::uint64_t id) { return send(id, function, arguments) == Sent::yes; },
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
      send_packet(tasks_.sender.get(), kStopTask, 0, {});
    for (auto& worker : workers_) worker.wait_until(os::Deadline::after(kPatience));
    end_workers();
  }

  void terminate() {
    ledger_.require_owner();
    end_workers();
    take_results();
    ledger_.abandon();
    waiting_.clear();
    suspects_.clear();
  }

 private:
  struct Suspect {
    os::Deadline until;
    os::ExitStatus status;
  };
  static constexpr std::chrono::milliseconds kGrace{200};
  static constexpr std::chrono::milliseconds kSlice{20};
  static constexpr std::chrono::seconds kPatience{1};

  [[nodiscard]] WorkerSlot& slot(std::size_t index) const {
    return reinterpret_cast<WorkerSlot*>(slots_.data())[index];
  }

  void start(std::size_t index) {
    slot(index).state.store(options_.initializer ? worker_state::kInitializing
                                                 : worker_state::kIdle);
    workers_[index] = fork_worker([this, index] {
      tasks_.sender.reset();
      results_.receiver.reset();
      serve_packets(options_, tasks_.receiver.get(), results_.sender.get(), slot(index));
    });
  }

  void end_workers() {
    for (auto& worker : workers_) worker.kill(SIGKILL);
    for (auto& worker : workers_) worker = {};
  }

  Sent send(std::uint64_t id, TaskFunction function, std::span<const std::byte> arguments) {
    const auto word = reinterpret_cast<std::uintptr_t>(function);
    return try_send_packet(tasks_.sender.get(), id, word, arguments, MSG_DONTWAIT);
  }

  /// Sends what waits, as far as there is room; true when only time can make more.
  bool send_waiting() {
    for (; !waiting_.empty(); waiting_.pop()) {
      const auto& task = waiting_.front();
      try {
        const Sent sent = send(task.id, task.function, task.arguments);
        if (sent != Sent::yes) return sent == Sent::too_many_files;
      } catch (const std::system_error& error) {
        ledger_.finished(failed_result(task.id, error));
      }
    }
    return false;
  }

  /// Waits until something happens, at most until the deadline, and deals with it.
  void pump(os::Deadline deadline) {
    if (take_results()) {
      if (++hurried_ % 64 != 0 && waiting_.empty()) return;
      deadline = os::Deadline::now();  // also a busy pool looks after its workers
    }
    polled_.clear();
    bool blind = !suspects_.empty() || short_of_files_;
    for (const auto& worker : workers_) {
      polled_.push_back({worker.pidfd(), POLLIN, 0});
      blind = blind || worker.pidfd() < 0;  // kernels before 5.3, and workers not yet replaced
    }
    polled_.push_back({results_.receiver.get(), POLLIN, 0});
    polled_.push_back({waiting_.empty() ? -1 : tasks_.sender.get(), POLLOUT, 0});
    const auto slice = short_of_files_ ? std::chrono::milliseconds(1) : kSlice;
    const auto until =
        blind ? os::Deadline::after(std::min<os::Duration>(deadline.remaining(), slice)) : deadline;
    const int ready = ::poll(polled_.data(), polled_.size(), until.poll_timeout_ms());
    if (ready == -1 && errno != EINTR) os::throw_errno("poll");
    take_results();
    if (polled_.back().revents) short_of_files_ = send_waiting();
    for (std::size_t i = 0; i < workers_.size() && !ledger_.is_broken(); ++i)
      if (polled_[i].fd < 0 || polled_[i].revents) look_after(i);
    judge();
  }

  bool take_results() {
    bool any = false;
    while (auto packet = recv_packet(results_.receiver.get(), MSG_DONTWAIT)) {
      any = true;
      auto result = result_of(*std::move(packet));
      if (result.id == kFailedTask) {
        break_down(std::move(result));
      } else {
        // A task called lost by mistake, as its worker was stopped in between, is not given twice.
        ledger_.finished(std::move(result));
      }
    }
    return any;
  }

  /// No worker can be made that runs tasks.
  void break_down(TaskResult verdict) {
    end_workers();
    waiting_.clear();
    suspects_.clear();
    ledger_.break_down(std::move(verdict));
  }

  /// Replaces a worker that has ended, and says which task ended with it.
  void look_after(std::size_t index) {
    if (workers_[index].pid() > 0) {
      const auto status = workers_[index].try_wait();
      if (!status) return;
      workers_[index] = {};
      take_results();  // what it sent before its death counts
      if (ledger_.is_broken() || !settle(slot(index).state.load(), *status)) return;
    }
    try {
      start(index);
    } catch (const std::system_error&) {  // no process to be had: tried again, while others work
      if (std::ranges::all_of(workers_, [](const auto& each) { return each.pid() <= 0; })) throw;
    }
  }

  /// Says what a worker took with it that died in that state. False when it shall have no
  /// successor.
  bool settle(std::uint64_t state, os::ExitStatus status) {
    if (state == worker_state::kInitializing) {
      break_down({kFailedTask, TaskResult::Outcome::worker_lost, {}, status});
      return false;
    }
    if (ledger_.out().contains(state))
      ledger_.lost(state, status);
    else if (state != worker_state::kRetired)
      suspect(status);
    return true;
  }

  /// The tasks that a worker may have held when it died without one in its slot.
  void suspect(os::ExitStatus status) {
    // Tasks are taken in the order of their ids: what is before the head of the queue is taken.
    auto first_untaken = peek_packet_id(tasks_.receiver.get());
    if (!first_untaken && !waiting_.empty()) first_untaken = waiting_.front().id;
    for (const std::uint64_t id : ledger_.out()) {
      if (first_untaken && *first_untaken != kStopTask && id >= *first_untaken) break;
      suspects_.try_emplace(id, Suspect{os::Deadline::after(kGrace), status});
    }
  }

  void judge() {
    if (suspects_.empty()) return;
    for (std::size_t i = 0; i < workers_.size(); ++i) suspects_.erase(slot(i).state.load());
    for (const auto& [id, suspect] : suspects_)
      if (suspect.until.expired()) ledger_.lost(id, suspect.status);
    std::erase_if(suspects_, [&](const auto& each) { return !ledger_.out().contains(each.first); });
  }

  PoolOptions options_;
  TaskLedger ledger_;
  PacketChannel tasks_;
  PacketChannel results_;
  os::SharedMapping slots_;
  std::vector<os::Child> workers_;
  std::vector<pollfd> polled_;
  Backlog waiting_;
  std::map<std::uint64_t, Suspect> suspects_;
  bool short_of_files_ = false;
  unsigned hurried_ = 0;
};

static_assert(TaskPool<SharedQueuePool>);

}  // namespace ipc
