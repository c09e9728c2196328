// What the process of a pool knows of its tasks: which are out, and which results wait.
#pragma once

#include <unistd.h>

#include <deque>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include "ipc/os/error.hpp"
#include "ipc/pool/contract.hpp"

namespace ipc {

/// The bookkeeping that all pools share; it starts nothing and waits for nothing itself.
class TaskLedger {
 public:
  explicit TaskLedger(unsigned workers) {
    if (workers == 0) throw std::invalid_argument("a pool needs at least one worker");
  }

  [[nodiscard]] bool is_owner() const { return owner_ == ::getpid(); }
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

  /// Tasks without a result, in the order in which they were submitted.
  [[nodiscard]] const std::set<std::uint64_t>& out() const { return out_; }

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
  pid_t owner_ = ::getpid();
  std::set<std::uint64_t> out_;
  std::deque<TaskResult> ready_;
  std::uint64_t last_id_ = 0;
  bool ended_ = false;
};

}  // namespace ipc
