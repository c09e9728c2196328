// Lock and RLock: who may be inside, who may release, and what a dead holder leaves.
#include "ipc/sync/lock.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <vector>

#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"
#include "ipc/sync/rlock.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using SharedCount = os::SharedObject<std::atomic<int>>;

/// A process that was killed while it held the lock; not reaped yet.
template <class L>
os::Child dead_holder(L& lock) {
  SharedCount is_inside(0);
  auto holder = test::beside([&] {
    lock.acquire();
    is_inside->store(1);
    for (;;) ::pause();
    return false;
  });
  while (*is_inside == 0) ::sched_yield();
  holder.kill(SIGKILL);
  siginfo_t info{};
  os::check(::waitid(P_PID, static_cast<id_t>(holder.pid()), &info, WEXITED | WNOWAIT), "waitid");
  return holder;
}

template <class L>
class BothLocks : public test::LeavesNothing {};
struct LockName {
  template <class L>
  static std::string GetName(int) {
    return std::is_same_v<L, Lock> ? "Lock" : "RLock";
  }
};
using Locks = testing::Types<Lock, RLock>;
TYPED_TEST_SUITE(BothLocks, Locks, LockName);

TYPED_TEST(BothLocks, LetsOneProcessInsideAtATime) {
  TypeParam lock;
  os::SharedObject<int> count(0);  // plain: only the lock keeps its steps apart
  std::vector<os::Child> workers;
  for (int i = 0; i < 4; ++i)
    workers.push_back(test::beside([&] {
      for (int round = 0; round < 5000; ++round) {
        const std::lock_guard inside(lock);
        ++*count;
      }
      return true;
    }));
  for (auto& worker : workers) EXPECT_EQ(worker.wait(), test::kSuccess);
  EXPECT_EQ(*count, 20'000);
}

TYPED_TEST(BothLocks, BlocksAnotherUntilItIsReleased) {
  TypeParam lock;
  SharedCount released(0);
  lock.acquire();
  auto waiter = test::beside([&] {
    lock.acquire();
    return released->load() == 1;
  });
  test::until_asleep(waiter.pid());
  released->store(1);
  lock.release();
  // The waiter ended holding it.
  EXPECT_EQ(waiter.wait(), test::kSuccess);
  EXPECT_THROW(lock.acquire(), OwnerDied);
}

TYPED_TEST(BothLocks, ALockOfOneThatWasReapedIsFoundWithoutANap) {
  auto least = os::Duration::max();
  for (int i = 0; i < 20; ++i) {  // some on a machine that has time
    TypeParam lock;
    EXPECT_EQ(test::in_child([&] { return lock.acquire(), true; }), test::kSuccess);
    const auto start = os::Clock::now();
    EXPECT_THROW(lock.acquire(), OwnerDied);
    least = std::min<os::Duration>(least, os::Clock::now() - start);
  }
  EXPECT_LT(least, 25ms);
}

TYPED_TEST(BothLocks, ReleasingItWhenFreeIsAnError) {
  TypeParam lock;
  EXPECT_THROW(lock.release(), std::logic_error);
  lock.acquire();
  lock.release();
  EXPECT_THROW(lock.release(), std::logic_error);
  EXPECT_TRUE(lock.try_acquire());
  lock.release();
}

TYPED_TEST(BothLocks, ATimedAcquireGivesUpAtItsDeadlineAndNeverBefore) {
  TypeParam lock;
  const std::lock_guard inside(lock);
  EXPECT_EQ(test::in_child([&] {
              for (const auto wait : {1us, 999us, 120'000us}) {
                const auto start = os::Clock::now();
                if (lock.try_acquire_for(wait) || os::Clock::now() - start < wait) return false;
              }
              return !lock.try_acquire() && !lock.try_acquire_for(0s) && !lock.try_acquire_for(-1s);
            }),
            test::kSuccess);
}

TYPED_TEST(BothLocks, AReleaseEndsATimedAcquireHoweverFarItsDeadline) {
  for (const auto wait : {std::chrono::hours(1), std::chrono::hours::max()}) {
    TypeParam lock;
    lock.acquire();
    auto waiter = test::beside([&] {
      if (!lock.try_acquire_for(wait)) return false;
      lock.release();
      return true;
    });
    test::until_asleep(waiter.pid());
    lock.release();
    EXPECT_EQ(waiter.wait(), test::kSuccess);
  }
}

TYPED_TEST(BothLocks, ASignalHandlerDoesNotEndAWaitEarly) {
  TypeParam lock;
  const std::lock_guard inside(lock);
  EXPECT_EQ(test::in_child([&] {
              const test::Interruptions interruptions;
              const auto start = os::Clock::now();
              return !lock.try_acquire_for(20ms) && os::Clock::now() - start >= 20ms &&
                     interruptions.count() > 0;
            }),
            test::kSuccess);
}

TYPED_TEST(BothLocks, OneAcquireAfterAHoldersDeathSaysSoAndTheNextServesAsBefore) {
  TypeParam lock;
  for (int round = 0; round < 3; ++round) {
    const auto holder = dead_holder(lock);
    EXPECT_THROW(lock.acquire(), OwnerDied);
    EXPECT_TRUE(lock.try_acquire());
    EXPECT_EQ(test::in_child([&] { return !lock.try_acquire(); }), test::kSuccess);
    lock.release();
  }
}

TYPED_TEST(BothLocks, ATryAndATimedAcquireSeeTheDeathAsWell) {
  TypeParam lock;
  {
    const auto holder = dead_holder(lock);
    EXPECT_THROW(std::ignore = lock.try_acquire(), OwnerDied);
  }
  {
    const auto holder = dead_holder(lock);
    EXPECT_THROW(std::ignore = lock.try_acquire_for(1h), OwnerDied);
  }
  dead_holder(lock).wait();
  EXPECT_THROW(std::ignore = lock.try_acquire(), OwnerDied);
  EXPECT_TRUE(lock.try_acquire());
  lock.release();
}

TYPED_TEST(BothLocks, AHoldersDeathEndsAWaitThatHadBegun) {
  TypeParam lock;
  SharedCount is_inside(0);
  auto holder = test::beside([&] {
    lock.acquire();
    is_inside->store(1);
    for (;;) ::pause();
    return false;
  });
  while (*is_inside == 0) ::sched_yield();
  auto waiter = test::beside([&] {
    try {
      lock.acquire();
    } catch (const OwnerDied&) {
      return true;
    }
    return false;
  });
  test::until_asleep(waiter.pid());
  holder.kill(SIGKILL);
  EXPECT_EQ(waiter.wait(), test::kSuccess);
  EXPECT_TRUE(lock.try_acquire());
  lock.release();
}

TYPED_TEST(BothLocks, WaitersKilledAtAnyMomentLeaveItUsable) {
  TypeParam lock;
  for (int round = 0; round < 10; ++round) {
    lock.acquire();
    auto victim = test::beside([&] { return lock.acquire(), true; });
    auto other = test::beside([&] {
      for (;;) try {
          const std::lock_guard inside(lock);
          return true;
        } catch (const OwnerDied&) {
        }
    });
    if (round % 2) test::until_asleep(victim.pid());
    lock.release();
    victim.kill(SIGKILL);
    EXPECT_EQ(other.wait(), test::kSuccess);
    victim.wait();
    try {
      lock.acquire();
    } catch (const OwnerDied&) {
      lock.acquire();
    }
    lock.release();
  }
}

TYPED_TEST(BothLocks, IsALockToTheStandardLibrary) {
  TypeParam lock;
  {
    std::unique_lock inside(lock, std::defer_lock);
    EXPECT_TRUE(inside.try_lock_for(1s));
    EXPECT_EQ(test::in_child([&] { return !lock.try_lock(); }), test::kSuccess);
  }
  TypeParam other;
  const std::scoped_lock both(lock, other);
  EXPECT_EQ(test::in_child([&] { return !lock.try_lock() && !other.try_lock(); }), test::kSuccess);
}

TYPED_TEST(BothLocks, AChildThatDestroysItsCopyLeavesTheOthersIntact) {
  std::optional<TypeParam> lock(std::in_place);
  lock->acquire();
  EXPECT_EQ(test::in_child([&] { return lock.reset(), true; }), test::kSuccess);
  EXPECT_EQ(test::in_child([&] { return !lock->try_acquire(); }), test::kSuccess);
  lock->release();
}

using TheLock = test::LeavesNothing;

TEST_F(TheLock, MayBeReleasedByAnotherProcessThanTheOneThatAcquiredIt) {
  Lock lock;
  lock.acquire();
  EXPECT_EQ(test::in_child([&] { return lock.release(), true; }), test::kSuccess);
  EXPECT_FALSE(lock.locked());
  EXPECT_TRUE(lock.try_acquire());
}

TEST_F(TheLock, IsNotRecursive) {
  Lock lock;
  lock.acquire();
  EXPECT_FALSE(lock.try_acquire());
  EXPECT_FALSE(lock.try_acquire_for(1ms));
}

TEST_F(TheLock, CanBeTakenFromADeadHolderAndKept) {
  Lock lock;
  EXPECT_EQ(lock.take_until(os::Deadline::now()), Taken::kYes);
  EXPECT_EQ(lock.take_until(os::Deadline::now()), Taken::kNo);
  lock.release();
  const auto holder = dead_holder(lock);
  EXPECT_EQ(lock.take_until(os::Deadline::never()), Taken::kAfterDeath);
  EXPECT_EQ(test::in_child([&] { return !lock.try_acquire(); }), test::kSuccess);
  lock.release();
  EXPECT_TRUE(lock.try_acquire());
}

TEST_F(TheLock, OfADeadHolderCanBeReleasedByTheLiving) {
  Lock lock;
  const auto holder = dead_holder(lock);
  lock.release();
  EXPECT_TRUE(lock.try_acquire());
}

TEST_F(TheLock, StaysHeldWhenAThreadOfItsProcessEnds) {
  Lock lock;
  std::thread([&] { lock.acquire(); }).join();
  EXPECT_FALSE(lock.try_acquire());
  EXPECT_EQ(test::in_child([&] { return !lock.try_acquire(); }), test::kSuccess);
  lock.release();
}

TEST_F(TheLock, StaysHeldWhileAnyThreadOfItsProcessLives) {
  Lock lock;
  auto holder = test::beside([&] {
    lock.acquire();
    std::thread([] {
      for (;;) ::pause();
    }).detach();
    ::syscall(SYS_exit, 0);  // this thread alone
    return false;
  });
  while (test::state_of(holder.pid()) != 'Z') ::sched_yield();
  EXPECT_FALSE(lock.try_acquire_for(60ms));
  holder.kill(SIGKILL);
  EXPECT_THROW(lock.acquire(), OwnerDied);
}

TEST_F(TheLock, MovesAndTakesTheOldOnesPlace) {
  Lock first;
  first.acquire();
  Lock second{std::move(first)};
  EXPECT_TRUE(second.locked());
  first = Lock{};
  EXPECT_FALSE(first.locked());
}

using TheRLock = test::LeavesNothing;

TEST_F(TheRLock, MayBeAcquiredAgainByItsOwnerAndIsFreeAfterAsManyReleases) {
  RLock lock;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(lock.try_acquire());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(test::in_child([&] { return !lock.try_acquire(); }), test::kSuccess);
    lock.release();
  }
  EXPECT_EQ(test::in_child([&] {
              const std::lock_guard inside(lock);
              return true;
            }),
            test::kSuccess);
  EXPECT_THROW(lock.release(), std::logic_error);
}

TEST_F(TheRLock, MayBeReleasedByItsOwnerOnly) {
  RLock lock;
  const std::lock_guard inside(lock);
  const auto is_refused = [&] {
    try {
      lock.release();
    } catch (const std::logic_error&) {
      return true;
    }
    return false;
  };
  EXPECT_EQ(test::in_child(is_refused), test::kSuccess);
  bool refused = false;
  std::thread([&] { refused = is_refused(); }).join();
  EXPECT_TRUE(refused);
}

TEST_F(TheRLock, BelongsToAThreadWhoseEndItReports) {
  RLock lock;
  std::thread([&] { lock.acquire(); }).join();
  EXPECT_THROW(lock.acquire(), OwnerDied);
  EXPECT_TRUE(lock.try_acquire());
  lock.release();
}

}  // namespace
}  // namespace ipc
