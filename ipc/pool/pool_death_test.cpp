// Workers that die, leave or are killed: the pool says which task was lost, and goes on.
#include <fcntl.h>

#include <cstdio>
#include <set>
#include <thread>

#include "ipc/backends.hpp"
#include "ipc/os/sanitized.hpp"
#include "ipc/pool/pool_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using namespace test;
using Outcome = TaskResult::Outcome;

template <class B>
class PoolDeaths : public PoolFixture<B> {};
using Types = Pools::Apply<testing::Types>;
TYPED_TEST_SUITE(PoolDeaths, Types, BackendName);

TYPED_TEST(PoolDeaths, ATaskWhoseWorkerDiesGivesItsStatusAndThePoolGoesOn) {
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  TypeParam pool{{.workers = 2}};
  for (int i = 0; i < 10; ++i) {
    pool.submit(die, wire::encode(SIGKILL));
    auto result = next(pool);
    EXPECT_EQ(result.outcome, Outcome::worker_lost);
    EXPECT_EQ(result.worker_status.signal(), SIGKILL);
    pool.submit(leave, wire::encode(3));
    result = next(pool);
    EXPECT_EQ(result.outcome, Outcome::worker_lost);
    EXPECT_EQ(result.worker_status, os::ExitStatus::from_code(3));
    pool.submit(echo, wire::encode(i));
    EXPECT_EQ(wire::decode<int>(next(pool).bytes), i);
  }
  // Both workers are there again: two tasks wait for each other.
  pool.submit(wait_at_gate, {});
  pool.submit(wait_at_gate, {});
  while (board->running < 2) pool.collect(os::Deadline::now());
  board->gate = 1;
  pool.finish();
}

TYPED_TEST(PoolDeaths, TasksAroundADyingWorkerAllEnd) {
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  TypeParam pool{{.workers = 2}};
  int lost = 0, fine = 0;
  for (int i = 0; i < 200; ++i)
    i % 10 == 5 ? pool.submit(die, wire::encode(SIGKILL)) : pool.submit(echo, {});
  while (const auto result = pool.collect(os::Deadline::never()))
    ++(result->outcome == Outcome::worker_lost ? lost : fine);
  EXPECT_EQ(lost, 20);
  EXPECT_EQ(fine, 180);
}

TYPED_TEST(PoolDeaths, WorkersKilledFromOutsideAtAnyMomentLoseAtMostTheirTask) {
  if (TypeParam::kName == "fork_per_task") GTEST_SKIP() << kHasNoIdleWorkers;
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  TypeParam pool{{.workers = 2}};
  int lost = 0;
  for (int round = 0; round < 30; ++round) {
    pool.submit(give_pid, {});
    const auto first = next(pool);
    if (first.outcome == Outcome::worker_lost) continue;
    const auto victim = wire::decode<pid_t>(first.bytes);
    auto killer = beside([&] {
      for (int i = 0; i < round * 1000; ++i) os::now_ns();
      ::kill(victim, SIGKILL);
      return true;
    });
    for (int i = 0; i < 100; ++i) pool.submit(give_pid, {});
    for (int i = 0; i < 100; ++i) lost += next(pool).outcome == Outcome::worker_lost;
    EXPECT_FALSE(pool.collect(os::Deadline::never()));
    EXPECT_EQ(killer.wait(), kSuccess);
  }
  EXPECT_LE(lost, 30);
}

TYPED_TEST(PoolDeaths, NoWorkerOutlivesAKilledPool) {
  os::become_subreaper();
  auto owner = beside([&] {
    TypeParam pool{{.workers = 2}};
    pool.submit(block, {});
    for (;;) ::pause();
    return true;
  });
  while (board->pid == 0) ::sched_yield();
  owner.kill(SIGKILL);
  owner.wait();
  // Orphans come here: reaping all of them ends only when all have died.
  while (os::wait()) {
  }
  EXPECT_EQ(::kill(board->pid, 0), -1);
}

TYPED_TEST(PoolDeaths, ATaskThatLeavesByAnyDoorIsLostAndFinishDoesNotHang) {
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  TypeParam pool{{.workers = 2}};
  pool.submit(die, wire::encode(SIGKILL));
  pool.submit(die, wire::encode(SIGTERM));
  pool.submit(leave, wire::encode(3));
  pool.submit(exit_by_exception, wire::encode(4));
  pool.finish();
  std::multiset<int> ends;
  while (const auto result = pool.collect(os::Deadline::never())) {
    EXPECT_EQ(result->outcome, Outcome::worker_lost);
    const auto status = result->worker_status;
    ends.insert(status.exited() ? status.code() : -status.signal());
  }
  EXPECT_EQ(ends, (std::multiset<int>{-SIGKILL, -SIGTERM, 3, 4}));
}

TYPED_TEST(PoolDeaths, SystemExitIsALostWorkerForThreadsToo) {
  TypeParam pool{{.workers = 1}};
  for (int i = 0; i < 5; ++i) {
    pool.submit(exit_by_exception, wire::encode(3));
    const auto result = next(pool);
    EXPECT_EQ(result.outcome, Outcome::worker_lost);
    EXPECT_EQ(result.worker_status, os::ExitStatus::from_code(3));
    pool.submit(echo, wire::encode(i));
    EXPECT_EQ(wire::decode<int>(next(pool).bytes), i);
  }
}

TYPED_TEST(PoolDeaths, IdleWorkersThatWereKilledCostNoTask) {
  if (!kKeepsWorkers<TypeParam>) GTEST_SKIP() << kHasNoIdleWorkers;
  TypeParam pool{{.workers = 3}};
  for (int round = 0; round < 20; ++round) {
    const auto workers = os::children_of(::getpid());
    ASSERT_EQ(workers.size(), 3u);
    for (const pid_t worker : workers) ::kill(worker, SIGKILL);
    for (const pid_t worker : workers)
      while (state_of(worker) != 'Z') ::sched_yield();
    pool.submit(echo, wire::encode(round));
    const auto result = next(pool);
    ASSERT_EQ(result.outcome, Outcome::value);
    EXPECT_EQ(wire::decode<int>(result.bytes), round);
    while (os::children_of(::getpid()).size() < 3) {  // they are looked after in calls
      pool.submit(echo, {});
      next(pool);
    }
  }
}

TYPED_TEST(PoolDeaths, ATaskThatADeadWorkerHadNotTakenIsItsSuccessors) {
  if (!kKeepsWorkers<TypeParam>) GTEST_SKIP() << kHasNoIdleWorkers;
  TypeParam pool{{.workers = 1}};
  pool.submit(give_pid, {});
  const auto worker = wire::decode<pid_t>(next(pool).bytes);
  if (os::wait_policy<TypeParam> != os::WaitPolicy::spin)  // which never sleeps
    while (state_of(worker) != 'S') ::sched_yield();
  ::kill(worker, SIGSTOP);
  while (state_of(worker) != 'T') ::sched_yield();
  pool.submit(echo, wire::encode(7));
  ::kill(worker, SIGKILL);
  while (state_of(worker) != 'Z') ::sched_yield();
  const auto result = next(pool);
  ASSERT_EQ(result.outcome, Outcome::value);
  EXPECT_EQ(wire::decode<int>(result.bytes), 7);
}

TYPED_TEST(PoolDeaths, AWorkerThatSomebodyElseReapedIsLostWithoutAStatus) {
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  TypeParam pool{{.workers = 2}};
  pool.submit(die, wire::encode(SIGKILL));
  ASSERT_TRUE(os::wait());
  const auto result = next(pool);
  EXPECT_EQ(result.outcome, Outcome::worker_lost);
  EXPECT_TRUE(result.worker_status.is_unknown());
  pool.submit(echo, wire::encode(1));
  EXPECT_EQ(wire::decode<int>(next(pool).bytes), 1);
}

TYPED_TEST(PoolDeaths, WorksWhileSigchldIsIgnored) {
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  EXPECT_EQ(in_child([] {
              ::signal(SIGCHLD, SIG_IGN);
              TypeParam pool{{.workers = 2}};
              pool.submit(die, wire::encode(SIGKILL));
              const bool is_lost = next(pool).outcome == Outcome::worker_lost;
              for (int i = 0; i < 20; ++i) pool.submit(echo, {});
              pool.finish();
              int values = 0;
              while (const auto result = pool.collect(os::Deadline::never()))
                values += result->outcome == Outcome::value;
              return is_lost && values == 20;
            }),
            kSuccess);
}

TYPED_TEST(PoolDeaths, ReplacesWorkersWhileOtherThreadsAllocateAndPrint) {
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  EXPECT_EQ(in_child([] {
              const os::UniqueFd null(::open("/dev/null", O_WRONLY));
              ::dup2(null.get(), STDOUT_FILENO);
              std::atomic<bool> stop{false};
              std::thread prints([&] {
                while (!stop) {
                  std::printf("%s\n", std::string(100, 'x').c_str());
                  ::sched_yield();  // or it keeps stdout's lock, for which each fork waits
                }
              });
              std::thread allocates([&] {
                while (!stop) std::vector<std::string>(10, std::string(100, 'x')).clear();
              });
              const auto print = [](std::span<const std::byte>, Bytes&) {
                std::printf("%s", std::string(99, 'y').c_str());
              };
              constexpr int kDeaths = os::kSanitized ? 50 : 200;
              int lost = 0, fine = 0;
              TypeParam pool{{.workers = 2}};
              for (int i = 0; i < kDeaths; ++i) {
                pool.submit(die, wire::encode(SIGKILL));
                pool.submit(print, {});
              }
              while (const auto result = pool.collect(os::Deadline::never()))
                ++(result->outcome == Outcome::worker_lost ? lost : fine);
              stop = true;
              prints.join();
              allocates.join();
              return lost == kDeaths && fine == kDeaths;
            }),
            kSuccess);
}

TYPED_TEST(PoolDeaths, WhileNoProcessIsToBeHadTheOthersGoOn) {
  if (!kKeepsWorkers<TypeParam>) GTEST_SKIP() << kHasNoIdleWorkers;
  if (::geteuid() != 0)
    GTEST_SKIP() << "counts the processes of another user, for which it needs root";
  EXPECT_EQ(as_another_user([] {
              TypeParam pool{{.workers = 2}};
              allow_processes(1);
              pool.submit(die, wire::encode(SIGKILL));
              bool all = next(pool).outcome == Outcome::worker_lost;
              for (int i = 0; i < 50; ++i) pool.submit(echo, {});
              for (int i = 0; i < 50; ++i) all = all && next(pool).outcome == Outcome::value;
              allow_processes(100);
              // Both are there again: two tasks meet.
              pool.submit(wait_at_gate, {});
              pool.submit(wait_at_gate, {});
              while (board->running < 2) pool.collect(os::Deadline::after(1ms));
              board->gate = 1;
              pool.finish();
              return all;
            }),
            kSuccess);
}

}  // namespace
}  // namespace ipc
