// Pool backend, as a baseline: threads of this process instead of worker processes.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <deque>
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
/// begun and waits for the rest. Signals go to the program's own threads.
class ThreadPool {
 public:
  static constexpr std::string_view kName = "threads";
  static constexpr bool kInProcess = true;

  static os::Unavailable unavailable() { return std::nullopt; }

  explicit ThreadPool(unsigned workers) : state_(std::make_unique<State>(workers)) {
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      for (unsigned i = 0; i < workers; ++i)
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
    Bytes copy(arguments.begin(), arguments.end());
    const std::lock_guard lock(state_->mutex);
    const std::uint64_t id = state_->ledger.next_id();
    state_->waiting.push_back({id, function, std::move(copy)});
    state_->ledger.sent(id);
    state_->work_there.notify_one();
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

  [[nodiscard]] unsigned workers() const { return state_->workers; }

  void finish() {
    state_->ledger.require_owner();
    state_->stop();
  }

  void terminate() {
    state_->ledger.require_owner();
    {
      const std::lock_guard lock(state_->mutex);
      state_->waiting.clear();
      state_->ledger.abandon();
    }
    state_->stop();
  }

 private:
  struct Task {
    std::uint64_t id;
    TaskFunction function;
    Bytes arguments;
  };
  struct State {
    explicit State(unsigned count) : ledger(count), workers(count) {}

    /// A worker's life: it ends when there are no more tasks and will be none.
    void serve() {
      std::unique_lock lock(mutex);
      for (;;) {
        work_there.wait(lock, [&] { return stopping || !waiting.empty(); });
        if (waiting.empty()) return;
        const Task task = std::move(waiting.front());
        waiting.pop_front();
        lock.unlock();
        TaskResult result = run_task(task.id, task.function, task.arguments);
        lock.lock();
        ledger.finished(std::move(result));
        result_there.notify_all();
      }
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

    TaskLedger ledger;  ///< its owner may be asked without the mutex
    unsigned workers;
    std::mutex mutex;
    std::condition_variable work_there, result_there;
    std::deque<Task> waiting;
    bool stopping = false;
    std::vector<std::thread> threads;
  };

  std::unique_ptr<State> state_;
};

static_assert(TaskPool<ThreadPool>);

}  // namespace ipc
