// The handle of a task that a pool was given.
#pragma once

#include <memory>
#include <string_view>

#include "ipc/os/error.hpp"
#include "ipc/pool/contract.hpp"
#include "ipc/pool/errors.hpp"
#include "ipc/wire/codec.hpp"

namespace ipc {

/// Where a pool leaves the result of one task.
struct Ticket {
  std::optional<TaskResult> result;
  bool abandoned = false;  ///< there will be none
};

/// What an AsyncResult needs of its pool. One virtual call a wait, never one in a timed loop.
class TaskSource {
 public:
  TaskSource() = default;
  TaskSource(const TaskSource&) = delete;
  TaskSource& operator=(const TaskSource&) = delete;
  virtual ~TaskSource() = default;
  /// Takes in one finished task, if one ends before the deadline; false when none did.
  virtual bool collect_one(os::Deadline deadline) = 0;
};

/// A task's result, or the wait for it; cheap to copy, and may outlive the pool. Used by the thread
/// and process of the pool. One that was moved away throws std::logic_error.
template <class R>
class AsyncResult {
 public:
  AsyncResult(std::shared_ptr<Ticket> ticket, std::weak_ptr<TaskSource> source)
      : ticket_(std::move(ticket)), source_(std::move(source)) {}

  /// Blocks for the result, the same each time. Throws what the task threw (the exceptions of
  /// <stdexcept> as they were, others as RemoteError), WorkerLost, or PoolTerminated.
  R get() const {
    wait_until(os::Deadline::never());
    return value();
  }
  /// Throws TimeoutError when that took longer; a later call may still succeed.
  R get_for(os::Duration wait) const {
    if (!wait_for(wait)) throw TimeoutError();
    return value();
  }
  /// Whether the task ended, with a value or not, within that time.
  [[nodiscard]] bool wait_for(os::Duration wait) const {
    return wait_until(os::Deadline::after(wait));
  }
  void wait() const { wait_until(os::Deadline::never()); }
  [[nodiscard]] bool ready() const { return wait_until(os::Deadline::now()); }
  /// Whether it ended with a value; throws std::logic_error before it ended.
  [[nodiscard]] bool successful() const {
    if (!ready()) throw std::logic_error("the task has not ended");
    return ticket_->result && ticket_->result->outcome == TaskResult::Outcome::value;
  }

 private:
  bool wait_until(os::Deadline deadline) const {
    if (!ticket_) throw std::logic_error("the result was moved away");
    while (!ticket_->result && !ticket_->abandoned) {
      const auto source = source_.lock();
      if (source && source->collect_one(deadline)) continue;
      if (source && deadline.expired()) return false;
      ticket_->abandoned = true;  // no pool, or nothing under way in it
    }
    return true;
  }

  R value() const {
    if (!ticket_->result) throw PoolTerminated();
    const TaskResult& result = *ticket_->result;
    if (result.outcome == TaskResult::Outcome::worker_lost) throw WorkerLost(result.worker_status);
    if (result.outcome == TaskResult::Outcome::exception)
      remote::rethrow({reinterpret_cast<const char*>(result.bytes.data()), result.bytes.size()});
    if constexpr (!std::is_void_v<R>) return wire::decode<R>(result.bytes);
  }

  std::shared_ptr<Ticket> ticket_;
  std::weak_ptr<TaskSource> source_;
};

}  // namespace ipc
