// Every pool backend keeps the contract of contract.hpp.
#include <set>

#include "ipc/backends.hpp"
#include "ipc/pool/pool_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using namespace test;
using Outcome = TaskResult::Outcome;

template <class B>
class PoolConformance : public PoolFixture<B> {};
using Types = Pools::Apply<testing::Types>;
TYPED_TEST_SUITE(PoolConformance, Types, BackendName);

TYPED_TEST(PoolConformance, RefusesToBeMadeOfNoWorkers) {
  EXPECT_THROW((TypeParam{{.workers = 0}}), std::invalid_argument);
  EXPECT_THROW((TypeParam{{.workers = -1}}), std::invalid_argument);
}

TYPED_TEST(PoolConformance, GivesEachResultExactlyOnce) {
  TypeParam pool{{.workers = 3}};
  const int tasks = many<TypeParam>(500);
  std::set<std::uint64_t> ids;
  for (int i = 0; i < tasks; ++i) ids.insert(pool.submit(echo, wire::encode(i)));
  EXPECT_EQ(std::ssize(ids), tasks);
  std::set<int> values;
  for (int i = 0; i < tasks; ++i) {
    const auto result = next(pool);
    EXPECT_EQ(result.outcome, Outcome::value);
    EXPECT_EQ(ids.erase(result.id), 1u);
    values.insert(wire::decode<int>(result.bytes));
  }
  EXPECT_EQ(std::ssize(values), tasks);
  EXPECT_FALSE(pool.collect(os::Deadline::never()));
}

TYPED_TEST(PoolConformance, RunsTasksInOtherProcessesAndNoMoreAtOnceThanWorkers) {
  TypeParam pool{{.workers = 2}};
  EXPECT_EQ(pool.workers(), 2u);
  pool.submit(wait_at_gate, {});
  pool.submit(wait_at_gate, {});
  while (board->running < 2) ::sched_yield();
  board->gate = 1;
  for (int i = 0; i < 30; ++i) pool.submit(wait_at_gate, {});
  pool.finish();
  EXPECT_EQ(board->done, 32);
  EXPECT_EQ(board->most, 2);
  TypeParam another{{.workers = 1}};
  another.submit(give_pid, {});
  EXPECT_EQ(wire::decode<pid_t>(next(another).bytes) == ::getpid(), TypeParam::kInProcess);
}

TYPED_TEST(PoolConformance, WorkersAreDistinctProcesses) {
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  TypeParam pool{{.workers = 4}};
  for (int i = 0; i < 4; ++i) pool.submit(wait_at_gate, {});
  while (board->running < 4) ::sched_yield();
  std::set<pid_t> pids(board->pids.begin(), board->pids.begin() + 4);
  board->gate = 1;
  EXPECT_EQ(pids.size(), 4u);
  EXPECT_FALSE(pids.contains(::getpid()) || pids.contains(0));
  pool.finish();
}

TYPED_TEST(PoolConformance, RunsTasksWithoutFurtherCalls) {
  TypeParam pool{{.workers = 2}};
  board->gate = 1;
  pool.submit(wait_at_gate, {});
  pool.submit(wait_at_gate, {});
  while (board->done < 2) ::sched_yield();
}

TYPED_TEST(PoolConformance, QueuedTasksRunWithoutFurtherCallsWhereWorkersPullThem) {
  if (!TypeParam::kPullsTasks) GTEST_SKIP() << "a call on the pool hands over each task";
  TypeParam pool{{.workers = 2}};
  board->gate = 1;
  for (int i = 0; i < 8; ++i) pool.submit(wait_at_gate, {});
  while (board->done < 8) ::sched_yield();
}

TYPED_TEST(PoolConformance, SubmitDoesNotWaitForAWorker) {
  TypeParam pool{{.workers = 1}};
  for (int i = 0; i < 1000; ++i) pool.submit(wait_at_gate, {});
  EXPECT_FALSE(pool.collect(os::Deadline::now()));
  board->gate = 1;
  for (int i = 0; i < many<TypeParam>(1000); ++i) EXPECT_EQ(next(pool).outcome, Outcome::value);
}

TYPED_TEST(PoolConformance, CollectGivesUpAtTheDeadlineAndNeverBefore) {
  TypeParam pool{{.workers = 1}};
  const auto begin = os::Clock::now();
  EXPECT_FALSE(pool.collect(os::Deadline::never()));
  pool.submit(wait_at_gate, {});
  const Interruptions interruptions;
  EXPECT_FALSE(pool.collect(os::Deadline::after(50ms)));
  EXPECT_GE(os::Clock::now() - begin, 50ms);
  EXPECT_FALSE(pool.collect(os::Deadline::now()));
  board->gate = 1;
}

TYPED_TEST(PoolConformance, CarriesArgumentsAndResultsOfAnySize) {
  TypeParam pool{{.workers = 2}};
  for (const std::size_t size : {0u, 1u, 16384u, 16385u, 20'000'000u}) {
    Bytes sent(size);
    for (std::size_t i = 0; i < size; i += 1000) sent[i] = static_cast<std::byte>(i / 1000);
    pool.submit(echo, sent);
    EXPECT_EQ(next(pool).bytes, sent);
  }
}

TYPED_TEST(PoolConformance, ManyLargeTasksAndResultsNeverWaitForEachOther) {
  TypeParam pool{{.workers = 2}};
  const Bytes large(100'000, std::byte{7});
  const int tasks = many<TypeParam>(3000);
  for (int i = 0; i < tasks; ++i) pool.submit(echo, large);
  for (int i = 0; i < tasks; ++i) ASSERT_EQ(next(pool).bytes, large);
}

TYPED_TEST(PoolConformance, ManySmallTasksBeforeAnyCollect) {
  TypeParam pool{{.workers = 2}};
  const int tasks = many<TypeParam>(30'000);
  for (int i = 0; i < tasks; ++i) pool.submit(echo, {});
  pool.finish();
  for (int i = 0; i < tasks; ++i) ASSERT_EQ(next(pool).outcome, Outcome::value);
  EXPECT_FALSE(pool.collect(os::Deadline::never()));
}

TYPED_TEST(PoolConformance, ATaskThatThrowsGivesWhatAndWhereAndTheWorkerGoesOn) {
  TypeParam pool{{.workers = 1}};
  pool.submit(fail, {});
  const auto result = next(pool);
  ASSERT_EQ(result.outcome, Outcome::exception);
  const Thrown thrown = Thrown::decode(result.bytes);
  EXPECT_EQ(thrown.type, typeid(std::out_of_range).name());
  EXPECT_EQ(thrown.text, "too far");
  EXPECT_EQ(thrown.process == ::getpid(), TypeParam::kInProcess);
  pool.submit(give_pid, {});
  const auto pid = wire::decode<pid_t>(next(pool).bytes);
  EXPECT_EQ(pid == thrown.process, TypeParam::kName != "fork_per_task");
}

TYPED_TEST(PoolConformance, TerminateEndsTasksAtOnceAndTheyAreLost) {
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  TypeParam pool{{.workers = 2}};
  pool.submit(block, {});
  pool.submit(block, {});
  while (board->pid == 0) ::sched_yield();
  pool.terminate();
  EXPECT_FALSE(pool.collect(os::Deadline::never()));
  EXPECT_EQ(::kill(board->pid, 0), -1);
  EXPECT_EQ(error_of([&] { pool.submit(echo, {}); }), EINVAL);
}

TYPED_TEST(PoolConformance, TerminateGivesUpWhatHasNotBegun) {
  if (!TypeParam::kInProcess) GTEST_SKIP() << "ends also what has begun";
  TypeParam pool{{.workers = 1}};
  for (int i = 0; i < 10; ++i) pool.submit(wait_at_gate, {});
  while (board->running == 0) ::sched_yield();
  auto opener = beside([] {
    board->gate = 1;  // whether that is before or after the call, one task ends
    return true;
  });
  pool.terminate();
  opener.wait();
  EXPECT_EQ(board->running, 0);
  int results = 0;
  while (pool.collect(os::Deadline::never())) ++results;
  EXPECT_GE(results, 1);
  EXPECT_EQ(results, board->done);
  EXPECT_EQ(error_of([&] { pool.submit(echo, {}); }), EINVAL);
}

TYPED_TEST(PoolConformance, FinishWaitsForTheTasksAndKeepsTheirResults) {
  TypeParam pool{{.workers = 2}};
  for (int i = 0; i < 10; ++i) pool.submit(echo, wire::encode(i));
  pool.finish();
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  int sum = 0;
  for (int i = 0; i < 10; ++i) sum += wire::decode<int>(next(pool).bytes);
  EXPECT_EQ(sum, 45);
  EXPECT_FALSE(pool.collect(os::Deadline::never()));
  EXPECT_EQ(error_of([&] { pool.submit(echo, {}); }), EINVAL);
  pool.finish();
}

TYPED_TEST(PoolConformance, DestroyedWithTasksUnderWayItLeavesNothing) {
  TypeParam pool{{.workers = 2}};
  board->gate = TypeParam::kInProcess;  // those that have begun are waited for
  for (int i = 0; i < 2; ++i) pool.submit(TypeParam::kInProcess ? wait_at_gate : block, {});
}

TYPED_TEST(PoolConformance, IsOfUseOnlyToTheProcessThatMadeIt) {
  TypeParam pool{{.workers = 1}};
  EXPECT_EQ(in_child([&] {
              return error_of([&] { pool.submit(echo, {}); }) == EPERM &&
                     error_of([&] { pool.collect(os::Deadline::now()); }) == EPERM;
            }),
            kSuccess);
  pool.submit(echo, wire::encode(1));
  EXPECT_EQ(wire::decode<int>(next(pool).bytes), 1);
}

TYPED_TEST(PoolConformance, AChildDestroyingItsCopyHarmsNobody) {
  std::optional<TypeParam> pool(std::in_place, PoolOptions{.workers = 2});
  EXPECT_EQ(in_child([&] {
              pool.reset();
              return true;
            }),
            kSuccess);
  pool->submit(echo, wire::encode(1));
  EXPECT_EQ(wire::decode<int>(next(*pool).bytes), 1);
}

}  // namespace
}  // namespace ipc
