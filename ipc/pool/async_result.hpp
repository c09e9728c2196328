// The handle of a task, or of a group of tasks, that a pool was given.
#pragma once

#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include "ipc/pool/contract.hpp"
#include "ipc/pool/errors.hpp"
#include "ipc/pool/thrown.hpp"
#include "ipc/wire/codec.hpp"

namespace ipc {

/// Where a pool leaves the result of one task.
class Ticket {
 public:
  using Then = std::function<void(const Ticket&)>;
  /// `then` is called once, when the task has ended or was given up.
  explicit Ticket(Then then = {}) : then_(std::move(then)) {}

  [[nodiscard]] bool is_settled() const { return result_ || is_abandoned_; }
  [[nodiscard]] bool is_successful() const {
    return result_ && result_->outcome == TaskResult::Outcome::value;
  }
  void settle(TaskResult result) {
    result_ = std::move(result);
    tell();
  }
  /// There will be no result.
  void abandon() {
    is_abandoned_ = true;
    tell();
  }
  void abandon_silently() {
    is_abandoned_ = true;
    then_ = {};
  }

  /// Throws what the task threw, WorkerLost, or PoolTerminated.
  template <class R>
  R value() const {
    if (!result_) throw PoolTerminated();
    if (result_->outcome == TaskResult::Outcome::worker_lost)
      throw WorkerLost(result_->worker_status);
    if (result_->outcome == TaskResult::Outcome::exception)
      remote::rethrow(Thrown::decode(result_->bytes));
    if constexpr (!std::is_void_v<R>) return wire::decode<R>(result_->bytes);
  }

 private:
  void tell() {
    if (const Then then = std::exchange(then_, {})) then(*this);
  }

  std::optional<TaskResult> result_;
  bool is_abandoned_ = false;
  Then then_;
};
using Tickets = std::vector<std::shared_ptr<Ticket>>;

/// What handles need of their pool. One virtual call a wait, never one in a timed loop.
class TaskSource {
 public:
  TaskSource() = default;
  TaskSource(const TaskSource&) = delete;
  TaskSource& operator=(const TaskSource&) = delete;
  virtual ~TaskSource() = default;
  /// Whether tasks may still be submitted, by who began before close().
  [[nodiscard]] virtual bool is_open() const = 0;
  virtual std::shared_ptr<Ticket> submit(TaskFunction function, const Bytes& arguments,
                                         Ticket::Then then) = 0;
  /// Takes in one finished task, if one ends before the deadline; false when none did.
  virtual bool collect_one(os::Deadline deadline) = 0;
};

/// Waits for that task; false when the deadline passed first.
inline bool wait_for_ticket(Ticket& ticket, const std::weak_ptr<TaskSource>& pool,
                            os::Deadline deadline) {
  while (!ticket.is_settled()) {
    const auto source = pool.lock();
    if (source && source->collect_one(deadline)) continue;
    if (source && deadline.expired()) return ticket.is_settled();
    ticket.abandon();  // no pool, or nothing under way in it
  }
  return true;
}

/// What is called with a result: exactly one of them, once, when the task has ended or terminate()
/// gave it up. There are no hidden threads: that is in whichever call on the pool, or on one of its
/// results, takes the task's end in, in the pool's process; so not before there is such a call, and
/// not any more once the pool is destroyed. It may use the pool. What it throws comes out of that
/// call, and the result stays.
template <class R>
struct Callbacks {
  std::function<void(const R&)> callback = {};
  std::function<void(std::exception_ptr)> error_callback = {};
};
template <>
struct Callbacks<void> {
  std::function<void()> callback = {};
  std::function<void(std::exception_ptr)> error_callback = {};
};

namespace pool {

/// Gives what `get` gives or throws to the callbacks.
template <class R, class Get>
void call_back(const Callbacks<R>& callbacks, Get get) {
  using Kept = std::conditional_t<std::is_void_v<R>, bool, R>;
  std::optional<Kept> value;
  std::exception_ptr error;
  try {
    if constexpr (std::is_void_v<R>)
      get();
    else
      value.emplace(get());
  } catch (...) {
    error = std::current_exception();
  }
  if (error) {
    if (callbacks.error_callback) callbacks.error_callback(error);
  } else if (callbacks.callback) {
    if constexpr (std::is_void_v<R>)
      callbacks.callback();
    else
      callbacks.callback(*value);
  }
}

template <class R>
bool has_any(const Callbacks<R>& callbacks) {
  return callbacks.callback || callbacks.error_callback;
}

}  // namespace pool

/// The result of a task or of a map, or the wait for it; cheap to copy, and may outlive the pool.
/// Used by the thread and process of the pool. One that was moved away throws std::logic_error.
template <class R>
class AsyncResult {
 public:
  /// `value` makes the result when all have ended.
  AsyncResult(Tickets tickets, std::weak_ptr<TaskSource> source, R (*value)(const Tickets&))
      : tickets_(std::make_shared<const Tickets>(std::move(tickets))),
        source_(std::move(source)),
        value_(value) {}

  /// Blocks for the result, the same each time. Throws what the task threw (exceptions of the
  /// standard library as Remote<E>, others as RemoteError), WorkerLost, or PoolTerminated.
  R get() const {
    wait();
    return value_(*tickets_);
  }
  /// Throws TimeoutError when that took longer; a later call may still succeed.
  R get_for(os::Duration wait) const {
    if (!wait_for(wait)) throw TimeoutError();
    return value_(*tickets_);
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
    return std::ranges::all_of(*tickets_, [](const auto& each) { return each->is_successful(); });
  }

 private:
  bool wait_until(os::Deadline deadline) const {
    if (!tickets_) throw std::logic_error("the result was moved away");
    return std::ranges::all_of(
        *tickets_, [&](const auto& each) { return wait_for_ticket(*each, source_, deadline); });
  }

  std::shared_ptr<const Tickets> tickets_;
  std::weak_ptr<TaskSource> source_;
  R (*value_)(const Tickets&);
};

}  // namespace ipc
