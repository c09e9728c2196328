// The contract of a semaphore, kept by every backend, and the typed Semaphore on top.
#include "ipc/semaphore/semaphore.hpp"

#include <array>
#include <climits>
#include <mutex>
#include <thread>

#include "ipc/backends.hpp"
#include "ipc/os/cpu.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using SharedFlag = os::SharedObject<std::atomic<bool>>;
using SharedCount = os::SharedObject<std::atomic<int>>;

int error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::system_error& error) {
    return error.code().value();
  }
  return 0;
}

/// How many can be taken without waiting; takes them.
template <class S>
int drain(S& semaphore) {
  int count = 0;
  while (semaphore.try_acquire()) ++count;
  return count;
}

template <class S>
using SemaphoreConformance = test::Conformance<S>;
using Types = Semaphores::Apply<testing::Types>;
TYPED_TEST_SUITE(SemaphoreConformance, Types, test::BackendName);

TYPED_TEST(SemaphoreConformance, AcquireBlocksWhileTheCountIsZeroUntilAReleaseWakesIt) {
  TypeParam semaphore(0);
  SharedFlag released(false);
  auto waiter = test::beside([&] {
    semaphore.acquire();
    return released->load();
  });
  test::until_asleep(waiter.pid());
  released->store(true);
  semaphore.release();
  EXPECT_EQ(waiter.wait(), test::kSuccess);
}

TYPED_TEST(SemaphoreConformance, TryAcquireTakesOneOrGivesFalseAtZero) {
  TypeParam semaphore(2);
  EXPECT_TRUE(semaphore.try_acquire());
  EXPECT_TRUE(semaphore.try_acquire());
  EXPECT_FALSE(semaphore.try_acquire());
}

TYPED_TEST(SemaphoreConformance, ATimedAcquireGivesUpAtItsDeadlineAndNeverBefore) {
  TypeParam semaphore(0);
  for (const auto wait : {1us, 999us, 20'000us}) {
    const auto start = os::Clock::now();
    EXPECT_FALSE(semaphore.acquire_until(os::Deadline::after(wait)));
    EXPECT_GE(os::Clock::now() - start, wait);
  }
  EXPECT_FALSE(semaphore.acquire_until(os::Deadline::now()));
}

TYPED_TEST(SemaphoreConformance, ATimedAcquireTakesWhatIsThereAlsoAfterItsDeadline) {
  TypeParam semaphore(3);
  EXPECT_TRUE(semaphore.acquire_until(os::Deadline::now()));
  EXPECT_TRUE(semaphore.acquire_until(os::Deadline::after(-1s)));
  EXPECT_TRUE(semaphore.acquire_until(os::Deadline::never()));
  EXPECT_EQ(drain(semaphore), 0);
}

TYPED_TEST(SemaphoreConformance, AReleaseEndsATimedAcquireHoweverFarItsDeadline) {
  const std::array deadlines{os::Deadline::after(30s), os::Deadline::after(24h * 365 * 250),
                             os::Deadline::after(std::chrono::hours::max()), os::Deadline::never()};
  for (const auto& deadline : deadlines) {
    TypeParam semaphore(0);
    auto waiter = test::beside([&] { return semaphore.acquire_until(deadline); });
    test::until_asleep(waiter.pid());
    semaphore.release();
    EXPECT_EQ(waiter.wait(), test::kSuccess);
  }
}

TYPED_TEST(SemaphoreConformance, AnyProcessMayReleaseAlsoOneThatNeverAcquired) {
  TypeParam semaphore(0);
  EXPECT_EQ(test::in_child([&] {
              semaphore.release();
              semaphore.release();
              return true;
            }),
            test::kSuccess);
  EXPECT_EQ(drain(semaphore), 2);
}

TYPED_TEST(SemaphoreConformance, NeverLetsMoreThanItsCountInside) {
  TypeParam semaphore(3);
  SharedCount inside(0), most(0);
  std::vector<os::Child> workers;
  for (int i = 0; i < 10; ++i)
    workers.push_back(test::beside([&] {
      for (int round = 0; round < 200; ++round) {
        semaphore.acquire();
        const int now = ++*inside;
        for (int seen = *most; seen < now && !most->compare_exchange_weak(seen, now);) {
        }
        if (round % 10 == 0) ::sched_yield();
        --*inside;
        semaphore.release();
      }
      return true;
    }));
  for (auto& worker : workers) EXPECT_EQ(worker.wait(), test::kSuccess);
  EXPECT_GE(*most, 1);
  EXPECT_LE(*most, 3);
  EXPECT_EQ(drain(semaphore), 3);
}

TYPED_TEST(SemaphoreConformance, LosesNoReleaseBetweenManyGiversAndTakers) {
  constexpr int kEach = 5000;
  TypeParam semaphore(0);
  std::vector<os::Child> peers;
  for (int i = 0; i < 3; ++i) {
    peers.push_back(test::beside([&] {
      for (int k = 0; k < kEach; ++k) semaphore.acquire();
      return true;
    }));
    peers.push_back(test::beside([&] {
      for (int k = 0; k < kEach; ++k) semaphore.release();
      return true;
    }));
  }
  for (auto& peer : peers) EXPECT_EQ(peer.wait(), test::kSuccess);
  EXPECT_EQ(drain(semaphore), 0);
}

TYPED_TEST(SemaphoreConformance, RefusesToGoBeyondItsLargestCountAndStaysUsable) {
  if (!TypeParam::kChecksOverflow) GTEST_SKIP() << "the mechanism cannot tell";
  TypeParam semaphore(TypeParam::kMaxCount);
  EXPECT_EQ(error_of([&] { semaphore.release(); }), EOVERFLOW);
  if (TypeParam::kHasValue) {
    EXPECT_EQ(semaphore.value(), TypeParam::kMaxCount);
  }
  semaphore.acquire();
  semaphore.release();
  EXPECT_EQ(error_of([&] { semaphore.release(); }), EOVERFLOW);
}

TYPED_TEST(SemaphoreConformance, RefusesAStartValueAboveItsLargest) {
  if (TypeParam::kMaxCount == UINT_MAX) GTEST_SKIP() << "there is none above it";
  EXPECT_EQ(error_of([] { TypeParam semaphore(TypeParam::kMaxCount + 1); }), EINVAL);
  EXPECT_EQ(error_of([] { TypeParam semaphore(UINT_MAX); }), EINVAL);
}

TYPED_TEST(SemaphoreConformance, ValueIsTheExactCount) {
  if (!TypeParam::kHasValue) GTEST_SKIP() << "the mechanism does not show its count";
  TypeParam semaphore(2);
  EXPECT_EQ(semaphore.value(), 2u);
  semaphore.acquire();
  EXPECT_EQ(semaphore.value(), 1u);
  EXPECT_TRUE(semaphore.try_acquire());
  EXPECT_FALSE(semaphore.try_acquire());
  EXPECT_EQ(semaphore.value(), 0u);
  for (unsigned count = 1; count <= 4; ++count) {
    EXPECT_EQ(test::in_child([&] { return semaphore.release(), true; }), test::kSuccess);
    EXPECT_EQ(semaphore.value(), count);
  }
}

TYPED_TEST(SemaphoreConformance, ASignalHandlerDoesNotEndAWaitEarly) {
  TypeParam semaphore(0);
  const test::Interruptions interruptions;
  const auto start = os::Clock::now();
  EXPECT_FALSE(semaphore.acquire_until(os::Deadline::after(20ms)));
  EXPECT_GE(os::Clock::now() - start, 20ms);
  EXPECT_GT(interruptions.count(), 0);

  SharedFlag released(false);
  auto giver = test::beside([&] {
    interruptions.wait_for(5);
    released->store(true);
    semaphore.release();
    return true;
  });
  semaphore.acquire();
  EXPECT_TRUE(*released);
  EXPECT_EQ(giver.wait(), test::kSuccess);
}

TYPED_TEST(SemaphoreConformance, AChildThatDestroysItsCopyLeavesTheOthersIntact) {
  std::optional<TypeParam> semaphore(std::in_place, 1);
  auto waiter = test::beside([&] {
    semaphore->acquire();
    semaphore->acquire();
    return true;
  });
  EXPECT_EQ(test::in_child([&] { return semaphore.reset(), true; }), test::kSuccess);
  semaphore->release();
  EXPECT_EQ(waiter.wait(), test::kSuccess);
}

TYPED_TEST(SemaphoreConformance, LeavesNoNameBehindWhenItsOwnerIsKilled) {
  auto owner = os::Child::fork([] {
    TypeParam semaphore(1);
    return ::raise(SIGKILL);
  });
  EXPECT_EQ(owner.wait().signal(), SIGKILL);
  EXPECT_EQ(test::leaves_until_reclaimed(owner.pid()), TypeParam::kNeedsReclaim);
}

TYPED_TEST(SemaphoreConformance, AWaiterKilledWhileItIsWokenTakesNothingFromTheOthers) {
  if (!TypeParam::kSurvivesKill) GTEST_SKIP() << "not promised";
  const std::vector one_cpu{os::allowed_cpus().front().id};
  for (int round = 0; round < 5; ++round) {
    TypeParam semaphore(0);
    SharedFlag acquired(false);
    // It waits first, so it is woken; but it cannot run while the killer does.
    auto victim = test::beside([&] {
      os::pin(one_cpu);
      const sched_param none{};
      os::check(::sched_setscheduler(0, SCHED_BATCH, &none), "sched_setscheduler");
      semaphore.acquire();
      acquired->store(true);
      return true;
    });
    test::until_asleep(victim.pid());
    auto other = test::beside([&] { return semaphore.acquire(), true; });
    test::until_asleep(other.pid());
    EXPECT_EQ(test::in_child([&] {
                os::pin(one_cpu);
                semaphore.release();
                return ::kill(victim.pid(), SIGKILL) == 0;
              }),
              test::kSuccess);
    victim.wait();
    if (*acquired) semaphore.release();  // it came first all the same
    EXPECT_EQ(other.wait(), test::kSuccess);
    EXPECT_EQ(drain(semaphore), 0);
  }
}

TYPED_TEST(SemaphoreConformance, WaitersKilledAtAnyMomentLeaveEveryUnitInside) {
  if (!TypeParam::kSurvivesKill) GTEST_SKIP() << "not promised";
  TypeParam semaphore(0);
  for (int i = 0; i < 20; ++i) {
    auto waiter = test::beside([&] { return semaphore.acquire(), true; });
    if (i % 2) test::until_asleep(waiter.pid());
    waiter.kill(SIGKILL);
    waiter.wait();
  }
  for (int i = 0; i < 5; ++i) semaphore.release();
  EXPECT_EQ(test::in_child([&] {
              for (int i = 0; i < 5; ++i) semaphore.acquire();
              return true;
            }),
            test::kSuccess);
}

TYPED_TEST(SemaphoreConformance, AnExecutedProgramSeesNoDescriptor) {
  const auto before = test::descriptors_of_a_program();
  const TypeParam semaphore(1);
  EXPECT_EQ(test::descriptors_of_a_program(), before);
}

TYPED_TEST(SemaphoreConformance, ServesTheThreadsOfOneProcess) {
  TypeParam ping(0), pong(0);
  std::thread peer([&] {
    for (int i = 0; i < 1000; ++i) {
      ping.acquire();
      pong.release();
    }
  });
  for (int i = 0; i < 1000; ++i) {
    ping.release();
    pong.acquire();
  }
  peer.join();
  EXPECT_EQ(drain(ping) + drain(pong), 0);
}

using PipeTokens = test::LeavesNothing;

TEST_F(PipeTokens, SaysWhenThePipeIsFullAndLosesNothing) {
  PipeTokenSemaphore semaphore(PipeTokenSemaphore::kMaxCount);
  int error = 0;
  while ((error = error_of([&] { semaphore.release(); })) == 0) {
  }
  EXPECT_EQ(error, EOVERFLOW);
  const unsigned full = semaphore.value();
  EXPECT_GE(full, PipeTokenSemaphore::kMaxCount);
  EXPECT_EQ(drain(semaphore), static_cast<int>(full));
}

using TypedSemaphore = test::LeavesNothing;

TEST_F(TypedSemaphore, CountsAsItSays) {
  Semaphore semaphore{3};
  EXPECT_EQ(semaphore.value(), 3u);
  semaphore.acquire();
  EXPECT_EQ(test::in_child([&] { return semaphore.try_acquire(); }), test::kSuccess);
  EXPECT_EQ(semaphore.value(), 1u);
  semaphore.release();
  EXPECT_EQ(semaphore.value(), 2u);
}

TEST_F(TypedSemaphore, RefusesANegativeOrTooLargeCount) {
  EXPECT_EQ(error_of([] { Semaphore semaphore{-1}; }), EINVAL);
  EXPECT_EQ(error_of([] { Semaphore semaphore{std::ptrdiff_t{1} << 31}; }), EINVAL);
  EXPECT_EQ(error_of([] { Semaphore<BoostSemaphore> semaphore{-1}; }), EINVAL);
}

TEST_F(TypedSemaphore, WhatAKilledProcessTookStaysTakenUntilSomebodyElseGivesIt) {
  Semaphore semaphore{1};
  auto owner = os::Child::fork([&] {
    semaphore.acquire();
    return ::raise(SIGKILL);
  });
  EXPECT_EQ(owner.wait().signal(), SIGKILL);
  EXPECT_EQ(semaphore.value(), 0u);
  EXPECT_FALSE(semaphore.try_acquire_for(1ms));
  semaphore.release();
  EXPECT_TRUE(semaphore.try_acquire());
}

TEST_F(TypedSemaphore, RefusesAReleaseAtItsLargestCount) {
  Semaphore semaphore{PosixSemaphore::kMaxCount};
  EXPECT_EQ(error_of([&] { semaphore.release(); }), EOVERFLOW);
  EXPECT_EQ(semaphore.value(), PosixSemaphore::kMaxCount);
}

TEST_F(TypedSemaphore, ATimedAcquireOfZeroOrLessIsOneTry) {
  Semaphore semaphore{1};
  EXPECT_TRUE(semaphore.try_acquire_for(0s));
  EXPECT_FALSE(semaphore.try_acquire_for(0s));
  EXPECT_FALSE(semaphore.try_acquire_for(-1s));
  EXPECT_FALSE(semaphore.try_acquire_for(std::chrono::duration<double>(-0.5)));
}

TEST_F(TypedSemaphore, WaitsForAnyDurationAndNeverLess) {
  Semaphore semaphore{0};
  const auto start = os::Clock::now();
  EXPECT_FALSE(semaphore.try_acquire_for(std::chrono::duration<double>(0.0125)));
  EXPECT_GE(os::Clock::now() - start, 12'500us);
  semaphore.release();
  EXPECT_TRUE(semaphore.try_acquire_for(std::chrono::hours::max()));
}

TEST_F(TypedSemaphore, IsALockToTheStandardLibrary) {
  Semaphore semaphore{1};
  {
    const std::lock_guard inside(semaphore);
    EXPECT_EQ(semaphore.value(), 0u);
  }
  std::unique_lock inside(semaphore, std::defer_lock);
  EXPECT_TRUE(inside.try_lock_for(1s));
  EXPECT_EQ(test::in_child([&] { return !semaphore.try_lock(); }), test::kSuccess);
}

TEST_F(TypedSemaphore, MovesAndTakesTheOldOnesPlace) {
  Semaphore first{2};
  Semaphore second{std::move(first)};
  EXPECT_EQ(second.value(), 2u);
  first = Semaphore{5};
  EXPECT_EQ(first.value(), 5u);
}

TEST_F(TypedSemaphore, RunsOverAnyBackend) {
  Semaphore<BoostSemaphore> semaphore{1};
  EXPECT_EQ(test::in_child([&] { return semaphore.try_acquire_for(1s); }), test::kSuccess);
  EXPECT_FALSE(semaphore.try_acquire());
}

}  // namespace
}  // namespace ipc
