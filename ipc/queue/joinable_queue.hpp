// A queue that knows whether what was got from it is done.
#pragma once

#include <stdexcept>

#include "ipc/os/futex.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/queue/queue.hpp"

namespace ipc {

/// A Queue whose consumers call task_done() once for each value they got, and whose join() returns
/// when that is so for every value put. A value got by a process that is killed before it says so
/// is never done: join_for() does not wait for ever.
template <wire::Encodable T, ByteQueue Backend = ShmOrByteRing>
class JoinableQueue : private Queue<T, Backend> {
  using Base = Queue<T, Backend>;

 public:
  using Base::Base;
  using Base::close;
  using Base::empty;
  using Base::full;
  using Base::get;
  using Base::maxsize;
  using Base::qsize;
  using Base::try_get;
  using Base::try_get_for;

  void put(const T& value) {
    counted([&] { return Base::put(value), true; });
  }
  bool try_put(const T& value) {
    return counted([&] { return Base::try_put(value); });
  }
  bool try_put_for(const T& value, os::Duration wait) requires Backend::kHasTimed {
    return counted([&] { return Base::try_put_for(value, wait); });
  }

  /// Throws std::logic_error when called more often than values were put.
  void task_done() {
    std::uint32_t seen = tasks_->unfinished.load();
    do {
      if (seen == 0) throw std::logic_error("task_done() called too many times");
    } while (!tasks_->unfinished.compare_exchange_weak(seen, seen - 1));
    if (seen == 1) tell_joiners();
  }

  /// Blocks until every value put is done.
  void join() { join_until(os::Deadline::never()); }
  /// False when some were not done in that time; zero or less looks once.
  [[nodiscard]] bool join_for(os::Duration wait) { return join_until(os::Deadline::after(wait)); }

 private:
  struct Tasks {
    os::FutexWord unfinished{0};
    os::FutexWord times_done{0};  ///< how often there was none
  };

  /// Counts before the value can be got, and takes it back when it was not put.
  template <class Put>
  bool counted(Put put) {
    tasks_->unfinished.fetch_add(1);
    struct Undo {
      JoinableQueue* queue;
      ~Undo() {
        if (queue && queue->tasks_->unfinished.fetch_sub(1) == 1) queue->tell_joiners();
      }
    } undo{this};
    if (!put()) return false;
    undo.queue = nullptr;
    return true;
  }

  void tell_joiners() {
    tasks_->times_done.fetch_add(1);
    os::futex_wake(tasks_->times_done, std::numeric_limits<int>::max());
  }

  bool join_until(os::Deadline deadline) {
    const std::uint32_t seen = tasks_->times_done.load();
    const auto is_done = [&] {
      return tasks_->unfinished.load() == 0 || tasks_->times_done.load() != seen;
    };
    while (!is_done())
      if (!os::futex_nap(tasks_->times_done, seen, deadline)) return is_done();
    return true;
  }

  os::SharedObject<Tasks> tasks_;
};

}  // namespace ipc
