// The typed pool: functions run in worker processes, with arguments and results of any type that
// can be encoded.
#pragma once

#include <tuple>
#include <type_traits>
#include <unordered_map>

#include "ipc/os/cpu.hpp"
#include "ipc/pool/async_result.hpp"
#include "ipc/pool/shared_queue_pool.hpp"

namespace ipc {

namespace pool {

/// How an argument travels: text as std::string, all else as a copy.
template <class T>
using Sent =
    std::conditional_t<std::is_convertible_v<T, std::string_view>, std::string, std::decay_t<T>>;

template <class F>
concept Stateless = (std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>) ||
                    (std::is_empty_v<F> && std::default_initializable<F>);

template <class R>
concept Returnable = std::is_void_v<R> || wire::Encodable<R>;

template <class F, class... Args>
using Result = std::decay_t<std::invoke_result_t<F, Args...>>;

/// What a task is sent as: its function, if that is a pointer, and its arguments.
template <class... Args>
using Call = std::tuple<std::uintptr_t, Args...>;

/// Runs in the worker. What the function is comes with its type, but for a function pointer.
template <class F, class... Args>
void run(std::span<const std::byte> encoded, Bytes& result) {
  using R = Result<F, Args...>;
  const auto call = []([[maybe_unused]] std::uintptr_t address, Args&... arguments) -> R {
    if constexpr (std::is_pointer_v<F>)
      return reinterpret_cast<F>(address)(std::move(arguments)...);
    else
      return F{}(std::move(arguments)...);
  };
  auto values = wire::decode<Call<Args...>>(encoded);
  if constexpr (std::is_void_v<R>)
    std::apply(call, values);
  else
    wire::encode(std::apply(call, values), result);
}

}  // namespace pool

/// What a pool can run: a function pointer or a callable without captures, whose arguments and
/// result can be encoded.
template <class F, class... Args>
concept PoolTask = pool::Stateless<std::decay_t<F>> &&(wire::Encodable<pool::Sent<Args>>&&...) &&
                   std::is_invocable_v<std::decay_t<F>, pool::Sent<Args>...>&& pool::Returnable<
                       pool::Result<std::decay_t<F>, pool::Sent<Args>...>>;

/// N worker processes for tasks. Used by the thread that made it: workers end with that thread.
/// Tasks run without further calls from here; a result is taken in by any call on the pool or on an
/// AsyncResult. Destroying it terminates it.
///
/// The default backend keeps its workers, so a task costs no fork.
template <TaskPool Backend = SharedQueuePool>
class Pool {
 public:
  /// As many workers as this process may use CPUs.
  Pool() : Pool(static_cast<int>(os::allowed_cpus().size())) {}
  /// Throws std::invalid_argument for less than one.
  explicit Pool(int workers) : state_(std::make_shared<State>(counted(workers))) {}

  /// Gives the task to the workers and returns, unless more is under way than the backend holds:
  /// then it waits for space, taking in results. After close() throws std::logic_error.
  template <class F, class... Args>
  auto apply_async(F&& function, Args&&... args) {
    static_assert(PoolTask<F, Args...>,
                  "a pool runs function pointers and lambdas without captures, and its arguments "
                  "and result have to be values that wire::Codec can encode");
    using Function = std::decay_t<F>;
    using R = pool::Result<Function, pool::Sent<Args>...>;
    std::uintptr_t address = 0;
    if constexpr (std::is_pointer_v<Function>)
      address = reinterpret_cast<std::uintptr_t>(+function);
    const Bytes call = wire::encode(
        pool::Call<pool::Sent<Args>...>(address, pool::Sent<Args>(std::forward<Args>(args))...));
    return AsyncResult<R>(state_->submit(pool::run<Function, pool::Sent<Args>...>, call), state_);
  }

  /// apply_async and get.
  template <class F, class... Args>
  auto apply(F&& function, Args&&... args) {
    return apply_async(std::forward<F>(function), std::forward<Args>(args)...).get();
  }

  /// The results in the order of the items. When tasks throw, the first error in that order, after
  /// all have ended.
  template <class F, class Items>
  auto map(F&& function, const Items& items) {
    using Async = decltype(apply_async(function, *std::begin(items)));
    using R = decltype(std::declval<Async>().get());
    std::vector<Async> running;
    for (const auto& item : items) running.push_back(apply_async(function, item));
    for (const auto& each : running) each.wait();
    if constexpr (std::is_void_v<R>) {
      for (const auto& each : running) each.get();
    } else {
      std::vector<R> results;
      results.reserve(running.size());
      for (const auto& each : running) results.push_back(each.get());
      return results;
    }
  }

  [[nodiscard]] unsigned workers() const { return state_->backend.workers(); }

  /// No more tasks; those given run to their ends.
  void close() { state_->closed = true; }
  /// Waits until all tasks have ended and the workers are gone. Before close() or terminate()
  /// throws std::logic_error.
  void join() {
    if (!state_->closed) throw std::logic_error("Pool is still running");
    state_->backend.finish();
    while (state_->collect_one(os::Deadline::never())) {
    }
  }
  /// Ends the workers at once; results that are not there will not come.
  void terminate() {
    state_->closed = true;
    while (state_->collect_one(os::Deadline::now())) {
    }
    state_->backend.terminate();
  }

 private:
  struct State final : TaskSource {
    explicit State(unsigned workers) : backend(workers) {}

    std::shared_ptr<Ticket> submit(TaskFunction function, const Bytes& arguments) {
      if (closed) throw std::logic_error("Pool not running");
      auto ticket = std::make_shared<Ticket>();
      tickets.emplace(backend.submit(function, arguments), ticket);
      return ticket;
    }

    bool collect_one(os::Deadline deadline) override {
      auto result = backend.collect(deadline);
      if (!result) return false;
      if (auto entry = tickets.extract(result->id))
        if (const auto ticket = entry.mapped().lock()) ticket->result = std::move(result);
      return true;
    }

    Backend backend;
    std::unordered_map<std::uint64_t, std::weak_ptr<Ticket>> tickets;
    bool closed = false;
  };

  static unsigned counted(int workers) {
    if (workers < 1) throw std::invalid_argument("a pool needs at least one worker");
    return static_cast<unsigned>(workers);
  }

  std::shared_ptr<State> state_;
};

}  // namespace ipc
