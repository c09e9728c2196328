// How a pool is made: its initializer, how long its workers serve, and what they may not do.
#include <map>

#include "ipc/backends.hpp"
#include "ipc/pool/pool_test_support.hpp"
#include "ipc/process/process.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using namespace test;
using Outcome = TaskResult::Outcome;

template <class B>
class PoolOptionsTest : public PoolFixture<B> {};
using Types = Pools::Apply<testing::Types>;
TYPED_TEST_SUITE(PoolOptionsTest, Types, BackendName);

template <class F>
concept Initializes = requires(F initializer) {
  PoolOptions{.initializer = initializer};
};
static_assert(Initializes<void (*)()> && Initializes<std::function<void()>>);
static_assert(!Initializes<int>, "not callable");
static_assert(!Initializes<void (*)(int)>, "takes an argument");

/// How often the calling worker was initialised.
thread_local int initialized_here = 0;
void give_initialized(std::span<const std::byte>, Bytes& result) {
  result = wire::encode(initialized_here);
}
void initialize() {
  ++initialized_here;
  ++board->initialized;
}

TYPED_TEST(PoolOptionsTest, HasAsManyWorkersAsAllowedCpusByDefault) {
  EXPECT_EQ(TypeParam(PoolOptions{}).workers(), os::allowed_cpus().size());
}

TYPED_TEST(PoolOptionsTest, InitializesEachWorkerOnceBeforeItsFirstTask) {
  TypeParam pool{{.workers = 3, .initializer = initialize}};
  for (int i = 0; i < 30; ++i) pool.submit(give_initialized, {});
  for (int i = 0; i < 30; ++i) EXPECT_EQ(wire::decode<int>(next(pool).bytes), 1);
  pool.finish();
  EXPECT_EQ(board->initialized, TypeParam::kName == "fork_per_task" ? 30 : 3);
}

TYPED_TEST(PoolOptionsTest, InitializesReplacementsToo) {
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  TypeParam pool{{.workers = 1, .initializer = initialize}};
  for (int i = 0; i < 10; ++i) {
    pool.submit(die, wire::encode(SIGKILL));
    EXPECT_EQ(next(pool).outcome, Outcome::worker_lost);
    pool.submit(give_initialized, {});
    EXPECT_EQ(wire::decode<int>(next(pool).bytes), 1);
  }
}

TYPED_TEST(PoolOptionsTest, AnInitializerMayHaveCaptures) {
  const int level = 5;
  TypeParam pool{{.workers = 1, .initializer = [level] { initialized_here = level; }}};
  pool.submit(give_initialized, {});
  EXPECT_EQ(wire::decode<int>(next(pool).bytes), 5);
}

TYPED_TEST(PoolOptionsTest, AnInitializerThatThrowsIsTheErrorOfEveryTaskAndIsNotRepeatedForEver) {
  const auto broken = [] {
    ++board->initialized;
    throw std::out_of_range("no such file");
  };
  TypeParam pool{{.workers = 2, .initializer = broken}};
  for (int i = 0; i < 20; ++i) pool.submit(echo, {});
  const auto expect_error = [&] {
    const auto result = next(pool);
    ASSERT_EQ(result.outcome, Outcome::exception);
    EXPECT_EQ(Thrown::decode(result.bytes).text, "no such file");
  };
  for (int i = 0; i < 20; ++i) expect_error();
  pool.submit(echo, {});
  expect_error();
  EXPECT_LE(board->initialized, TypeParam::kName == "fork_per_task" ? 21 : 2);
  pool.finish();
}

TYPED_TEST(PoolOptionsTest, AnInitializerThatEndsItsWorkerIsTheEndOfEveryTask) {
  const auto leaving = [] {
    ++board->initialized;
    ipc::exit(3);
  };
  TypeParam pool{{.workers = 2, .initializer = leaving}};
  for (int i = 0; i < 20; ++i) pool.submit(echo, {});
  for (int i = 0; i < 20; ++i) {
    const auto result = next(pool);
    EXPECT_EQ(result.outcome, Outcome::worker_lost);
    EXPECT_EQ(result.worker_status, os::ExitStatus::from_code(3));
  }
  EXPECT_LE(board->initialized, TypeParam::kName == "fork_per_task" ? 20 : 2);
}

TYPED_TEST(PoolOptionsTest, ABrokenPoolEndsLikeAnyOther) {
  const auto broken = [] { throw 5; };
  for (int i = 0; i < 20; ++i) {
    TypeParam pool{{.workers = 2, .initializer = broken}};
    if (i % 2) pool.submit(echo, {});
    if (i % 4 == 0) pool.finish();
    if (i % 4 == 1) pool.terminate();
  }
}

TYPED_TEST(PoolOptionsTest, RefusesLessThanOneTaskAWorker) {
  EXPECT_THROW((TypeParam{{.workers = 1, .max_tasks_per_child = 0}}), std::invalid_argument);
  EXPECT_THROW((TypeParam{{.workers = 1, .max_tasks_per_child = -1}}), std::invalid_argument);
}

TYPED_TEST(PoolOptionsTest, SaysSoWhereWorkersCannotBeReplacedAfterTasks) {
  const int error = error_of([] { TypeParam pool({.workers = 1, .max_tasks_per_child = 2}); });
  EXPECT_EQ(error, TypeParam::kCountsTasksPerChild ? 0 : ENOTSUP);
}

TYPED_TEST(PoolOptionsTest, ReplacesWorkersAfterTheirTasks) {
  if (!TypeParam::kCountsTasksPerChild) GTEST_SKIP() << "refuses the option";
  for (const int most : {1, 3}) {
    TypeParam pool{{.workers = 2, .max_tasks_per_child = most}};
    std::map<pid_t, int> tasks;
    for (int i = 0; i < 60; ++i) pool.submit(give_pid, {});
    for (int i = 0; i < 60; ++i) {
      const auto result = next(pool);
      ASSERT_EQ(result.outcome, Outcome::value);
      ++tasks[wire::decode<pid_t>(result.bytes)];
    }
    for (const auto& [worker, count] : tasks) EXPECT_LE(count, most);
    EXPECT_GE(std::ssize(tasks), 60 / most);
  }
}

TYPED_TEST(PoolOptionsTest, FinishingAPoolOfRetiringWorkersDoesNotHang) {
  if (!TypeParam::kCountsTasksPerChild) GTEST_SKIP() << "refuses the option";
  for (int tasks = 0; tasks < 10; ++tasks) {
    TypeParam pool{{.workers = 2, .max_tasks_per_child = 1}};
    for (int i = 0; i < tasks; ++i) pool.submit(echo, {});
    pool.finish();
    for (int i = 0; i < tasks; ++i) EXPECT_EQ(next(pool).outcome, Outcome::value);
  }
}

/// What a task that tries to have a child gets.
template <class Pool, class F>
std::string refusal_of(Pool& pool, F task) {
  try {
    pool.apply(task);
    return "";
  } catch (const Remote<std::logic_error>& error) {
    return error.what();
  }
}
constexpr auto kRefusal = "daemonic processes are not allowed to have children";

TYPED_TEST(PoolOptionsTest, WorkersAreDaemonicAndMayHaveNoChildren) {
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  Pool<TypeParam> pool{2};
  EXPECT_EQ(refusal_of(pool, [] { Pool<TypeParam> inner{1}; }), kRefusal);
  EXPECT_EQ(refusal_of(pool,
                       [] {
                         Process inner([] {});
                         inner.start();
                       }),
            kRefusal);
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TYPED_TEST(PoolOptionsTest, ThreadsOfThisProcessMayHaveChildren) {
  if (!TypeParam::kInProcess) GTEST_SKIP() << "its workers are daemonic processes";
  Pool<TypeParam> pool{1};
  EXPECT_EQ(pool.apply([] { return Pool<>{1}.apply(square, 3); }), 9);
}

TYPED_TEST(PoolOptionsTest, CannotBeMadeInADaemonProcess) {
  if (TypeParam::kInProcess) GTEST_SKIP() << "it makes no children";
  Process daemon({.daemon = true}, [] {
    try {
      TypeParam pool({.workers = 1});
    } catch (const std::logic_error& error) {
      ipc::exit(error.what() == std::string(kRefusal) ? 0 : 2);
    }
    ipc::exit(1);
  });
  daemon.start();
  daemon.join();
  EXPECT_EQ(daemon.exitcode(), 0);
}

TYPED_TEST(PoolOptionsTest, WorkersHaveNamesOfTheirOwn) {
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  Pool<TypeParam> pool{1};
  const auto name = pool.apply([] { return Process::current_name(); });
  EXPECT_TRUE(name.starts_with("PoolWorker-")) << name;
  EXPECT_EQ(Process::current_name(), "MainProcess");
}

}  // namespace
}  // namespace ipc
