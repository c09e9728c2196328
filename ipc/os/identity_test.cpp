// Telling processes apart, and whether they have ended.
#include "ipc/os/identity.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"

namespace ipc::os {
namespace {

using AnIdentity = test::LeavesNothing;

TEST_F(AnIdentity, NamesItsProcessAndIsAnotherInAChild) {
  const Identity me = my_identity();
  EXPECT_EQ(pid_of(me), ::getpid());
  EXPECT_EQ(my_identity(), me);
  EXPECT_EQ(test::in_child([&] {
              return my_identity() != me && pid_of(my_identity()) == ::getpid() && !has_ended(me);
            }),
            test::kSuccess);
}

TEST_F(AnIdentity, HasEndedAsAZombieAndWhenReapedAndNotBefore) {
  SharedObject<std::atomic<Identity>> who(Identity{0});
  auto child = test::beside([&] {
    // What the kernel shows of it must not be taken for a state.
    ::prctl(PR_SET_NAME, "x) Z 1 1");
    *who = my_identity();
    for (;;) ::pause();
    return false;
  });
  while (*who == 0) ::sched_yield();
  EXPECT_FALSE(has_ended(*who));
  child.kill(SIGSTOP);
  EXPECT_FALSE(has_ended(*who));
  child.kill(SIGKILL);
  siginfo_t info{};
  check(::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT), "waitid");
  EXPECT_TRUE(has_ended(*who));
  EXPECT_FALSE(is_reaped(*who));
  child.wait();
  EXPECT_TRUE(has_ended(*who));
  EXPECT_TRUE(is_reaped(*who));
}

TEST_F(AnIdentity, OfAnEarlierProcessWithTheSamePidHasEnded) {
  const Identity earlier = my_identity() - (Identity{1} << 32);
  EXPECT_EQ(pid_of(earlier), ::getpid());
  EXPECT_TRUE(has_ended(earlier));
}

TEST_F(AnIdentity, OfNobodyHasNotEnded) {
  EXPECT_FALSE(has_ended(Identity{0}));
  EXPECT_FALSE(has_ended(ShortIdentity{}));
}

TEST_F(AnIdentity, TellsTheSameWhenItIsShort) {
  const ShortIdentity me = shortened(my_identity());
  EXPECT_FALSE(has_ended(me));
  EXPECT_TRUE(has_ended(shortened(my_identity() - (Identity{1} << 32))));
  // One whose start is not known is told by its pid alone.
  EXPECT_FALSE(has_ended(shortened(static_cast<Identity>(::getpid()))));
  auto child = test::beside([] {
    for (;;) ::pause();
    return false;
  });
  const pid_t pid = child.pid();
  EXPECT_FALSE(has_ended(shortened(static_cast<Identity>(pid))));
  child.kill(SIGKILL);
  siginfo_t info{};
  check(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), "waitid");
  EXPECT_TRUE(has_ended(shortened(static_cast<Identity>(pid))));
  child.wait();
  EXPECT_TRUE(has_ended(shortened(static_cast<Identity>(pid))));
}

}  // namespace
}  // namespace ipc::os
