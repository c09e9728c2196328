// The typed Pool: calls and their results, and the life of a pool.
#include <set>

#include "ipc/backends.hpp"
#include "ipc/pool/pool_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using namespace test;

std::string greet(const std::string& name, int times) {
  return name + std::to_string(times);
}
void die_by_kill() {
  ::kill(::getpid(), SIGKILL);
}
int wait_for_gate(int value) {
  board->pid = ::getpid();
  while (board->gate == 0) ::sched_yield();
  return value;
}

template <class F, class... Args>
constexpr bool kRuns = PoolTask<F, Args...>;
static_assert(kRuns<decltype(&square), int>);
static_assert(kRuns<decltype(square)&, int>);
static_assert(kRuns<decltype(&greet), const char*, int>);
static_assert(kRuns<decltype([](int) {}), int>);
static_assert(!kRuns<decltype(&square), std::string>, "mistyped argument");
static_assert(!kRuns<decltype(&square)>, "too few arguments");
static_assert(!kRuns<decltype([](int*) {}), int*>, "pointer");
static_assert(!kRuns<decltype([](int&) {}), int&>, "reference to the caller's variable");
static_assert(!kRuns<decltype([]() -> int* { return nullptr; })>, "pointer result");
static_assert(!kRuns<decltype([x = 1] { return x; })>, "capture");
static_assert(!kRuns<std::function<int()>>, "state");

class PoolTest : public WithBoard {};

TEST_F(PoolTest, RunsFunctionsAndLambdas) {
  Pool pool{2};
  EXPECT_EQ(pool.apply_async(square, 7).get(), 49);
  EXPECT_EQ(pool.apply_async(&square, 8).get(), 64);
  EXPECT_EQ(pool.apply_async(greet, "you", 2).get(), "you2");
  const auto lambda = [](int a, double b) { return a * b; };
  EXPECT_EQ(pool.apply_async(lambda, 2, 1.5).get(), 3.0);
  pool.apply_async([] { ++board->done; }).get();
  EXPECT_EQ(board->done, 1);
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_F(PoolTest, ApplyAsyncReturnsWhileTheTaskRuns) {
  Pool pool{1};
  const auto result = pool.apply_async(wait_for_gate, 3);
  while (board->pid == 0) ::sched_yield();
  EXPECT_FALSE(result.ready());
  board->gate = 1;
  EXPECT_EQ(result.get(), 3);
}

TEST_F(PoolTest, RefusesToBeMadeOfNoWorkers) {
  EXPECT_THROW(Pool{0}, std::invalid_argument);
  EXPECT_THROW(Pool{-1}, std::invalid_argument);
  EXPECT_THROW((Pool{{.workers = 0}}), std::invalid_argument);
  EXPECT_THROW((Pool{{.max_tasks_per_child = 0}}), std::invalid_argument);
  EXPECT_EQ(Pool().workers(), os::allowed_cpus().size());
}

TEST_F(PoolTest, TakesOptionsByName) {
  Pool pool{{.workers = 2, .initializer = [] { ++board->initialized; }, .max_tasks_per_child = 1}};
  EXPECT_EQ(pool.workers(), 2u);
  std::set<pid_t> pids;
  for (int i = 0; i < 10; ++i) pids.insert(pool.apply(::getpid));
  EXPECT_EQ(pids.size(), 10u);
  EXPECT_GE(board->initialized, 10);
}

TEST_F(PoolTest, ReusesItsWorkers) {
  Pool pool{3};
  std::set<pid_t> pids;
  for (const pid_t pid : pool.map([](int) { return ::getpid(); }, std::vector<int>(100)))
    pids.insert(pid);
  EXPECT_LE(pids.size(), 3u);
  EXPECT_FALSE(pids.contains(::getpid()));
}

TEST_F(PoolTest, AsManyTasksRunSideBySideAsThereAreWorkers) {
  Pool pool{4};
  const auto meet = [](int) {
    ++board->running;
    while (board->running < 4) ::sched_yield();
    return ::getpid();
  };
  const auto pids = pool.map(meet, std::vector(4, 0), 1);
  EXPECT_EQ(std::set(pids.begin(), pids.end()).size(), 4u);
}

TEST_F(PoolTest, RunsAFunctionThatIsDefinedAfterIt) {
  Pool pool{2};
  const auto worker = [](const std::string& text) { return "Hello " + text; };
  EXPECT_EQ(pool.apply(worker, "0"), "Hello 0");
}

TEST_F(PoolTest, WorksOverEveryBackend) {
  Pools::for_each([]<class B>(std::type_identity<B>) {
    if (B::unavailable()) return;
    Pool<B> pool{2};
    EXPECT_EQ(pool.map(square, std::vector{1, 2, 3}), (std::vector{1, 4, 9})) << B::kName;
    if (!B::kInProcess) {
      EXPECT_THROW(pool.apply(die_by_kill), WorkerLost) << B::kName;
    }
    pool.close();
    pool.join();
  });
}

TEST_F(PoolTest, ALostWorkerTellsItsStatusAndThePoolGoesOn) {
  Pool pool{2};
  const auto result = pool.apply_async(die_by_kill);
  for (int i = 0; i < 2; ++i) {
    try {
      result.get();
      ADD_FAILURE();
    } catch (const WorkerLost& error) {
      EXPECT_EQ(error.status().signal(), SIGKILL);
    }
  }
  EXPECT_FALSE(result.successful());
  EXPECT_EQ(pool.apply(square, 2), 4);
}

TEST_F(PoolTest, ATaskThatExitsIsALostWorkerAndJoinDoesNotHang) {
  Pool pool{2};
  const auto exits = pool.apply_async([] { ipc::exit(3); });
  const auto leaves = pool.apply_async([] { ::_exit(4); });
  const auto dies = pool.apply_async(die_by_kill);
  pool.close();
  pool.join();
  const auto status_of = [](const auto& result) {
    try {
      result.get();
    } catch (const WorkerLost& error) {
      return error.status();
    }
    return os::ExitStatus::unknown();
  };
  EXPECT_EQ(status_of(exits), os::ExitStatus::from_code(3));
  EXPECT_EQ(status_of(leaves), os::ExitStatus::from_code(4));
  EXPECT_EQ(status_of(dies).signal(), SIGKILL);
}

TEST_F(PoolTest, AnInitializerThatThrowsIsAnErrorOutOfEveryGet) {
  Pool pool{{.workers = 2, .initializer = [] { throw std::out_of_range("no such file"); }}};
  for (int i = 0; i < 5; ++i) EXPECT_THROW(pool.apply(square, i), std::out_of_range);
  pool.close();
  pool.join();
}

TEST_F(PoolTest, GetForThrowsAtItsTimeAndMaySucceedLater) {
  Pool pool{1};
  const auto result = pool.apply_async([] {
    while (board->gate == 0) ::sched_yield();
    return 5;
  });
  const auto begin = os::Clock::now();
  EXPECT_THROW(result.get_for(50ms), TimeoutError);
  EXPECT_GE(os::Clock::now() - begin, 50ms);
  EXPECT_FALSE(result.ready());
  EXPECT_FALSE(result.wait_for(-1s));
  EXPECT_THROW(static_cast<void>(result.successful()), std::logic_error);
  board->gate = 1;
  EXPECT_EQ(result.get_for(1h), 5);
  EXPECT_TRUE(result.ready());
  EXPECT_TRUE(result.successful());
  EXPECT_EQ(result.get(), 5);
}

TEST_F(PoolTest, RefusesTasksAfterCloseAndJoinBeforeIt) {
  Pool pool{1};
  const auto result = pool.apply_async(square, 3);
  EXPECT_THROW(pool.join(), std::logic_error);
  pool.close();
  pool.close();
  EXPECT_THROW(pool.apply_async(square, 3), std::logic_error);
  EXPECT_THROW(pool.map(square, std::vector<int>{}), std::logic_error);
  EXPECT_THROW(pool.imap(square, std::vector{1}), std::logic_error);
  pool.join();
  pool.join();
  EXPECT_EQ(result.get(), 9);
  EXPECT_EQ(result.get(), 9);
}

TEST_F(PoolTest, TasksQueuedBeforeCloseAllComplete) {
  Pool pool{2};
  for (int i = 0; i < 1000; ++i) pool.apply_async([] { ++board->done; });
  pool.close();
  pool.join();
  EXPECT_EQ(board->done, 1000);
}

TEST_F(PoolTest, TasksRunWhenNobodyAsksForTheirResults) {
  Pool pool{2};
  for (int i = 0; i < 8; ++i) pool.apply_async([] { ++board->done; });
  while (board->done < 8) ::sched_yield();
}

TEST_F(PoolTest, TerminateMakesPendingResultsThrow) {
  Pool pool{1};
  const auto result = pool.apply_async(nap_forever);
  const auto queued = pool.apply_async(square, 3);
  pool.terminate();
  EXPECT_THROW(result.get(), PoolTerminated);
  EXPECT_THROW(queued.get(), PoolTerminated);
  EXPECT_TRUE(queued.ready());
  EXPECT_THROW(pool.apply_async(square, 3), std::logic_error);
  pool.join();
}

TEST_F(PoolTest, TerminateWithTenThousandLongTasksQueuedMakesTheirResultsThrow) {
  Pool pool{2};
  std::vector<AsyncResult<void>> results;
  for (int i = 0; i < 10'000; ++i) results.push_back(pool.apply_async(nap_forever));
  pool.terminate();
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "workers are gone";
  for (const auto& result : results) EXPECT_THROW(result.get(), PoolTerminated);
  pool.join();
}

TEST_F(PoolTest, TerminateKeepsResultsThatWereThere) {
  Pool pool{1};
  const auto first = pool.apply_async(square, 3);
  const auto second = pool.apply_async(wait_for_gate, 3);
  while (board->pid == 0) ::sched_yield();
  pool.terminate();
  EXPECT_EQ(first.get(), 9);
  EXPECT_THROW(second.get(), PoolTerminated);
}

TEST_F(PoolTest, DestroyedWithoutCloseItTerminates) {
  for (int i = 0; i < 20; ++i) {
    Pool pool{2};
    for (int task = 0; task < i; ++task) pool.apply_async(nap_forever);
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST_F(PoolTest, ResultsMayOutliveThePool) {
  std::optional<AsyncResult<int>> had, never;
  {
    Pool pool{1};
    had = pool.apply_async(square, 3);
    had->wait();
    pool.apply_async(nap_forever);
    never = pool.apply_async(square, 4);
  }
  EXPECT_EQ(had->get(), 9);
  EXPECT_THROW(never->get(), PoolTerminated);
  EXPECT_THROW(never->get_for(1h), PoolTerminated);
}

TEST_F(PoolTest, CopiesOfAResultAreWorthTheSameAndAMovedOneSaysSo) {
  Pool pool{1};
  auto result = pool.apply_async(square, 3);
  const auto copy = result;
  const auto moved = std::move(result);
  EXPECT_EQ(moved.get(), 9);
  EXPECT_EQ(copy.get(), 9);
  EXPECT_THROW(result.get(), std::logic_error);
  EXPECT_THROW(static_cast<void>(result.ready()), std::logic_error);
  result = copy;
  EXPECT_EQ(result.get(), 9);
}

TEST_F(PoolTest, CarriesArgumentsAndResultsOfManyTypes) {
  Pool pool{1};
  using Table = std::map<std::string, std::vector<std::optional<double>>>;
  const Table table{{"a", {1.5, std::nullopt}}, {"b", {}}};
  EXPECT_EQ(pool.apply([](Table all, std::chrono::seconds) { return all; }, table, 3s), table);
  EXPECT_EQ(pool.apply([](std::variant<int, std::string> one) { return one.index(); },
                       std::variant<int, std::string>("text")),
            1u);
}

TEST_F(PoolTest, ResultsMayBeCopiedAndMoved) {
  std::optional<Pool<>> pool(2);
  auto first = pool->apply_async(square, 3);
  const auto copy = first;
  auto moved = std::move(first);
  Pool other = *std::move(pool);
  pool.reset();
  EXPECT_EQ(moved.get(), 9);
  EXPECT_EQ(copy.get(), 9);
  first = other.apply_async(square, 4);
  EXPECT_EQ(first.get(), 16);
}

TEST_F(PoolTest, AnInheritedPoolIsOfNoUseAndDoesNoHarm) {
  std::optional<Pool<>> pool(2);
  const auto pending = pool->apply_async(wait_for_gate, 3);
  EXPECT_EQ(in_child([&] {
              const bool refused = error_of([&] { pool->apply_async(square, 3); }) == EPERM &&
                                   error_of([&] { pending.get(); }) == EPERM &&
                                   error_of([&] { pool->terminate(); }) == EPERM;
              pool.reset();
              return refused;
            }),
            kSuccess);
  board->gate = 1;
  EXPECT_EQ(pending.get(), 3);
}

TEST_F(PoolTest, WhatATaskPrintsIsOutBeforeItsResult) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  const os::UniqueFd in(fds[0]), out(fds[1]);
  EXPECT_EQ(in_child([&] {
              ::dup2(fds[1], 1);
              Pool pool{1};
              pool.apply([] { std::printf("Hello"); });
              std::array<char, 10> text{};
              return ::read(fds[0], text.data(), text.size()) == 5 &&
                     std::string_view(text.data()) == "Hello";
            }),
            kSuccess);
}

}  // namespace
}  // namespace ipc
