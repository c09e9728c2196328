// Barrier: passing together, and all the ways to break.
#include "ipc/sync/barrier.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using SharedCount = os::SharedObject<std::atomic<int>>;
using ABarrier = test::LeavesNothing;

bool is_broken_for(const std::function<void()>& wait) {
  try {
    wait();
  } catch (const BrokenBarrier&) {
    return true;
  }
  return false;
}

/// A child that gets BrokenBarrier, and waits by now.
os::Child broken_waiter(Barrier& barrier) {
  const unsigned before = barrier.waiting();
  auto child = test::beside([&] { return is_broken_for([&] { barrier.wait(); }); });
  while (barrier.waiting() == before) ::sched_yield();
  return child;
}

TEST_F(ABarrier, LetsNobodyPassBeforeAllHaveComeThroughAThousandRounds) {
  constexpr int kParties = 3, kRounds = 1000;
  Barrier barrier{kParties};
  SharedCount come(0);
  const auto party = [&] {
    for (int round = 1; round <= kRounds; ++round) {
      ++*come;
      barrier.wait();
      const int seen = *come;
      if (seen < round * kParties || seen >= (round + 1) * kParties) return false;
    }
    return true;
  };
  std::vector<os::Child> peers;
  for (int i = 1; i < kParties; ++i) peers.push_back(test::beside(party));
  EXPECT_TRUE(party());
  for (auto& peer : peers) EXPECT_EQ(peer.wait(), test::kSuccess);
  EXPECT_FALSE(barrier.broken());
  EXPECT_EQ(barrier.waiting(), 0u);
}

TEST_F(ABarrier, GivesEachPartyItsOwnIndex) {
  Barrier barrier{4};
  SharedCount indices(0);
  std::vector<os::Child> peers;
  for (int i = 0; i < 3; ++i)
    peers.push_back(test::beside([&] {
      indices->fetch_or(1 << barrier.wait());
      return true;
    }));
  while (barrier.waiting() < 3) ::sched_yield();
  EXPECT_EQ(barrier.wait(), 3u);  // the last
  for (auto& peer : peers) EXPECT_EQ(peer.wait(), test::kSuccess);
  EXPECT_EQ(*indices, 0b0111);
}

TEST_F(ABarrier, OfOneLetsPassAtOnce) {
  Barrier barrier{1};
  EXPECT_EQ(barrier.wait(), 0u);
  EXPECT_EQ(barrier.wait_for(0s), 0u);
}

TEST_F(ABarrier, BreaksForAllWhenTheTimeOfOneRunsOutAndNeverBeforeInSpiteOfHandlers) {
  Barrier barrier{3};
  auto other = broken_waiter(barrier);
  const test::Interruptions interruptions;
  const auto start = os::Clock::now();
  EXPECT_THROW(barrier.wait_for(20ms), BrokenBarrier);
  EXPECT_GE(os::Clock::now() - start, 20ms);
  EXPECT_GT(interruptions.count(), 0);
  EXPECT_EQ(other.wait(), test::kSuccess);
  EXPECT_TRUE(barrier.broken());
  EXPECT_THROW(barrier.wait(), BrokenBarrier);
}

TEST_F(ABarrier, BreaksForAllWhenItIsAborted) {
  Barrier barrier{3};
  auto one = broken_waiter(barrier), two = broken_waiter(barrier);
  EXPECT_EQ(test::in_child([&] { return barrier.abort(), true; }), test::kSuccess);
  EXPECT_EQ(one.wait(), test::kSuccess);
  EXPECT_EQ(two.wait(), test::kSuccess);
  EXPECT_TRUE(barrier.broken());
  EXPECT_EQ(barrier.waiting(), 0u);
  EXPECT_THROW(barrier.wait(), BrokenBarrier);
}

TEST_F(ABarrier, ServesAsNewAfterAReset) {
  Barrier barrier{2};
  auto waiter = broken_waiter(barrier);
  barrier.reset();
  EXPECT_EQ(waiter.wait(), test::kSuccess);
  for (int round = 0; round < 3; ++round) {
    EXPECT_FALSE(barrier.broken());
    auto peer = test::beside([&] { return barrier.wait_for(1h) < 2; });
    EXPECT_LT(barrier.wait(), 2u);
    EXPECT_EQ(peer.wait(), test::kSuccess);
    barrier.abort();
    barrier.reset();
  }
}

TEST_F(ABarrier, APartyThatPassedIsNotTouchedByALaterReset) {
  Barrier barrier{2};
  for (int round = 0; round < 200; ++round) {
    auto peer = test::beside([&] { return !is_broken_for([&] { barrier.wait(); }); });
    EXPECT_FALSE(is_broken_for([&] { barrier.wait(); }));
    barrier.reset();
    EXPECT_EQ(peer.wait(), test::kSuccess);
  }
}

TEST_F(ABarrier, BreaksForThoseThatWaitWhenAPartyThatWaitsDies) {
  Barrier barrier{4};
  auto first = broken_waiter(barrier);
  auto victim = broken_waiter(barrier);
  auto last = broken_waiter(barrier);
  victim.kill(SIGKILL);
  EXPECT_EQ(first.wait(), test::kSuccess);
  EXPECT_EQ(last.wait(), test::kSuccess);
  EXPECT_TRUE(barrier.broken());
}

TEST_F(ABarrier, ADeadPartyIsNotCountedByTheLastToCome) {
  Barrier barrier{2};
  auto victim = broken_waiter(barrier);
  victim.kill(SIGKILL);
  victim.wait();
  EXPECT_THROW(barrier.wait(), BrokenBarrier);
  barrier.reset();
  auto peer = test::beside([&] { return barrier.wait() < 2; });
  EXPECT_LT(barrier.wait(), 2u);
  EXPECT_EQ(peer.wait(), test::kSuccess);
}

TEST_F(ABarrier, PartiesKilledAtAnyMomentLeaveItToBeResetAndUsed) {
  Barrier barrier{2};
  for (int round = 0; round < 20; ++round) {
    auto victim = test::beside([&] {
      for (;;) is_broken_for([&] { barrier.wait_for(0s); });
      return false;
    });
    for (int i = 0; i < round * 20; ++i) is_broken_for([&] { barrier.wait_for(0s); });
    victim.kill(SIGKILL);
    victim.wait();
    barrier.reset();
    auto peer = test::beside([&] { return barrier.wait() < 2; });
    EXPECT_LT(barrier.wait(), 2u);
    EXPECT_EQ(peer.wait(), test::kSuccess);
  }
}

TEST_F(ABarrier, RefusesSillyNumbersOfParties) {
  EXPECT_EQ(test::error_of([] { Barrier barrier{0}; }), EINVAL);
  EXPECT_EQ(test::error_of([] { Barrier barrier{-1}; }), EINVAL);
  EXPECT_EQ(test::error_of([] { Barrier barrier{static_cast<int>(WaitRoom::kMost) + 1}; }), EINVAL);
  EXPECT_EQ(Barrier{7}.parties(), 7u);
}

TEST_F(ABarrier, ServesTheThreadsOfOneProcessAndAChildThatDestroysItsCopyLeavesItIntact) {
  std::optional<Barrier> barrier(std::in_place, 2);
  EXPECT_EQ(test::in_child([&] { return barrier.reset(), true; }), test::kSuccess);
  std::thread peer([&] { barrier->wait(); });
  barrier->wait();
  peer.join();
}

}  // namespace
}  // namespace ipc
