// Pool backends: workers forked at the start pull their tasks from a ring in shared memory, and put
// their results into rings of their own.
#pragma once

#include <poll.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "ipc/os/shared_mapping.hpp"
#include "ipc/pool/ledger.hpp"
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
  static constexpr std::string_view kName = kWait == os::WaitPolicy::spin    ? "shm_ring_spin"
                                            : kWait == os::WaitPolicy::block ? "shm_ring_block"
                                                                             : "shm_ring";
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
        memory_(sizeof(Doorbell::Lines) + ledger_.workers() * kWorkerBytes),
        doorbell_(*new (memory_.data()) Doorbell::Lines),
        spilled_(file_, 0),
        workers_(ledger_.workers()) {
    for (std::size_t index = 0; index < workers_.size(); ++index) {
      results_.emplace_back(memory_of(index) + sizeof(SlotLines));
      new (memory_of(index)) SlotLines{};
    }
    for (std::size_t index = 0; index < workers_.size(); ++index) start(index);
  }
  RingPoolOf(const RingPoolOf&) = delete;
  RingPoolOf& operator=(const RingPoolOf&) = delete;
  ~RingPoolOf() {
    if (ledger_.is_owner()) end_workers();
  }

  std::uint64_t submit(TaskFunction function, std::span<const std::byte> arguments) {
    const std::uint64_t id = ledger_.next_id();
    while (waiting_.is_full()) pump(os::Deadline::never());
    if (ledger_.is_broken()) {
      ledger_.refuse(id);
    } else if (waiting_.empty() && send(id, function, arguments)) {
      ledger_.sent(id);  // only now: one that could not be sent is not out
    } else {
      waiting_.push(id, function, arguments);
      ledger_.sent(id);
      if (!take_results() || ++hurried_ % kHurry == 0) look_around(os::Deadline::now());
      send_waiting();
    }
    return id;
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
  /// A worker's memory: its slot, then its ring.
  struct alignas(128) SlotLines {
    WorkerSlot slot;
  };
  static constexpr std::size_t kWorkerBytes = sizeof(SlotLines) + ResultRing::kBytes;
  static constexpr std::chrono::milliseconds kSlice{20};
  static constexpr std::chrono::seconds kPatience{1};
  static constexpr unsigned kHurry = 64;

  [[nodiscard]] std::byte* memory_of(std::size_t index) const {
    return memory_.data() + sizeof(Doorbell::Lines) + index * kWorkerBytes;
  }
  [[nodiscard]] WorkerSlot& slot(std::size_t index) const {
    return reinterpret_cast<SlotLines*>(memory_of(index))->slot;
  }

  void start(std::size_t index) {
    slot(index).state.store(options_.initializer ? worker_state::kInitializing
                                                 : worker_state::kIdle);
    workers_[index] = fork_worker([this, index] {
      RingWorker(index, slot(index), tasks_, results_[index], doorbell_, file_).serve(options_);
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
    if (spilled_tasks_.empty()) spilled_.all_read();
    if (spilled_.is_full()) return false;
    const auto entry = spilled_tasks_.try_emplace(id).first;
    try {
      entry->second = {spilled_.write(arguments), arguments.size()};
    } catch (...) {
      spilled_tasks_.erase(entry);
      throw;
    }
    tasks_.put(id, function, std::as_bytes(std::span(&entry->second.at, 1)), arguments.size());
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

  [[nodiscard]] bool has_results() const {
    return std::ranges::any_of(results_, [](const auto& ring) { return ring.front() != nullptr; });
  }

  /// Whether there are results before it is time to sleep.
  bool wait_for_results(os::Deadline deadline) {
    tasks_.note_cpu(os::this_cpu());
    return wait_awake<kWait>(seat_, workers_cpu_, deadline, [this] { return has_results(); });
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
      if (has_results()) deadline = os::Deadline::now();
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
    bool any = false;
    for (auto& ring : results_) {
      const ResultSlot* result = ring.front();
      if (!result) continue;
      any = true;
      for (; result; result = ring.front()) {
        take(*result);
        ring.pop();
      }
      ring.tell_taken();
    }
    return any;
  }

  void take(const ResultSlot& slot) {
    workers_cpu_.store(slot.cpu, std::memory_order_relaxed);
    TaskResult result = result_in(slot);
    if (result.id == kFailedTask)
      break_down(std::move(result));
    else
      end_task(std::move(result));
  }

  TaskResult result_in(const ResultSlot& slot) {
    TaskResult result{slot.id, static_cast<TaskResult::Outcome>(slot.outcome), {}};
    if (slot.size <= ResultSlot::kInlineBytes) {
      result.bytes.assign(slot.body(), slot.body() + slot.size);
      return result;
    }
    std::uint64_t at = 0;
    std::memcpy(&at, slot.body(), sizeof at);
    try {
      result.bytes = file_.read(at, slot.size);
    } catch (const std::system_error& error) {
      result = failed_result(slot.id, error.code().value(), "receive a task's result");
    } catch (const std::bad_alloc&) {
      result = failed_result(slot.id, ENOMEM, "receive a task's result");
    }
    file_.release(at, slot.size);
    return result;
  }

  void end_task(TaskResult result) {
    if (!spilled_tasks_.empty()) {
      if (const auto body = spilled_tasks_.extract(result.id))
        file_.release(body.mapped().at, body.mapped().size);  // which a killed worker did not
    }
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
      const pid_t pid = workers_[index].pid();
      workers_[index] = {};
      take_results();  // what it sent before its death counts
      if (ledger_.is_broken() || !settle(index, pid, *status)) return;
    }
    try {
      start(index);
    } catch (const std::system_error&) {  // no process to be had: tried again, while others work
      if (std::ranges::all_of(workers_, [](const auto& each) { return each.pid() <= 0; })) throw;
    }
  }

  /// Says what a dead worker took with it. False when it shall have no successor.
  bool settle(std::size_t index, pid_t pid, os::ExitStatus status) {
    const std::uint64_t state = slot(index).state.load();
    const auto lose = [&](std::uint64_t id) {
      end_task({id, TaskResult::Outcome::worker_lost, {}, status});
    };
    tasks_.after_death(pid, lose);
    if (state == worker_state::kInitializing) {
      break_down({kFailedTask, TaskResult::Outcome::worker_lost, {}, status});
      return false;
    }
    lose(state);
    return true;
  }

  struct Spilled {
    std::uint64_t at;
    std::size_t size;
  };

  PoolOptions options_;
  TaskLedger ledger_;
  TaskRing<kWait> tasks_;
  os::SharedMapping memory_;
  Doorbell doorbell_;
  SpillFile file_;
  SpillRegion spilled_;
  std::unordered_map<std::uint64_t, Spilled> spilled_tasks_;
  std::vector<ResultRing> results_;
  std::vector<os::Child> workers_;
  std::vector<pollfd> polled_;
  Backlog waiting_;
  os::SpinSeat seat_;
  std::atomic<int> workers_cpu_{-1};  ///< where the last result was made
  unsigned hurried_ = 0;
};

using RingPool = RingPoolOf<os::WaitPolicy::adaptive>;
using RingPoolSpin = RingPoolOf<os::WaitPolicy::spin>;
using RingPoolBlock = RingPoolOf<os::WaitPolicy::block>;

static_assert(TaskPool<RingPool> && TaskPool<RingPoolSpin> && TaskPool<RingPoolBlock>);

}  // namespace ipc
