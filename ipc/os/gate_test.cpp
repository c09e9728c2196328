// Waiting at a gate misses no change, ends at its deadline, and outlives whoever is killed at it.
#include "ipc/os/gate.hpp"

#include <mutex>
#include <vector>

#include "ipc/os/robust_mutex.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"

namespace ipc::os {
namespace {

using namespace std::chrono_literals;

/// A count that waiters take from, in the way in which a gate is used.
struct Store {
  RobustMutex mutex;
  int count = 0;
  Gate filled;

  void give() {
    {
      const std::lock_guard inside(mutex);
      ++count;
    }
    filled.open();
  }
  bool take_until(Deadline deadline) {
    return filled.wait_until(
        [this] {
          const std::lock_guard inside(mutex);
          return count > 0 && count-- > 0;
        },
        deadline);
  }
};

class AGate : public test::LeavesNothing {
 protected:
  SharedObject<Store> store_;
};

TEST_F(AGate, MissesNoChangeBetweenManyGiversAndTakers) {
  constexpr int kEach = 5000;
  std::vector<Child> peers;
  for (int i = 0; i < 3; ++i) {
    peers.push_back(test::beside([&] {
      for (int k = 0; k < kEach; ++k) store_->give();
      return true;
    }));
    peers.push_back(test::beside([&] {
      for (int k = 0; k < kEach; ++k) store_->take_until(Deadline::never());
      return true;
    }));
  }
  for (auto& peer : peers) EXPECT_EQ(peer.wait(), test::kSuccess);
  EXPECT_EQ(store_->count, 0);
}

TEST_F(AGate, AWaitEndsAtItsDeadlineAndNeverBeforeInSpiteOfHandlers) {
  const test::Interruptions interruptions;
  for (const auto wait : {1us, 999us, 60'000us}) {
    const auto begin = Clock::now();
    EXPECT_FALSE(store_->take_until(Deadline::after(wait)));
    EXPECT_GE(Clock::now() - begin, wait);
  }
  EXPECT_FALSE(store_->take_until(Deadline::now()));
  store_->give();
  EXPECT_TRUE(store_->take_until(Deadline::after(-1s)));
}

TEST_F(AGate, WaitersAndGiversKilledAtAnyMomentKeepNobodyOut) {
  for (int i = 0; i < 20; ++i) {
    auto waiter = test::beside([&] { return store_->take_until(Deadline::never()); });
    if (i % 2) test::until_asleep(waiter.pid());
    waiter.kill(SIGKILL);
    waiter.wait();
    auto busy = test::beside([&] {
      for (;;) {
        store_->give();
        store_->take_until(Deadline::never());
      }
      return false;
    });
    busy.wait_until(Deadline::after(std::chrono::microseconds(500 + i * 37)));
    busy.kill(SIGKILL);
    busy.wait();
  }
  while (store_->take_until(Deadline::now())) {
  }
  auto waiter = test::beside([&] { return store_->take_until(Deadline::never()); });
  test::until_asleep(waiter.pid());
  store_->give();
  EXPECT_EQ(waiter.wait(), test::kSuccess);
}

}  // namespace
}  // namespace ipc::os
