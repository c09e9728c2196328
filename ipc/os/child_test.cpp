// Children: forking, exit status, reaping, and who dies with whom.
#include "ipc/os/child.hpp"

#include <sys/wait.h>

#include <atomic>
#include <thread>

#include "ipc/os/pipe_ends.hpp"
#include "ipc/os/poll.hpp"
#include "ipc/os/process_facts.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"

namespace ipc::os {
namespace {

using namespace std::chrono_literals;
using test::beside;
using test::in_child;
using test::Interruptions;
using test::kSuccess;

class ChildTest : public test::LeavesNothing {};

/// The state letter of a process in /proc, 0 when there is none.
char state_of(pid_t pid) {
  const auto facts = process_facts(pid);
  return facts ? facts->state : '\0';
}

/// For a child that a failing test might leave behind.
[[noreturn]] void pause_for_a_while() {
  ::alarm(20);
  for (;;) ::pause();
}

TEST_F(ChildTest, AnExitStatusTellsCodeAndSignal) {
  const auto code = ExitStatus::from_code(300);
  EXPECT_TRUE(code.exited());
  EXPECT_EQ(code.code(), 44);
  EXPECT_EQ(code.signal(), 0);
  EXPECT_EQ(code.to_string(), "exit code 44");
  EXPECT_EQ(ExitStatus::from_code(1).raw(), 256);
  EXPECT_EQ(ExitStatus::from_code(-1).code(), 255);
  const auto killed = ExitStatus::from_wait(SIGKILL);
  EXPECT_FALSE(killed.exited());
  EXPECT_EQ(killed.signal(), SIGKILL);
  EXPECT_EQ(killed.to_string(), "killed by signal 9 (Killed)");
  EXPECT_TRUE(ExitStatus::unknown().is_unknown());
  EXPECT_FALSE(ExitStatus::unknown().exited());
  EXPECT_EQ(ExitStatus::unknown().signal(), 0);
  EXPECT_EQ(ExitStatus::unknown().to_string(), "unknown status");
}

TEST_F(ChildTest, ForkGivesThePidToTheParentAndZeroToTheChild) {
  const pid_t parent = ::getpid();
  int value = 1;
  const pid_t pid = os::fork();
  if (pid == 0) {
    value = 2;
    ::_exit(::getppid() == parent && value == 2 ? 7 : 1);
  }
  ASSERT_GT(pid, 0);
  EXPECT_EQ(os::wait(), std::pair(pid, ExitStatus::from_code(7)));
  EXPECT_EQ(value, 1);
  EXPECT_EQ(os::wait(), std::nullopt);
}

TEST_F(ChildTest, ForkGivesMinusOneAndAnErrorWhenThereCanBeNoMoreProcesses) {
  const auto status = os::Child::fork([] {
                        if (!test::forbid_children()) return 77;
                        const pid_t pid = os::fork();
                        if (pid == 0) ::_exit(0);
                        return pid == -1 && errno == EAGAIN ? 0 : 1;
                      }).wait();
  if (status == ExitStatus::from_code(77)) GTEST_SKIP() << "this user may always fork";
  EXPECT_EQ(status, kSuccess);
}

TEST_F(ChildTest, WaitWithoutChildrenGivesNothing) {
  EXPECT_EQ(os::wait(), std::nullopt);
}

TEST_F(ChildTest, WithSigchldIgnoredEndedChildrenAreNoZombiesAndThereIsNothingToWaitFor) {
  EXPECT_EQ(in_child([] {
              ::signal(SIGCHLD, SIG_IGN);
              for (int i = 0; i < 5; ++i)
                if (os::fork() == 0) ::_exit(i);
              return !os::wait() && children_of(::getpid()).empty();
            }),
            kSuccess);
  // The same children, not ignored, are there to be seen and waited for.
  EXPECT_EQ(in_child([] {
              for (int i = 0; i < 5; ++i)
                if (os::fork() == 0) ::_exit(i);
              siginfo_t info;
              for (const pid_t pid : children_of(::getpid())) {
                ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
                if (state_of(pid) != 'Z') return false;
              }
              int waited = 0;
              while (os::wait()) ++waited;
              return waited == 5 && children_of(::getpid()).empty();
            }),
            kSuccess);
}

TEST_F(ChildTest, TheGrandchildOfADoubleForkGoesOnAsAnOrphan) {
  auto ends = PipeEnds::make();
  const pid_t middle = os::fork();
  if (middle == 0) {
    const pid_t old_parent = ::getpid();
    if (os::fork() != 0) ::_exit(0);
    while (::getppid() == old_parent) ::sched_yield();
    const auto facts = process_facts(::getpid());
    const bool adopted = facts && facts->parent != old_parent;
    ::_exit(::write(ends.write.get(), adopted ? "y" : "n", 1) == 1 ? 0 : 1);
  }
  EXPECT_EQ(os::wait(), std::pair(middle, kSuccess)) << "at once: it has nothing to do itself";
  char adopted = 0;
  EXPECT_EQ(::read(ends.read.get(), &adopted, 1), 1);
  EXPECT_EQ(adopted, 'y');
}

TEST_F(ChildTest, TextPrintedBeforeAForkAppearsOnce) {
  const auto pipe = PipeEnds::make();
  EXPECT_EQ(in_child([&] {
              ::dup2(pipe.write.get(), 1);
              std::printf("once");
              const pid_t pid = os::fork();
              if (pid == 0) {
                std::fflush(nullptr);
                ::_exit(0);
              }
              os::wait();
              return true;
            }),
            kSuccess);
  char text[20];
  EXPECT_EQ(::read(pipe.read.get(), text, sizeof text), 4);
}

TEST_F(ChildTest, AChildLeavesWithWhatItsBodyReturns) {
  auto child = Child::fork([] { return 42; });
  EXPECT_GT(child.pid(), 0);
  EXPECT_EQ(child.wait(), ExitStatus::from_code(42));
  EXPECT_EQ(child.wait(), ExitStatus::from_code(42));
  EXPECT_EQ(child.try_wait(), ExitStatus::from_code(42));
}

TEST_F(ChildTest, AChildWhoseBodyThrowsLeavesWithOneAndSaysWhy) {
  const auto pipe = PipeEnds::make();
  EXPECT_EQ(Child::fork([&]() -> int {
              ::dup2(pipe.write.get(), 2);
              throw std::runtime_error("the reason");
            }).wait(),
            ExitStatus::from_code(1));
  char text[100] = {};
  EXPECT_GT(::read(pipe.read.get(), text, sizeof text - 1), 0);
  EXPECT_NE(std::string_view(text).find("the reason"), std::string_view::npos);
}

TEST_F(ChildTest, NoDestructorOfTheParentRunsInAChild) {
  SharedObject<std::atomic<int>> destroyed(0);
  struct Witness {
    std::atomic<int>& count;
    ~Witness() { ++count; }
  };
  {
    const Witness witness{*destroyed};
    EXPECT_EQ(in_child([] { return true; }), kSuccess);
    EXPECT_EQ(*destroyed, 0);
  }
  EXPECT_EQ(*destroyed, 1);
}

TEST_F(ChildTest, WaitUntilGivesNothingAtItsTimeAndNotBefore) {
  auto child = beside([] { return ::pause() == 0; });
  const Interruptions interruptions;
  const auto begin = Clock::now();
  EXPECT_EQ(child.wait_until(Deadline::after(60ms)), std::nullopt);
  EXPECT_GE(Clock::now() - begin, 60ms);
  EXPECT_EQ(child.try_wait(), std::nullopt);
  child.kill(SIGTERM);
  EXPECT_EQ(child.wait().signal(), SIGTERM);
}

TEST_F(ChildTest, KillingAReapedChildDoesNothing) {
  auto child = beside([] { return true; });
  child.wait();
  child.kill(SIGKILL);
  EXPECT_EQ(child.wait(), kSuccess);
  Child().kill(SIGKILL);
}

TEST_F(ChildTest, DestroyingAChildKillsAndReapsIt) {
  pid_t pid = 0;
  {
    const auto child = beside([] { return ::pause() == 0; });
    pid = child.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST_F(ChildTest, AMovedChildIsReapedByItsNewOwnerOnly) {
  auto first = beside([] { return ::pause() == 0; });
  const pid_t pid = first.pid();
  Child second = std::move(first);
  EXPECT_EQ(second.pid(), pid);
  first.kill(SIGKILL);
  EXPECT_EQ(second.try_wait(), std::nullopt);
  first = beside([] { return true; });
  EXPECT_EQ(first.wait(), kSuccess);
}

TEST_F(ChildTest, AssigningToAChildEndsTheOneItHeld) {
  auto child = beside([] { return ::pause() == 0; });
  const pid_t pid = child.pid();
  child = Child();
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(child.pid(), -1);
}

TEST_F(ChildTest, ACopyInAnotherProcessKillsNobody) {
  std::optional<Child> child = beside([] { return ::pause() == 0; });
  EXPECT_EQ(in_child([&] {
              child.reset();
              return true;
            }),
            kSuccess);
  EXPECT_EQ(child->try_wait(), std::nullopt);
}

TEST_F(ChildTest, AStatusThatSomebodyElseTookIsUnknown) {
  auto child = beside([] { return true; });
  EXPECT_EQ(os::wait(), std::pair(child.pid(), kSuccess));
  EXPECT_TRUE(child.wait().is_unknown());
  EXPECT_TRUE(child.wait_until(Deadline::after(1h))->is_unknown());
}

TEST_F(ChildTest, WithSigchldIgnoredWaitStillWaitsForTheEnd) {
  EXPECT_EQ(in_child([] {
              ::signal(SIGCHLD, SIG_IGN);
              auto child = Child::fork([] { return ::pause(); });
              if (child.wait_until(Deadline::after(20ms))) return false;
              child.kill(SIGKILL);
              return child.wait().is_unknown() && ::kill(child.pid(), 0) == -1;
            }),
            kSuccess);
}

TEST_F(ChildTest, AStoppedChildHasNotEnded) {
  auto child = beside([] { return ::pause() == 0; });
  child.kill(SIGSTOP);
  int raw = 0;
  ASSERT_EQ(::waitpid(child.pid(), &raw, WUNTRACED), child.pid());
  ASSERT_TRUE(WIFSTOPPED(raw));
  EXPECT_EQ(child.wait_until(Deadline::after(20ms)), std::nullopt);
  child.kill(SIGCONT);
  EXPECT_EQ(child.wait_until(Deadline::after(20ms)), std::nullopt);
  child.kill(SIGKILL);
  EXPECT_EQ(child.wait().signal(), SIGKILL);
}

TEST_F(ChildTest, AnEndedChildIsAZombieUntilItIsReaped) {
  auto child = beside([] { return true; });
  if (child.pidfd() < 0) GTEST_SKIP() << "no pidfd_open";
  ASSERT_TRUE(wait_ready(child.pidfd(), POLLIN, Deadline::never()));
  EXPECT_EQ(state_of(child.pid()), 'Z');
  child.wait();
  EXPECT_EQ(state_of(child.pid()), '\0');
}

TEST_F(ChildTest, AChildDiesWithItsParentUnlessAskedNotTo) {
  EXPECT_EQ(in_child([] {
              become_subreaper();
              auto parent = Child::fork([] {
                auto mortal = Child::fork([] { return ::pause(); });
                auto lasting = Child::fork([] { return 5; }, {.die_with_parent = false});
                ::raise(SIGKILL);
                return 0;
              });
              parent.wait();
              // Both come here: one killed, and one that lived on to its own end.
              int killed = 0, own_end = 0;
              while (const auto ended = os::wait()) {
                killed += ended->second.signal() == SIGKILL;
                own_end += ended->second == ExitStatus::from_code(5);
              }
              return killed == 1 && own_end == 1;
            }),
            kSuccess);
}

TEST_F(ChildTest, AChildWhoseParentDiedFirstDiesAtOnce) {
  const auto status = beside([] {
                        die_with_parent(::getpid());  // which is not its parent
                        return true;
                      }).wait();
  EXPECT_EQ(status.signal(), SIGKILL);
}

TEST_F(ChildTest, KillAllChildrenFindsOrphansToo) {
  EXPECT_EQ(in_child([] {
              become_subreaper();
              const auto ready = PipeEnds::make();
              for (int i = 0; i < 3; ++i) {
                const pid_t child = os::fork();
                if (child == 0) {
                  const pid_t grandchild = os::fork();
                  if (grandchild > 0 && i == 0) ::_exit(0);  // its child is an orphan
                  if (::write(ready.write.get(), "x", 1) != 1) ::_exit(1);
                  pause_for_a_while();
                }
              }
              char text;
              for (int i = 0; i < 5; ++i)
                if (::read(ready.read.get(), &text, 1) != 1) return false;
              // Three children, one of which has ended, and the three of theirs.
              return kill_all_children() == 6 && !os::wait() && kill_all_children() == 0;
            }),
            kSuccess);
}

TEST_F(ChildTest, KillAllChildrenFindsThoseOfOtherThreads) {
  EXPECT_EQ(in_child([] {
              std::atomic<bool> forked = false, leave = false;
              std::thread other([&] {
                if (os::fork() == 0) pause_for_a_while();
                forked = true;
                while (!leave) std::this_thread::yield();
              });
              while (!forked) std::this_thread::yield();
              const int count = kill_all_children();
              leave = true;
              other.join();
              return count == 1;
            }),
            kSuccess);
}

}  // namespace
}  // namespace ipc::os
