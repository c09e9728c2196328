// What the process of a pool knows of its tasks: which are out, which wait for room on their way
// out, and which results wait.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include "ipc/os/cpu.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/identity.hpp"
#include "ipc/pool/contract.hpp"

namespace ipc {

/// Tasks for which there is no room yet, in their order.
class Backlog {
 public:
  struct Task {
    std::uint64_t id;
    TaskFunction function;
    Bytes arguments;
  };

  void push(std::uint64_t id, TaskFunction function, std::span<const std::byte> arguments) {
    tasks_.push_back({id, function, {arguments.begin(), arguments.end()}});
    bytes_ += arguments.size();
  }
  void push_front(Task task) {
    bytes_ += task.arguments.size();
    tasks_.push_front(std::move(task));
  }
  [[nodiscard]] bool empty() const { return tasks_.empty(); }
  [[nodiscard]] bool is_full() const { return bytes_ > kMostWaitingBytes; }
  [[nodiscard]] const Task& front() const { return tasks_.front(); }
  Task take() {
    Task task = std::move(tasks_.front());
    bytes_ -= task.arguments.size();
    tasks_.pop_front();
    return task;
  }
  void pop() { take(); }
  void clear() {
    tasks_.clear();
    bytes_ = 0;
  }

 private:
  std::deque<Task> tasks_;
  std::size_t bytes_ = 0;
};

/// The bookkeeping that all pools share; it starts nothing and waits for nothing itself.
class TaskLedger {
 public:
  explicit TaskLedger(const PoolOptions& options)
      : workers_(options.workers.value_or(static_cast<int>(os::allowed_cpus().size()))) {
    if (workers_ < 1) throw std::invalid_argument("a pool needs at least one worker");
    if (options.max_tasks_per_child && *options.max_tasks_per_child < 1)
      throw std::invalid_argument("a worker of a pool has to be allowed at least one task");
  }

  [[nodiscard]] unsigned workers() const { return static_cast<unsigned>(workers_); }
  [[nodiscard]] bool is_owner() const { return owner_ == os::my_identity(); }
  /// Throws EPERM in another process than the one that made the pool.
  void require_owner() const {
    if (!is_owner()) os::throw_error(EPERM, "the pool belongs to another process");
  }

  /// An id for a task that is about to be sent. Throws EPERM, or EINVAL after the end.
  std::uint64_t next_id() {
    require_owner();
    if (ended_) os::throw_error(EINVAL, "submit: the pool has ended");
    return ++last_id_;
  }
  /// The task was sent: a result of it is to come.
  void sent(std::uint64_t id) { out_.insert(id); }
  /// Takes in a result; one that nobody waits for, or a second one of a task, is dropped.
  void finished(TaskResult result) {
    if (out_.erase(result.id) != 0) ready_.push_back(std::move(result));
  }
  void lost(std::uint64_t id, os::ExitStatus status) {
    finished({id, TaskResult::Outcome::worker_lost, {}, status});
  }

  /// No worker will ever run a task: all that are out or will be get this result.
  void break_down(TaskResult verdict) {
    if (!verdict_) verdict_ = std::move(verdict);
    while (!out_.empty()) refuse(*out_.begin());
  }
  [[nodiscard]] bool is_broken() const { return verdict_.has_value(); }
  /// Gives a task the result that all get now.
  void refuse(std::uint64_t id) {
    sent(id);
    TaskResult result = *verdict_;
    result.id = id;
    finished(std::move(result));
  }

  /// Tasks without a result, in the order in which they were submitted.
  [[nodiscard]] const std::set<std::uint64_t>& out() const { return out_; }

  /// What the submit() of a pool does whose workers live on: `send` gives whether the task is on
  /// its way, `waiting` has those that are not, and `pump` is as for collect().
  template <class Send, class Pump>
  std::uint64_t submit(Backlog& waiting, TaskFunction function,
                       std::span<const std::byte> arguments, Send send, Pump pump) {
    const std::uint64_t id = next_id();
    while (waiting.is_full()) pump(os::Deadline::never());
    if (is_broken()) {
      refuse(id);
    } else if (waiting.empty() && send(id)) {
      sent(id);  // only now: one that could not be sent is not out
    } else {
      waiting.push(id, function, arguments);
      sent(id);
      pump(os::Deadline::now());
    }
    return id;
  }

  /// What a pool's collect() does; `pump` takes in what there is, at most until the deadline.
  template <class Pump>
  std::optional<TaskResult> collect(os::Deadline deadline, Pump pump) {
    require_owner();
    while (ready_.empty()) {
      if (out_.empty()) return std::nullopt;
      pump(deadline);
      if (ready_.empty() && deadline.expired()) return std::nullopt;
    }
    TaskResult result = std::move(ready_.front());
    ready_.pop_front();
    return result;
  }

  /// No more tasks. False when it had ended before.
  bool end() { return !std::exchange(ended_, true); }
  /// No more tasks, and those that are out are given up.
  void abandon() {
    end();
    out_.clear();
  }

 private:
  int workers_;
  os::Identity owner_ = os::my_identity();  // no system call at each task
  std::set<std::uint64_t> out_;
  std::deque<TaskResult> ready_;
  std::optional<TaskResult> verdict_;
  std::uint64_t last_id_ = 0;
  bool ended_ = false;
};

}  // namespace ipc
