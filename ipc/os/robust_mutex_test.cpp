// The mutex that a dead holder gives back, killed where it matters.
#include "ipc/os/robust_mutex.hpp"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"

namespace ipc::os {
namespace {

using Taken = RobustMutex::Taken;

using RobustMutexTest = test::LeavesNothing;

TEST_F(RobustMutexTest, IsHeldAfterItsHoldersDeathAndSaysSo) {
  const SharedObject<RobustMutex> mutex;
  auto holder = Child::fork([&] {
    mutex->lock();
    return ::raise(SIGKILL);
  });
  holder.wait();
  EXPECT_EQ(mutex->try_lock(), Taken::kAfterDeath);
  mutex->unlock();
  EXPECT_EQ(mutex->try_lock(), Taken::kYes);
  mutex->unlock();
}

TEST_F(RobustMutexTest, IsWaitedForUntilTheDeadlineAndNoLess) {
  const SharedObject<RobustMutex> mutex;
  mutex->lock();
  EXPECT_EQ(test::in_child([&] {
              const auto begin = Clock::now();
              constexpr std::chrono::milliseconds kWait(120);  // more than two naps
              return mutex->lock_until(Deadline::after(kWait)) == Taken::kNo &&
                     Clock::now() - begin >= kWait &&
                     mutex->lock_until(Deadline::now()) == Taken::kNo;
            }),
            test::kSuccess);
  mutex->unlock();
}

TEST_F(RobustMutexTest, AHolderKilledBetweenFreeingItAndWakingLeavesNobodyAsleep) {
  const SharedObject<RobustMutex> mutex;
  auto holder = Child::fork([&] {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == -1) return 1;
    mutex->lock();
    ::raise(SIGSTOP);
    mutex->unlock();
    return 0;
  });
  int status = 0;
  ::waitpid(holder.pid(), &status, 0);
  if (!WIFSTOPPED(status)) GTEST_SKIP() << "ptrace(2) is not allowed here";
  auto waiter = test::beside([&] { return mutex->lock() == Taken::kYes; });
  test::until_asleep(waiter.pid());
  // One instruction after the other, until it is free: another takes it before the kernel looks.
  while (WIFSTOPPED(status) && mutex->try_lock() == Taken::kNo) {
    ::ptrace(PTRACE_SINGLESTEP, holder.pid(), nullptr, nullptr);
    ::waitpid(holder.pid(), &status, 0);
  }
  ASSERT_TRUE(WIFSTOPPED(status)) << "the holder ended before the mutex was free";
  holder.kill(SIGKILL);
  holder.wait();
  mutex->unlock();
  EXPECT_EQ(waiter.wait_until(Deadline::after(std::chrono::seconds(30))), test::kSuccess);
}

}  // namespace
}  // namespace ipc::os
