// Pool backend, as a baseline: threads of this process instead of worker processes.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "ipc/os/error.hpp"
#include "ipc/pool/ledger.hpp"
#include "ipc/pool/task.hpp"

namespace ipc {

/// Tasks and results wait in lists of this process, behind one mutex. A task that ends its process
/// ends the pool's, and one that never returns cannot be ended: terminate() gives up what has not
/// begun and waits for the rest. One that throws SystemExit gives worker_lost as elsewhere, and its
/// thread goes on. Signals go to the program's own threads.
class ThreadPool {
 public:
  static constexpr std::string_view kName = "threads";
  static constexpr bool kInProcess = true;
  static constexpr bool kPullsTasks = true;
  static constexpr bool kCountsTasksPerChild = false;

  static os::Unavailable unavailable() { return std::nullopt; }

  explicit ThreadPool(PoolOptions options) : state_(std::make_unique<State>(std::move(options))) {
    if (state_->options.max_tasks_per_child)
      os::throw_error(ENOTSUP, "threads: its workers are no processes that could be replaced");
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      for (unsigned i = 0; i < workers(); ++i)
        state_->threads.emplace_back([state = state_.get()] { state->serve(); });
    } catch (const std::system_error& error) {
      ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
      terminate();
      os::throw_error(error.code().value(), "pthread_create");
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool() {
    if (state_->ledger.is_owner()) {
      terminate();
    } else {  // a forked copy: its threads are not there, and what they held is never given back
      (void)state_.release();
    }
  }

  std::uint64_t submit(TaskFunction function, std::span<const std::byte> arguments) {
    state_->ledger.require_owner();
    std::unique_lock lock(state_->mutex);
    const std::uint64_t id = state_->ledger.next_id();
    state_->result_there.wait(lock, [&] { return !state_->waiting.is_full(); });
    if (state_->ledger.is_broken()) {
      state_->ledger.refuse(id);
    } else {
      state_->waiting.push(id, function, arguments);
      state_->ledger.sent(id);
      state_->work_there.notify_one();
    }
    return id;
  }

  std::optional<TaskResult> collect(os::Deadline deadline) {
    state_->ledger.require_owner();
    std::unique_lock lock(state_->mutex);
    return state_->ledger.collect(deadline, [&](os::Deadline until) {
      if (until.is_never()) return state_->result_there.wait(lock);
      constexpr os::Duration kLongest = std::chrono::hours(1);  // an end of time would overflow
      state_->result_there.wait_for(lock, std::min(until.remaining(), kLongest));
    });
  }

  [[nodiscard]] unsigned workers() const { return state_->ledger.workers(); }

  void finish() {
    state_->ledger.require_owner();
    state_->stop();
  }

  void terminate() {
    state_->ledger.require_owner();
    {
      const std::lock_guard lock(state_->mutex);
      state_->waiting.clear();
    }
    state_->stop();
    state_->ledger.abandon();
  }

 private:
  struct State {
    explicit State(PoolOptions given) : options(std::move(given)), ledger(options) {}

    /// A worker's life: it ends when there are no more tasks and will be none.
    void serve() {
      if (auto failed = as_worker(0, [&] { return failed_initializer(options, 0); })) {
        const std::lock_guard lock(mutex);
        waiting.clear();
        ledger.break_down(*std::move(failed));
        result_there.notify_all();
      }
      std::unique_lock lock(mutex);
      for (;;) {
        work_there.wait(lock, [&] { return stopping || !waiting.empty(); });
        if (waiting.empty()) return;
        const Backlog::Task task = waiting.take();
        lock.unlock();
        auto result = as_worker(task.id, [&] {
          return std::optional(run_task(task.id, task.function, task.arguments));
        });
        lock.lock();
        ledger.finished(*std::move(result));
        result_there.notify_all();
      }
    }

    /// What `body` gives; from one that left by ipc::exit() what a process would have given.
    template <class Body>
    static std::optional<TaskResult> as_worker(std::uint64_t id, Body body) {
      std::optional<TaskResult> result;
      bool left = true;
      const int code = exit_code_of([&] {
        result = body();
        left = false;
      });
      if (left)
        result = {id, TaskResult::Outcome::worker_lost, {}, os::ExitStatus::from_code(code)};
      return result;
    }

    /// Waits until the tasks given have ended, and ends the threads.
    void stop() {
      {
        const std::lock_guard lock(mutex);
        ledger.end();
        stopping = true;
        work_there.notify_all();
      }
      for (auto& thread : threads) thread.join();
      threads.clear();
    }

    PoolOptions options;
    TaskLedger ledger;  ///< its owner may be asked without the mutex
    std::mutex mutex;
    std::condition_variable work_there, result_there;
    Backlog waiting;
    bool stopping = false;
    std::vector<std::thread> threads;
  };

  std::unique_ptr<State> state_;
};

static_assert(TaskPool<ThreadPool>);

}  // namespace ipc
