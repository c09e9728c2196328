// The typed pool: functions run in worker processes, with arguments and results of any type that
// can be encoded.
#pragma once

#include <unordered_map>

#include "ipc/pool/async_result.hpp"
#include "ipc/pool/calls.hpp"
#include "ipc/pool/result_range.hpp"
#include "ipc/pool/ring_pool.hpp"

namespace ipc {

namespace pool {

template <class F, class... Args>
using CallOf = Call<std::decay_t<F>, Sent<Args>...>;
template <Items kItems, class F, class Range>
using ChunkOf = Chunk<kItems, std::decay_t<F>, Sent<std::ranges::range_value_t<Range>>>;

/// What a map of such chunks gives.
template <class Chunk>
using Mapped = std::conditional_t<std::is_void_v<typename Chunk::R>, void, typename Chunk::Values>;

template <class Chunk>
Mapped<Chunk> value_of_chunks(const Tickets& tickets) {
  typename Chunk::Values all;
  for (const auto& each : tickets) {
    auto values = each->template value<typename Chunk::Values>();
    all.insert(all.end(), std::make_move_iterator(values.begin()),
               std::make_move_iterator(values.end()));
  }
  if constexpr (!std::is_void_v<typename Chunk::R>) return all;
}

/// The tasks of one map, for callbacks that concern them all.
template <class Chunk>
struct Group {
  Callbacks<Mapped<Chunk>> callbacks;
  Tickets tickets;
  std::size_t left = 1;  ///< tasks that have not ended, and one while there are more to come

  void one_ended() {
    if (--left == 0) call_back(callbacks, [&] { return value_of_chunks<Chunk>(tickets); });
  }
};

}  // namespace pool

/// N worker processes for tasks. Used by the thread that made it: workers end with that thread, and
/// their replacements with the one that called when they were made. A result is taken in, its
/// callback called and a worker replaced by any call on the pool or on an AsyncResult, and without
/// one never; but tasks that are on their way to the workers run by themselves. Destroying it
/// terminates it, without callbacks. A moved-from pool can be destroyed and assigned to.
///
/// Workers are forks of this process as it is when they are started, with its variables. They are
/// daemonic: a task can start no Process and make no Pool. A task that throws SystemExit ends its
/// worker, and is a WorkerLost.
///
/// The default backend keeps its workers, so a task costs no fork.
template <TaskPool Backend = RingPool>
class Pool {
 public:
  /// As many workers as this process may use CPUs.
  Pool() : Pool(PoolOptions{}) {}
  /// Throws std::invalid_argument for less than one.
  explicit Pool(int workers) : Pool(PoolOptions{.workers = workers}) {}
  /// An initializer that throws, or ends its worker, is an error out of every get().
  explicit Pool(PoolOptions options) : state_(std::make_shared<State>(std::move(options))) {}

  /// Gives the task to the workers and returns, unless more than kMostWaitingBytes wait for them:
  /// then it waits for space, taking in results. After close() throws std::logic_error.
  template <class F, class... Args>
  auto apply_async(F&& function, Args&&... args) {
    static_assert(PoolTask<F, Args...>,
                  "a pool runs function pointers and lambdas without captures, and its arguments "
                  "and result have to be values that wire::Encodable takes");
    return call<F, Args...>({}, function, std::forward<Args>(args)...);
  }
  /// The same with callbacks: apply_async({.callback = c, .error_callback = e}, function, args...).
  template <class F, class... Args>
  requires PoolTask<F, Args...>
  auto apply_async(Callbacks<typename pool::CallOf<F, Args...>::R> callbacks, F&& function,
                   Args&&... args) {
    return call<F, Args...>(std::move(callbacks), function, std::forward<Args>(args)...);
  }

  /// apply_async and get.
  template <class F, class... Args>
  auto apply(F&& function, Args&&... args) {
    return apply_async(std::forward<F>(function), std::forward<Args>(args)...).get();
  }

  /// The results in the order of the items, each the argument of one call. Items go to the workers
  /// `chunk` together, by default about four chunks a worker. When tasks throw, the first error in
  /// that order, after all have ended; all items run, but for those in a chunk whose worker is
  /// lost.
  template <class F, std::ranges::input_range Range>
  auto map(F&& function, Range&& items, std::optional<int> chunk = {}) {
    return map_async(function, items, chunk).get();
  }
  template <class F, std::ranges::input_range Range>
  auto map_async(F&& function, Range&& items, std::optional<int> chunk = {}) {
    return submit_all<MapOf<F, Range>>({}, function, items, chunk);
  }
  template <class F, std::ranges::input_range Range>
  auto map_async(Callbacks<pool::Mapped<pool::ChunkOf<pool::Items::plain, F, Range>>> callbacks,
                 F&& function, Range&& items, std::optional<int> chunk = {}) {
    return submit_all<MapOf<F, Range>>(std::move(callbacks), function, items, chunk);
  }

  /// The same for items that are a std::tuple or std::pair of the arguments.
  template <class F, std::ranges::input_range Range>
  auto starmap(F&& function, Range&& items, std::optional<int> chunk = {}) {
    return starmap_async(function, items, chunk).get();
  }
  template <class F, std::ranges::input_range Range>
  auto starmap_async(F&& function, Range&& items, std::optional<int> chunk = {}) {
    return submit_all<StarMapOf<F, Range>>({}, function, items, chunk);
  }

  /// A lazy map, as a ResultRange in the order of the items, or as results come. A function without
  /// a result gives a std::monostate for each item.
  template <class F, std::ranges::viewable_range Range>
  auto imap(F&& function, Range&& items, int chunk = 1) {
    return lazily<true>(function, std::views::all(std::forward<Range>(items)), chunk);
  }
  template <class F, std::ranges::viewable_range Range>
  auto imap_unordered(F&& function, Range&& items, int chunk = 1) {
    return lazily<false>(function, std::views::all(std::forward<Range>(items)), chunk);
  }

  [[nodiscard]] unsigned workers() const { return state_->backend.workers(); }

  /// No more tasks; those given run to their ends.
  void close() { state_->is_closed = true; }
  /// Waits until all tasks have ended and the workers are gone. Before close() or terminate()
  /// throws std::logic_error.
  void join() {
    if (!state_->is_closed) throw std::logic_error("Pool is still running");
    state_->backend.finish();
    state_->has_ended = true;
    while (state_->collect_one(os::Deadline::never())) {
    }
  }
  /// Ends the workers at once; results that are not there will not come.
  void terminate() { state_->terminate(); }

 private:
  struct State final : TaskSource {
    explicit State(PoolOptions options) : backend(std::move(options)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() override {
      for (auto& [id, ticket] : tickets) ticket->abandon_silently();
    }

    [[nodiscard]] bool is_open() const override { return !has_ended; }
    void require_open() const {
      if (is_closed) throw std::logic_error("Pool not running");
    }

    std::shared_ptr<Ticket> submit(TaskFunction function, const Bytes& arguments,
                                   Ticket::Then then) override {
      auto ticket = std::make_shared<Ticket>(std::move(then));
      tickets.emplace(backend.submit(function, arguments), ticket);
      return ticket;
    }

    bool collect_one(os::Deadline deadline) override {
      auto result = backend.collect(deadline);
      if (!result) return false;
      settle(*std::move(result));
      return true;
    }

    void settle(TaskResult result) {
      if (auto entry = tickets.extract(result.id)) entry.mapped()->settle(std::move(result));
    }

    /// Callbacks that throw do not keep the others from being called.
    void terminate() {
      backend.terminate();
      is_closed = has_ended = true;
      std::exception_ptr first;
      const auto guarded = [&](auto call) {
        try {
          call();
        } catch (...) {
          if (!first) first = std::current_exception();
        }
      };
      while (auto result = backend.collect(os::Deadline::now()))
        guarded([&] { settle(*std::move(result)); });
      for (auto& [id, ticket] : std::exchange(tickets, {})) guarded([&] { ticket->abandon(); });
      if (first) std::rethrow_exception(first);
    }

    Backend backend;
    std::unordered_map<std::uint64_t, std::shared_ptr<Ticket>> tickets;
    bool is_closed = false;
    bool has_ended = false;
  };

  template <class F, class... Args>
  auto call(Callbacks<typename pool::CallOf<F, Args...>::R> callbacks,
            const std::decay_t<F>& function, Args&&... args) {
    using Call = pool::CallOf<F, Args...>;
    using R = typename Call::R;
    state_->require_open();
    Ticket::Then then;
    if (pool::has_any(callbacks))
      then = [callbacks = std::move(callbacks)](const Ticket& ticket) {
        pool::call_back(callbacks, [&] { return ticket.value<R>(); });
      };
    auto ticket = state_->submit(
        Call::run, Call::encode(function, {pool::Sent<Args>(std::forward<Args>(args))...}),
        std::move(then));
    return AsyncResult<R>({std::move(ticket)}, state_,
                          [](const Tickets& all) { return all.front()->value<R>(); });
  }

  template <class F, class Range>
  struct MapOf : pool::ChunkOf<pool::Items::plain, F, Range> {
    static_assert(PoolTask<F, std::ranges::range_value_t<Range>>,
                  "a map needs a function pointer or a lambda without captures, that takes one "
                  "item; items and results have to be values that wire::Encodable takes");
  };
  template <class F, class Range>
  struct StarMapOf : pool::ChunkOf<pool::Items::tuples, F, Range> {
    static_assert(PoolStarTask<F, std::ranges::range_value_t<Range>>,
                  "a starmap needs a function pointer or a lambda without captures, that takes the "
                  "elements of one item; items and results have to be values that wire::Encodable "
                  "takes");
  };

  template <class Chunk, class Range>
  AsyncResult<pool::Mapped<Chunk>> submit_all(Callbacks<pool::Mapped<Chunk>> callbacks,
                                              typename Chunk::Function function, Range&& items,
                                              std::optional<int> chunk) {
    if constexpr (!std::ranges::forward_range<Range>) {
      std::vector<typename Chunk::Argument> all;
      for (auto&& item : items) all.emplace_back(std::forward<decltype(item)>(item));
      return submit_all<Chunk>(std::move(callbacks), function, all, chunk);
    } else {
      state_->require_open();
      const std::size_t size = chunk ? checked(*chunk) : automatic_chunk(items);
      const auto group = std::make_shared<pool::Group<Chunk>>();
      group->callbacks = std::move(callbacks);
      Tickets& tickets = group->tickets;
      for (auto item = std::ranges::begin(items); item != std::ranges::end(items);) {
        std::vector<typename Chunk::Argument> some;
        for (; some.size() < size && item != std::ranges::end(items); ++item)
          some.emplace_back(*item);
        Ticket::Then then;
        if (pool::has_any(group->callbacks)) then = [group](const Ticket&) { group->one_ended(); };
        tickets.push_back(
            state_->submit(Chunk::run, Chunk::encode(function, some), std::move(then)));
        ++group->left;
      }
      AsyncResult<pool::Mapped<Chunk>> result(tickets, state_, pool::value_of_chunks<Chunk>);
      group->one_ended();
      return result;
    }
  }

  template <bool kInOrder, class F, class Source>
  auto lazily(F&& function, Source items, int chunk) {
    using Chunk = MapOf<F, Source>;
    state_->require_open();
    return ResultRange<Source, Chunk, kInOrder>(state_, workers(), function, std::move(items),
                                                checked(chunk));
  }

  static std::size_t checked(int chunk) {
    if (chunk < 1) throw std::invalid_argument("a chunk needs at least one item");
    return static_cast<std::size_t>(chunk);
  }
  template <class Range>
  [[nodiscard]] std::size_t automatic_chunk(Range& items) const {
    const auto count = static_cast<std::size_t>(std::ranges::distance(items));
    const std::size_t chunks = std::size_t{4} * workers();
    return std::max<std::size_t>(1, (count + chunks - 1) / chunks);
  }

  std::shared_ptr<State> state_;
};

Pool(PoolOptions)->Pool<>;

}  // namespace ipc
