// Waiting awake before sleeping: for how long, for whom, and by whom.
#include "ipc/os/spin.hpp"

#include <sys/sysinfo.h>

#include "ipc/os/futex_count.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"

namespace ipc::os {
namespace {

using namespace std::chrono_literals;

using ASpin = test::LeavesNothing;

TEST_F(ASpin, EndsWhenItBecameSo) {
  SharedObject<std::atomic<bool>> flag(false);
  auto setter = test::beside([&] { return flag->store(true), true; });
  while (!spin_for_ns(1'000'000, [&] { return flag->load(); })) continue;
  EXPECT_EQ(setter.wait(), test::kSuccess);
}

TEST_F(ASpin, LooksForItsWholeTimeAndMoreThanOnce) {
  constexpr std::int64_t kNs = 200'000;
  int looks = 0;
  const std::int64_t from = now_ns();
  EXPECT_FALSE(spin_for_ns(kNs, [&] { return ++looks < 0; }));
  EXPECT_GE(now_ns() - from, kNs);
  EXPECT_GT(looks, 1);
}

TEST_F(ASpin, TakesOneSeatOnlyUntilItIsLeftOrItsTimeIsOver) {
  SpinSeat seat;
  EXPECT_TRUE(seat.take(100, 200));
  EXPECT_FALSE(seat.take(150, 250));
  EXPECT_TRUE(seat.take(200, 300));  // whoever had it may be dead
  seat.leave();
  EXPECT_TRUE(seat.take(210, 310));
}

TEST_F(ASpin, IsNotTriedWhileAnotherSpins) {
  SpinSeat seat;
  ASSERT_TRUE(seat.take(now_ns(), now_ns() + 60'000'000'000));
  int looks = 0;
  EXPECT_FALSE(wait_awake(seat, -1, Deadline::never(), [&] { return ++looks > 0; }));
  EXPECT_EQ(looks, 0);
}

TEST_F(ASpin, LeavesItsSeatWhetherItCameOrNot) {
  SpinSeat seat;
  EXPECT_FALSE(wait_awake(seat, -1, Deadline::after(1us), [] { return false; }));
  EXPECT_TRUE(seat.take(1, 2));
  seat.leave();
  if (::get_nprocs() < 2) GTEST_SKIP() << "nobody spins on one CPU";
  EXPECT_TRUE(wait_awake(seat, -1, Deadline::never(), [] { return true; }));
  EXPECT_TRUE(seat.take(1, 2));
}

TEST_F(ASpin, IsNoneForAChangeFromTheSameCpu) {
  std::vector<int> all;
  for (const Cpu& cpu : allowed_cpus()) all.push_back(cpu.id);
  pin({all.front()});
  SpinSeat seat;
  SpinBudget& budget = SpinBudget::of_this_process();
  int looks = 0;
  // The first looks once, after a yield; the next does not even that.
  EXPECT_FALSE(wait_awake(seat, this_cpu(), Deadline::never(), [&] { return ++looks < 0; }));
  EXPECT_EQ(looks, 1);
  EXPECT_FALSE(wait_awake(seat, this_cpu(), Deadline::never(), [&] { return ++looks < 0; }));
  EXPECT_EQ(looks, 1);
  while (!budget.may_yield()) continue;
  EXPECT_TRUE(wait_awake(seat, this_cpu(), Deadline::never(), [&] { return ++looks > 0; }));
  pin(all);
}

using ABudget = test::LeavesNothing;

TEST_F(ABudget, FollowsWhatWakesCostWithinItsLimits) {
  if (::get_nprocs() < 2) GTEST_SKIP() << "nobody spins on one CPU";
  SpinBudget budget;
  for (int i = 0; i < 100; ++i) budget.learn(30'000);
  EXPECT_NEAR(static_cast<double>(budget.ns()), 60'000, 1'000);
  for (int i = 0; i < 100; ++i) budget.learn(1'000'000'000);
  EXPECT_EQ(budget.ns(), 100'000);
  for (int i = 0; i < 100; ++i) budget.learn(0);
  EXPECT_EQ(budget.ns(), 20'000);
}

TEST_F(ABudget, PaysForAYieldInVainOrTooLongWithLaterWaits) {
  SpinBudget budget;
  const auto skipped = [&] {
    int count = 0;
    while (!budget.may_yield()) ++count;
    return count;
  };
  EXPECT_EQ(skipped(), 0);
  budget.yielded(true, 2'000);
  EXPECT_EQ(skipped(), 0);
  budget.yielded(false, 2'000);
  EXPECT_EQ(skipped(), 5);
  budget.yielded(true, 10'000'000);
  EXPECT_EQ(skipped(), 20'001);
  budget.yielded(false, std::int64_t{1} << 60);
  EXPECT_EQ(skipped(), (1 << 20) + 1);
}

using ACount = test::LeavesNothing;

TEST_F(ACount, IsHandedToAndFroBetweenPeersOnOneCpuAndOnTwo) {
  const auto cpus = allowed_cpus();
  for (const int other : {cpus.front().id, cpus.back().id}) {
    SharedObject<FutexCount> there(0U), back(0U);
    auto peer = test::beside([&] {
      pin({other});
      for (int i = 0; i < 3000; ++i) {
        there->take_until(Deadline::never());
        back->give(1);
      }
      return true;
    });
    auto initiator = test::beside([&] {
      pin({cpus.front().id});
      for (int i = 0; i < 3000; ++i) {
        there->give(1);
        back->take_until(Deadline::never());
      }
      return true;
    });
    EXPECT_EQ(initiator.wait(), test::kSuccess);
    EXPECT_EQ(peer.wait(), test::kSuccess);
    EXPECT_EQ(there->value() + back->value(), 0U);
  }
}

/// A spinner that dies keeps nobody from spinning for long, nor from what is given afterwards.
TEST_F(ACount, OutlivesItsKilledSpinners) {
  SharedObject<FutexCount> count(0U);
  for (int i = 0; i < 20; ++i) {
    auto waiter = test::beside([&] { return count->take_until(Deadline::never()); });
    if (i % 2) ::sched_yield();
    waiter.kill(SIGKILL);
    waiter.wait();
  }
  auto waiter = test::beside([&] { return count->take_until(Deadline::never()); });
  EXPECT_TRUE(count->give(100));
  EXPECT_EQ(waiter.wait(), test::kSuccess);
  EXPECT_EQ(count->value(), 0U);
}

}  // namespace
}  // namespace ipc::os
