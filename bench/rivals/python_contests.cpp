// Contests of the typed objects with CPython's multiprocessing, and of Process with fork(2).
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/harness/command.hpp"
#include "bench/measure.hpp"
#include "bench/rivals/contests.hpp"
#include "bench/rivals/links.hpp"
#include "bench/rivals/our_links.hpp"
#include "ipc/backends.hpp"
#include "ipc/os/child.hpp"
#include "ipc/pool/pool.hpp"
#include "ipc/process/process.hpp"
#include "ipc/queue/queue.hpp"
#include "ipc/shared/value.hpp"

namespace bench::rivals {
namespace {

namespace os = ipc::os;

using Measure = std::function<double(const Window&, Placement)>;
using Number = std::int64_t;

constexpr Number kLast = -1;
constexpr std::size_t kQueueDepth = 1024;
constexpr int kPoolWorkers = 2;
constexpr int kPoolItems = 100;

template <class Backend>
double queue_round_trip_ns(const Window& window, Placement placement) {
  ipc::Queue<Number, Backend> there(kQueueDepth), back(kQueueDepth);
  const auto initiator = [&](Peer& peer, Samples& samples) {
    Number number = 0;
    peer.start();
    sample(peer, samples, [&] {
      there.put(number);
      if (back.get() != number++) throw std::runtime_error("another number came back");
    });
    there.put(kLast);
  };
  const auto echo = [&](Peer& peer) {
    peer.start();
    for (Number number = 0; (number = there.get()) != kLast;) back.put(number);
  };
  return round_trips(window, placement, initiator, echo).operation_ns;
}

double queue_one_way_ns(const Window& window, Placement placement) {
  ipc::Queue<Number> queue(kQueueDepth);
  const auto producer = [&](Peer& peer) {
    peer.start();
    for (Number number = 0; !peer.stopped(); ++number) queue.put(number);
    queue.put(kLast);
  };
  const auto consumer = [&](Peer& peer) {
    Number number = 0;
    peer.start();
    count(peer, [&] {
      if (queue.get() != number++) throw std::runtime_error("out of order");
    });
    peer.stop();
    while (queue.get() != kLast) continue;
  };
  return one_way(window, placement, producer, consumer).operation_ns;
}

double value_add_ns(const Window& window, Placement placement) {
  ipc::Value<Number> value(0);
  return alone(window, placement, "adder",
               [&](Peer& peer, Samples& samples) {
                 peer.start();
                 sample(peer, samples, [&] { value += 1; });
               })
      .operation_ns;
}

Number twice(Number number) {
  return 2 * number;
}

template <class Backend>
double pool_map_ns(const Window& window, Placement placement) {
  const auto map = [](Peer& peer, Samples& samples) {
    ipc::Pool<Backend> pool(kPoolWorkers);
    std::vector<Number> items(kPoolItems);
    for (int i = 0; i < kPoolItems; ++i) items[static_cast<std::size_t>(i)] = i;
    peer.start();
    sample(peer, samples, [&] {
      if (pool.map(twice, items, 1).back() != twice(items.back()))
        throw std::runtime_error("wrong result");
    });
  };
  return alone(window, placement, "submitter", map).operation_ns / kPoolItems;
}

template <class Backend>
double pool_apply_ns(const Window& window, Placement placement) {
  const auto apply = [](Peer& peer, Samples& samples) {
    ipc::Pool<Backend> pool(kPoolWorkers);
    peer.start();
    sample(peer, samples, [&] {
      if (pool.apply(twice, Number{21}) != 42) throw std::runtime_error("wrong result");
    });
  };
  return alone(window, placement, "submitter", apply).operation_ns;
}

double process_ns(const Window& window, Placement placement) {
  return alone(window, placement, "parent",
               [](Peer& peer, Samples& samples) {
                 peer.start();
                 sample(peer, samples, [] {
                   ipc::Process child([] {});
                   child.start();
                   child.join();
                   if (child.exitcode() != 0) throw std::runtime_error("the child failed");
                 });
               })
      .operation_ns;
}

double fork_ns(const Window& window, Placement placement) {
  return alone(window, placement, "parent",
               [](Peer& peer, Samples& samples) {
                 peer.start();
                 sample(peer, samples, [] {
                   const pid_t child = ::fork();
                   if (child == 0) ::_exit(0);
                   int status = -1;
                   if (::waitpid(child, &status, 0) != child || status != 0)
                     throw std::runtime_error("the child failed");
                 });
               })
      .operation_ns;
}

/// Runs the script for one operation and reads the number that it prints.
double python_ns(const std::vector<std::string>& command, const std::string& operation,
                 const Window& window, Placement placement) {
  using Milliseconds = std::chrono::duration<double, std::milli>;
  constexpr auto kStartAndEnd = std::chrono::seconds(20);
  auto words = command;
  words.push_back(operation);
  words.push_back(fmt::format("{}", Milliseconds(window.warmup).count()));
  words.push_back(fmt::format("{}", Milliseconds(window.timed).count()));
  std::vector<int> cpus;
  for (const auto& each : cpus_of(placement, 2)) cpus.insert(cpus.end(), each.begin(), each.end());
  if (!cpus.empty()) words.push_back(os::to_string(cpus));
  const auto limit = os::Deadline::after(window.warmup + window.timed + kStartAndEnd);
  const CommandResult result = run_command(words, limit);
  os::kill_all_children();  // its resource tracker may outlive it for a moment
  if (!result.finished) throw CaseFailed("CPython did not finish in time");
  if (result.status != os::ExitStatus::from_code(0))
    throw CaseFailed(
        fmt::format("CPython ended with {}: {}", result.status.to_string(), result.errors));
  return std::stod(result.output);
}

/// CPython, or why there is none.
struct Interpreter {
  std::vector<std::string> command;
  os::Unavailable reason;

  [[nodiscard]] Side side(const char* operation) const {
    return {"CPython", Waiting::blocking, reason,
            [=, command = command](const Window& window, Placement placement) {
              return python_ns(command, operation, window, placement);
            }};
  }
};

Interpreter interpreter(const std::string& python, const std::string& script) {
  const auto tried =
      run_command({python, "-c", "import multiprocessing.pool, multiprocessing.queues"},
                  os::Deadline::after(std::chrono::seconds(20)));
  Interpreter found{{python, script}, {}};
  if (!tried.finished || tried.status != os::ExitStatus::from_code(0))
    found.reason = fmt::format("{} cannot run multiprocessing: {}", python, tried.errors);
  if (found.reason && found.reason->ends_with('\n')) found.reason->pop_back();
  return found;
}

/// What a typed object is over when nothing is said.
template <class T>
struct BackendOf;
template <class T, class B>
struct BackendOf<ipc::Queue<T, B>> : std::type_identity<B> {};
template <class B>
struct BackendOf<ipc::Pool<B>> : std::type_identity<B> {};
using DefaultQueue = BackendOf<ipc::Queue<Number>>::type;
using DefaultPool = BackendOf<ipc::Pool<>>::type;

template <class B>
Waiting waiting() {
  return is_ring(B::kName) ? waiting_of(B::kName) : Waiting::blocking;
}

void add_pools(std::vector<Contest>& contests, const Interpreter& rival) {
  const Waiting waits = waiting<DefaultPool>();
  const auto over_ring = [](const char* name, Waiting how, auto measure) {
    Side side = ring_side<ipc::Pools>("pool", how, measure);
    side.name = name;
    return side;
  };
  const auto map = []<class P>(std::type_identity<P>) -> Measure { return &pool_map_ns<P>; };
  const auto apply = []<class P>(std::type_identity<P>) -> Measure { return &pool_apply_ns<P>; };
  contests.push_back({"Pool map, chunk 1, 2 workers",
                      Placement::unpinned,
                      {{"Pool", waits, {}, &pool_map_ns<DefaultPool>},
                       over_ring("Pool, asleep", Waiting::blocking, map),
                       rival.side("pool_map")},
                      {at_least(15, "Pool", "CPython"), at_least(15, "Pool, asleep", "CPython")}});
  contests.push_back({"Pool apply, 2 workers",
                      Placement::unpinned,
                      {{"Pool", waits, {}, &pool_apply_ns<DefaultPool>},
                       over_ring("Pool, asleep", Waiting::blocking, apply),
                       over_ring("Pool, awake", Waiting::spinning, apply),
                       rival.side("pool_apply")},
                      {at_least(2, "Pool", "CPython"), at_least(2, "Pool, asleep", "CPython"),
                       at_least(100, "Pool, awake", "CPython")}});
}

}  // namespace

std::vector<Contest> python_contests(const std::string& python, const std::string& script) {
  const Interpreter rival = interpreter(python, script);
  const Waiting waits = waiting<DefaultQueue>();
  std::vector<Contest> contests;
  for (const auto placement : {Placement::unpinned, Placement::same_core})
    contests.push_back(
        {"Queue<int> round trip",
         placement,
         {{"Queue", waits, {}, &queue_round_trip_ns<DefaultQueue>},
          {"Queue, shm_ring_block",
           Waiting::blocking,
           {},
           &queue_round_trip_ns<ipc::ShmQueueBlock>},
          {"futex(2)",
           Waiting::blocking,
           {},
           [](const Window& window, Placement where) {
             return round_trip_ns<BareLine<LineWait::sleeps>>(sizeof(Number), window, where);
           }},
          rival.side("queue_round_trip")},
         {at_least(8, "Queue", "CPython"), at_least(8, "Queue, shm_ring_block", "CPython"),
          shown("futex(2)", "CPython")}});
  contests.push_back({"Queue<int> one way 8 B",
                      Placement::cross_core,
                      {{"Queue", waits, {}, &queue_one_way_ns}, rival.side("queue_one_way")},
                      {at_least(200, "Queue", "CPython")}});
  contests.push_back({"Value += 1",
                      Placement::same_core,
                      {{"Value", Waiting::none, {}, &value_add_ns}, rival.side("value_add")},
                      {at_least(50, "Value", "CPython")}});
  add_pools(contests, rival);
  contests.push_back({"Process start + join",
                      Placement::same_core,
                      {{"Process", Waiting::blocking, {}, &process_ns},
                       {"fork(2)", Waiting::blocking, {}, &fork_ns},
                       rival.side("process")},
                      {at_most(1.1, "Process", "fork(2)"), at_least(20, "Process", "CPython"),
                       shown("fork(2)", "CPython")}});
  return contests;
}

}  // namespace bench::rivals
