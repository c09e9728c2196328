// Condition: who is let go by what, and what the dead leave to the living.
#include "ipc/sync/condition.hpp"

#include <chrono>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using SharedCount = os::SharedObject<std::atomic<int>>;

class ACondition : public test::LeavesNothing {
 protected:
  /// A child that waits, and whose wait has begun when this returns.
  os::Child waiter(std::function<bool()> wait) {
    const int before = *waiting_;
    auto child = test::beside([this, wait] {
      const std::lock_guard inside(lock_);
      ++*waiting_;
      const bool notified = wait();
      if (notified) ++*let_go_;
      return notified;
    });
    while (*waiting_ == before) ::sched_yield();
    // It gave the lock back, so it waits.
    const std::lock_guard inside(lock_);
    return child;
  }
  os::Child waiter() {
    return waiter([this] { return condition_.wait_for(1h); });
  }
  unsigned notify(unsigned count) {
    const std::lock_guard inside(lock_);
    return condition_.notify(count);
  }

  Lock lock_;
  Condition condition_{lock_};
  SharedCount waiting_{0}, let_go_{0};
};

TEST_F(ACondition, NotifyLetsGoAsManyAsItSaysThoseThatWaitedLongestFirst) {
  std::vector<os::Child> waiters;
  for (int i = 0; i < 5; ++i) waiters.push_back(waiter());
  EXPECT_EQ(notify(1), 1u);
  EXPECT_EQ(waiters[0].wait(), test::kSuccess);
  EXPECT_EQ(notify(2), 2u);
  EXPECT_EQ(waiters[1].wait(), test::kSuccess);
  EXPECT_EQ(waiters[2].wait(), test::kSuccess);
  EXPECT_FALSE(waiters[3].wait_until(os::Deadline::after(120ms)));  // longer than a nap
  EXPECT_EQ(*let_go_, 3);
  EXPECT_EQ(notify(7), 2u);
  for (auto& waiter : waiters) EXPECT_EQ(waiter.wait(), test::kSuccess);
}

TEST_F(ACondition, NotifyAllLetsEverybodyGo) {
  std::vector<os::Child> waiters;
  for (int i = 0; i < 5; ++i) waiters.push_back(waiter([this] { return condition_.wait(), true; }));
  {
    const std::lock_guard inside(lock_);
    EXPECT_EQ(condition_.notify_all(), 5u);
    EXPECT_EQ(*let_go_, 0);  // none before it has the lock
  }
  for (auto& waiter : waiters) EXPECT_EQ(waiter.wait(), test::kSuccess);
}

TEST_F(ACondition, ANotificationThatFindsNobodyIsForNobody) {
  EXPECT_EQ(notify(3), 0u);
  const std::lock_guard inside(lock_);
  EXPECT_FALSE(condition_.wait_for(1ms));
}

TEST_F(ACondition, ATimedWaitEndsAtItsDeadlineWithTheLockHeldAndNeverBeforeInSpiteOfHandlers) {
  const test::Interruptions interruptions;
  const std::lock_guard inside(lock_);
  for (const auto wait : {-1us, 0us, 1us, 70'000us}) {
    const auto start = os::Clock::now();
    EXPECT_FALSE(condition_.wait_for(wait));
    EXPECT_GE(os::Clock::now() - start, wait);
    EXPECT_TRUE(lock_.locked());
  }
  EXPECT_GT(interruptions.count(), 0);
}

TEST_F(ACondition, OneWhoseTimeRanOutTakesNoNotification) {
  auto late = waiter([this] { return !condition_.wait_for(1ms); });
  auto other = waiter();
  EXPECT_EQ(late.wait(), test::kSuccess);
  EXPECT_EQ(notify(1), 1u);
  EXPECT_EQ(other.wait(), test::kSuccess);
}

TEST_F(ACondition, WaitAndNotifyWithoutTheLockAreErrors) {
  EXPECT_THROW(condition_.notify(), std::logic_error);
  EXPECT_THROW(condition_.notify_all(), std::logic_error);
  EXPECT_THROW(condition_.wait(), std::logic_error);
  EXPECT_THROW(condition_.wait_for(1ms), std::logic_error);
  const std::lock_guard inside(lock_);
  EXPECT_EQ(test::in_child([&] {
              try {
                condition_.notify();
              } catch (const std::logic_error&) {
                return true;
              }
              return false;
            }),
            test::kSuccess);
}

TEST_F(ACondition, WaitsForAPredicate) {
  SharedCount value(0);
  auto peer = waiter([&] {
    condition_.wait([&] { return *value == 3; });
    return *value == 3;
  });
  auto timed = waiter([&] { return condition_.wait_for(1h, [&] { return *value >= 2; }); });
  for (int i = 1; i <= 3; ++i) {
    const std::lock_guard inside(lock_);
    value->store(i);
    condition_.notify_all();
  }
  EXPECT_EQ(peer.wait(), test::kSuccess);
  EXPECT_EQ(timed.wait(), test::kSuccess);
  const std::lock_guard inside(lock_);
  EXPECT_TRUE(condition_.wait_for(0s, [&] { return *value == 3; }));
  const auto start = os::Clock::now();
  EXPECT_FALSE(condition_.wait_for(5ms, [&] { return *value == 4; }));
  EXPECT_GE(os::Clock::now() - start, 5ms);
}

TEST_F(ACondition, LosesNoWakeUpBetweenManyProducersAndConsumers) {
  constexpr int kEach = 2000;
  SharedCount items(0);
  std::vector<os::Child> peers;
  for (int i = 0; i < 3; ++i) {
    peers.push_back(test::beside([&] {
      for (int k = 0; k < kEach; ++k) {
        const std::lock_guard inside(lock_);
        condition_.wait([&] { return *items > 0; });
        --*items;
      }
      return true;
    }));
    peers.push_back(test::beside([&] {
      for (int k = 0; k < kEach; ++k) {
        const std::lock_guard inside(lock_);
        ++*items;
        condition_.notify();
      }
      return true;
    }));
  }
  for (auto& peer : peers) EXPECT_EQ(peer.wait(), test::kSuccess);
  EXPECT_EQ(*items, 0);
}

TEST_F(ACondition, WaitersKilledWhileTheyWaitTakeNoNotificationFromTheLiving) {
  for (const bool is_reaped : {false, true}) {
    std::vector<os::Child> victims;
    for (int i = 0; i < 3; ++i) victims.push_back(waiter());
    auto other = waiter();
    for (auto& victim : victims) {
      victim.kill(SIGKILL);
      while (test::state_of(victim.pid()) != 'Z') ::sched_yield();
      if (is_reaped) victim.wait();
    }
    EXPECT_EQ(notify(1), 1u);
    EXPECT_EQ(other.wait(), test::kSuccess);
  }
}

TEST_F(ACondition, TheNextNotifyHandsOnWhatAKilledOneTook) {
  auto victim = waiter();
  auto first = waiter(), second = waiter();
  {
    const std::lock_guard inside(lock_);
    EXPECT_EQ(condition_.notify(), 1u);  // the victim, which cannot get the lock
    victim.kill(SIGKILL);
    victim.wait();
  }
  EXPECT_EQ(notify(1), 1u);
  EXPECT_EQ(first.wait(), test::kSuccess);
  EXPECT_EQ(second.wait(), test::kSuccess);
}

TEST_F(ACondition, AHoldersDeathIsReportedToAWaiterThatHoldsTheLockThen) {
  auto peer = waiter([this] {
    try {
      condition_.wait();
    } catch (const OwnerDied&) {
      return lock_.locked();  // and the guard around this call releases it
    }
    return false;
  });
  auto killed = os::Child::fork([this] {
    lock_.acquire();
    condition_.notify();
    return ::raise(SIGKILL);
  });
  EXPECT_EQ(peer.wait(), test::kSuccess);
  EXPECT_TRUE(lock_.try_acquire());
  lock_.release();
}

TEST_F(ACondition, TellsWhenTooManyWait) {
  // Threads of one child: as many processes would be too dear.
  EXPECT_EQ(test::in_child([this] {
              std::vector<std::thread> waiters;
              for (unsigned i = 0; i < WaitRoom::kMost; ++i)
                waiters.emplace_back([this] {
                  const std::lock_guard inside(lock_);
                  ++*waiting_;
                  condition_.wait();
                });
              while (*waiting_ < static_cast<int>(WaitRoom::kMost)) ::sched_yield();
              bool refused = false;
              {
                const std::lock_guard inside(lock_);
                refused = test::error_of([this] { condition_.wait(); }) == EAGAIN;
                condition_.notify_all();
              }
              for (auto& waiter : waiters) waiter.join();
              const std::lock_guard inside(lock_);
              return refused && !condition_.wait_for(1ms);
            }),
            test::kSuccess);
}

TEST_F(ACondition, KeepsToItsLockWhenThatIsMoved) {
  Lock moved = std::move(lock_);
  EXPECT_THROW(condition_.notify(), std::logic_error);
  const std::lock_guard inside(moved);
  EXPECT_EQ(condition_.notify(), 0u);
}

}  // namespace
}  // namespace ipc
