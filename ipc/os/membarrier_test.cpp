// membarrier() stands in for the fences of other processes.
#include "ipc/os/membarrier.hpp"

#include <atomic>

#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/test_support.hpp"

namespace ipc::os {
namespace {

struct Litmus {
  static constexpr int kTurns = 5'000;

  alignas(128) std::atomic<int> mine{0};
  alignas(128) std::atomic<int> theirs{0};
  alignas(128) std::atomic<int> i_saw{0};
  alignas(128) std::atomic<int> they_saw{0};
};

class MembarrierTest : public test::LeavesNothing {};

TEST_F(MembarrierTest, OfTwoThatWriteAndThenLookOneSeesTheOther) {
  if (!allow_membarrier()) GTEST_SKIP() << "membarrier: not available here";
  const SharedObject<Litmus> both;
  auto other = test::beside([&both] {
    for (int turn = 1; turn <= Litmus::kTurns; ++turn) {
      while (both->i_saw.load() != turn - 1) sched_yield();
      both->theirs.store(turn, std::memory_order_relaxed);
      std::atomic_signal_fence(std::memory_order_seq_cst);
      both->they_saw.store(2 * turn + (both->mine.load(std::memory_order_relaxed) == turn));
    }
    return true;
  });
  for (int turn = 1; turn <= Litmus::kTurns; ++turn) {
    both->mine.store(turn, std::memory_order_relaxed);
    ASSERT_TRUE(membarrier());
    const bool saw = both->theirs.load(std::memory_order_relaxed) == turn;
    while (both->they_saw.load() / 2 != turn) sched_yield();
    ASSERT_TRUE(saw || both->they_saw.load() % 2) << "turn " << turn;
    both->i_saw.store(turn);
  }
  EXPECT_EQ(other.wait(), test::kSuccess);
}

}  // namespace
}  // namespace ipc::os
