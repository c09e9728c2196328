// BoundedSemaphore and Event.
#include <chrono>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"
#include "ipc/sync/bounded_semaphore.hpp"
#include "ipc/sync/event.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using SharedCount = os::SharedObject<std::atomic<int>>;

using ABoundedSemaphore = test::LeavesNothing;

TEST_F(ABoundedSemaphore, RefusesAReleaseAboveItsStartValueAndStaysUsable) {
  BoundedSemaphore semaphore{2};
  EXPECT_THROW(semaphore.release(), std::logic_error);
  semaphore.acquire();
  EXPECT_EQ(test::in_child([&] { return semaphore.release(), true; }), test::kSuccess);
  EXPECT_THROW(semaphore.release(), std::logic_error);
  EXPECT_EQ(semaphore.value(), 2u);
}

TEST_F(ABoundedSemaphore, CountsAsItSays) {
  BoundedSemaphore semaphore{2};
  EXPECT_TRUE(semaphore.try_acquire());
  EXPECT_EQ(test::in_child([&] { return semaphore.try_acquire_for(1h); }), test::kSuccess);
  EXPECT_EQ(semaphore.value(), 0u);
  EXPECT_FALSE(semaphore.try_acquire());
  EXPECT_FALSE(semaphore.try_acquire_for(0s));
  EXPECT_FALSE(semaphore.try_acquire_for(-1s));
  semaphore.release();
  EXPECT_EQ(semaphore.value(), 1u);
}

TEST_F(ABoundedSemaphore, BlocksAtZeroUntilARelease) {
  BoundedSemaphore semaphore;
  SharedCount released(0);
  semaphore.acquire();
  auto waiter = test::beside([&] {
    semaphore.acquire();
    return released->load() == 1;
  });
  test::until_asleep(waiter.pid());
  released->store(1);
  semaphore.release();
  EXPECT_EQ(waiter.wait(), test::kSuccess);
}

TEST_F(ABoundedSemaphore, ATimedAcquireGivesUpAtItsDeadlineAndNeverBeforeInSpiteOfHandlers) {
  BoundedSemaphore semaphore{0};
  const test::Interruptions interruptions;
  const auto start = os::Clock::now();
  EXPECT_FALSE(semaphore.try_acquire_for(20ms));
  EXPECT_GE(os::Clock::now() - start, 20ms);
  EXPECT_GT(interruptions.count(), 0);
}

TEST_F(ABoundedSemaphore, RefusesANegativeOrTooLargeCount) {
  EXPECT_EQ(test::error_of([] { BoundedSemaphore semaphore{-1}; }), EINVAL);
  EXPECT_EQ(test::error_of([] { BoundedSemaphore semaphore{std::ptrdiff_t{1} << 31}; }), EINVAL);
}

TEST_F(ABoundedSemaphore, IsALockToTheStandardLibrary) {
  BoundedSemaphore semaphore{1};
  {
    const std::lock_guard inside(semaphore);
    EXPECT_EQ(semaphore.value(), 0u);
  }
  std::unique_lock inside(semaphore, std::defer_lock);
  EXPECT_TRUE(inside.try_lock_for(1s));
}

TEST_F(ABoundedSemaphore, WaitersKilledAtAnyMomentLeaveEveryUnitInside) {
  BoundedSemaphore semaphore{1};
  semaphore.acquire();
  for (int i = 0; i < 10; ++i) {
    auto waiter = test::beside([&] { return semaphore.acquire(), true; });
    if (i % 2) test::until_asleep(waiter.pid());
    waiter.kill(SIGKILL);
    waiter.wait();
  }
  semaphore.release();
  EXPECT_EQ(test::in_child([&] { return semaphore.acquire(), true; }), test::kSuccess);
}

using AnEvent = test::LeavesNothing;

TEST_F(AnEvent, IsClearAtFirstAndAsItWasLastChanged) {
  Event event;
  EXPECT_FALSE(event.is_set());
  EXPECT_EQ(test::in_child([&] { return event.set(), event.set(), true; }), test::kSuccess);
  EXPECT_TRUE(event.is_set());
  event.wait();
  EXPECT_TRUE(event.wait_for(0s));
  EXPECT_EQ(test::in_child([&] { return event.clear(), event.clear(), true; }), test::kSuccess);
  EXPECT_FALSE(event.is_set());
  EXPECT_FALSE(event.wait_for(0s));
  EXPECT_FALSE(event.wait_for(-1s));
}

TEST_F(AnEvent, LetsEveryWaiterGoWhenItIsSet) {
  Event event;
  SharedCount is_set(0);
  std::vector<os::Child> waiters;
  for (const auto wait : {std::chrono::hours(1), std::chrono::hours::max()})
    for (int i = 0; i < 2; ++i)
      waiters.push_back(test::beside([&, wait] { return event.wait_for(wait) && *is_set == 1; }));
  waiters.push_back(test::beside([&] { return event.wait(), *is_set == 1; }));
  for (const auto& waiter : waiters) test::until_asleep(waiter.pid());
  is_set->store(1);
  event.set();
  for (auto& waiter : waiters) EXPECT_EQ(waiter.wait(), test::kSuccess);
}

TEST_F(AnEvent, LetsGoAlsoWhoCouldNotLookBeforeItWasClearedAgain) {
  Event event;
  auto waiter = test::beside([&] { return event.wait(), true; });
  // Once is enough, unless it was so slow that its wait had not begun.
  while (!waiter.try_wait()) {
    test::until_asleep(waiter.pid());
    waiter.kill(SIGSTOP);
    for (char state = 0; state != 'T' && state != 'Z';) state = test::state_of(waiter.pid());
    event.set();
    event.clear();
    waiter.kill(SIGCONT);
  }
  EXPECT_EQ(waiter.wait(), test::kSuccess);
}

TEST_F(AnEvent, ATimedWaitEndsAtItsDeadlineAndNeverBeforeInSpiteOfHandlers) {
  Event event;
  const test::Interruptions interruptions;
  const auto start = os::Clock::now();
  EXPECT_FALSE(event.wait_for(std::chrono::duration<double>(0.0205)));
  EXPECT_GE(os::Clock::now() - start, 20'500us);
  EXPECT_GT(interruptions.count(), 0);
}

TEST_F(AnEvent, IsNotHurtByWaitersSettersAndClearersThatAreKilled) {
  Event event;
  for (int round = 0; round < 10; ++round) {
    auto victim = test::beside([&] { return event.wait(), true; });
    auto setter = test::beside([&] {
      for (;;) {
        event.set();
        event.clear();
      }
      return false;
    });
    auto other = test::beside([&] { return event.wait(), true; });
    if (round % 2) test::until_asleep(victim.pid());
    victim.kill(SIGKILL);
    setter.kill(SIGKILL);
    victim.wait();
    setter.wait();
    event.clear();
    event.set();
    EXPECT_EQ(other.wait(), test::kSuccess);
    event.clear();
    EXPECT_FALSE(event.is_set());
  }
}

TEST_F(AnEvent, ShowsWhatWasWrittenBeforeItWasSet) {
  Event go, done;
  os::SharedObject<int> value(0);  // plain: only the events order its uses
  auto peer = test::beside([&] {
    for (int i = 1; i <= 1000; ++i) {
      go.wait();
      go.clear();
      *value += i;
      done.set();
    }
    return true;
  });
  for (int i = 1; i <= 1000; ++i) {
    const int before = *value;
    go.set();
    done.wait();
    done.clear();
    ASSERT_EQ(*value, before + i);
  }
  EXPECT_EQ(peer.wait(), test::kSuccess);
}

TEST_F(AnEvent, ServesTheThreadsOfOneProcessAndAChildThatDestroysItsCopyLeavesItIntact) {
  std::optional<Event> event(std::in_place);
  EXPECT_EQ(test::in_child([&] { return event.reset(), true; }), test::kSuccess);
  std::thread waiter([&] { event->wait(); });
  event->set();
  waiter.join();
}

}  // namespace
}  // namespace ipc
