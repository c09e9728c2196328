// How a Process ends: by itself, by force, with its parent; and what is left of it.
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <vector>

#include "ipc/os/process_facts.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/wait_test_support.hpp"
#include "ipc/process/process.hpp"
#include "ipc/process/process_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using test::complaint_of;
using test::exitcode_of;
using test::forever;
using test::is_gone;
using SharedFlag = os::SharedObject<std::atomic<bool>>;
using TypedProcess = test::LeavesNothing;

TEST_F(TypedProcess, TerminateAndKillDoNothingOnceItEnded) {
  Process process{[] { ipc::exit(6); }};
  process.start();
  process.join();
  process.terminate();
  process.kill();
  EXPECT_EQ(process.exitcode(), 6);
}

TEST_F(TypedProcess, AStoppedChildIsAliveAndCanBeKilled) {
  Process process{[] { ::raise(SIGSTOP); }};
  process.start();
  siginfo_t info;
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(*process.pid()), &info, WSTOPPED | WNOWAIT), 0);
  EXPECT_TRUE(process.is_alive());
  EXPECT_FALSE(process.join_for(5ms));
  process.kill();
  process.join();
  EXPECT_EQ(process.exitcode(), -SIGKILL);
}

TEST_F(TypedProcess, AForeignWaitCannotStealTheExitCode) {
  Process process{[] { ipc::exit(9); }};
  process.start();
  EXPECT_EQ(os::wait()->first, *process.pid());
  EXPECT_FALSE(process.is_alive());
  process.join();
  EXPECT_EQ(process.exitcode(), 9);

  Process killed{forever};
  killed.start();
  killed.kill();
  EXPECT_EQ(os::wait()->first, *killed.pid());
  killed.join();
  EXPECT_FALSE(killed.is_alive());
  EXPECT_EQ(killed.exitcode(), std::nullopt) << "only the thief knows";
}

TEST_F(TypedProcess, ACodeSaidByACopyOfTheChildIsNobodys) {
  os::become_subreaper();
  SharedFlag go(false);
  Process forking{[&] {
    const bool is_copy = os::fork() == 0;
    while (is_copy && !*go) ::sched_yield();
  }};
  forking.start();
  forking.join();
  EXPECT_EQ(forking.exitcode(), 0);
  forking.close();
  Process killed{forever};
  killed.start();
  go->store(true);
  EXPECT_EQ(os::wait()->second, test::kSuccess) << "the copy";
  killed.kill();
  EXPECT_EQ(os::wait()->first, *killed.pid());
  killed.join();
  EXPECT_EQ(killed.exitcode(), std::nullopt);
}

TEST_F(TypedProcess, TheCodesOfVeryManyAtOnceAreKnown) {
  ::signal(SIGCHLD, SIG_IGN);
  SharedFlag go(false);
  std::vector<Process> processes;
  for (int i = 0; i < 600; ++i)
    processes.emplace_back([&go, i] {
      while (!*go) std::this_thread::sleep_for(100ms);
      ipc::exit(i % 251);
    });
  for (auto& process : processes) process.start();
  go->store(true);
  for (int i = 0; i < 600; ++i) {
    auto& process = processes[static_cast<std::size_t>(i)];
    process.join();
    ASSERT_EQ(process.exitcode(), i % 251);
  }
  ::signal(SIGCHLD, SIG_DFL);
}

TEST_F(TypedProcess, JoinWaitsForTheRealEndWhileSigchldIsIgnored) {
  ::signal(SIGCHLD, SIG_IGN);
  SharedFlag go(false), done(false);
  Process process{[&] {
    while (!*go) ::sched_yield();
    done->store(true);
    ipc::exit(12);
  }};
  process.start();
  EXPECT_FALSE(process.join_for(2ms));
  EXPECT_TRUE(process.is_alive());
  go->store(true);
  process.join();
  EXPECT_TRUE(*done);
  EXPECT_FALSE(process.is_alive());
  EXPECT_EQ(process.exitcode(), 12);
  ::signal(SIGCHLD, SIG_DFL);
}

TEST_F(TypedProcess, DestroyingItJoinsWhatStillRuns) {
  SharedFlag done(false);
  {
    Process process{[&] { done->store(true); }};
    process.start();
  }
  EXPECT_TRUE(*done);
}

TEST_F(TypedProcess, DestroyingADaemonEndsIt) {
  pid_t pid = 0;
  {
    Process process{ProcessOptions{.daemon = true}, forever};
    process.start();
    pid = *process.pid();
  }
  EXPECT_TRUE(is_gone(pid));
}

TEST_F(TypedProcess, ADaemonThatIgnoresSigtermIsEndedToo) {
  SharedFlag deaf(false);
  Process process{ProcessOptions{.daemon = true}, [&] {
                    ::signal(SIGTERM, SIG_IGN);
                    deaf->store(true);
                    forever();
                  }};
  process.start();
  while (!*deaf) ::sched_yield();
}

TEST_F(TypedProcess, DestroyedInAChildItLeavesTheParentsAlone) {
  std::optional<Process> process(std::in_place, forever);
  process->start();
  EXPECT_EQ(test::in_child([&] { return process.reset(), true; }), test::kSuccess);
  EXPECT_TRUE(process->is_alive());
  process->kill();
}

TEST_F(TypedProcess, ADaemonMayNotHaveChildren) {
  Process process{
      ProcessOptions{.daemon = true}, [] {
        Process nested{[] {}};
        ipc::exit(nested.daemon() && complaint_of([&] { nested.start(); }) ==
                                         "daemonic processes are not allowed to have children");
      }};
  process.start();
  process.join();
  EXPECT_EQ(process.exitcode(), 1);
}

/// Starts a child that is never destroyed, ends by `end`, and gives the child's pid.
pid_t leave_behind(ProcessOptions options, void (*child)(), void (*end)()) {
  os::SharedObject<std::atomic<pid_t>> pid(0);
  const pid_t middle = ::fork();
  if (middle == 0) {
    auto* process = new Process{options, child};  // NOLINT: left to the end of this process
    process->start();
    pid->store(*process->pid());
    end();
    ::_exit(9);
  }
  EXPECT_EQ(::waitpid(middle, nullptr, 0), middle);
  return *pid;
}

TEST_F(TypedProcess, AtTheParentsExitDaemonsEndAndOthersAreJoined) {
  static SharedFlag* finished = nullptr;
  SharedFlag flag(false);
  finished = &flag;
  const pid_t joined = leave_behind(
      {}, [] { (*finished)->store(true); }, [] { std::exit(0); });
  EXPECT_TRUE(flag->load());
  EXPECT_TRUE(is_gone(joined));
  EXPECT_TRUE(is_gone(leave_behind({.daemon = true}, forever, [] { std::exit(0); })));
}

TEST_F(TypedProcess, ADaemonEndsHoweverItsParentDies) {
  os::become_subreaper();  // so that the orphan is ours to wait for
  static constexpr std::array<void (*)(), 4> kDeaths{
      [] { ::raise(SIGKILL); }, [] { ::raise(SIGTERM); }, [] { ::_exit(0); },
      [] {
        const rlimit no_core{0, 0};
        ::setrlimit(RLIMIT_CORE, &no_core);
        ::signal(SIGABRT, SIG_DFL);
        std::abort();  // what an uncaught exception comes to
      }};
  for (const auto death : kDeaths) {
    const pid_t orphan = leave_behind({.daemon = true}, forever, death);
    const auto ended = os::wait();
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->first, orphan);
    EXPECT_EQ(ended->second.signal(), SIGTERM);
  }
}

TEST_F(TypedProcess, AChildThatIsNoDaemonOutlivesAParentThatIsKilled) {
  os::become_subreaper();
  const pid_t orphan = leave_behind(
      {},
      [] {
        const pid_t old_parent = Process::parent()->pid();
        Process::parent()->join();
        ipc::exit(os::process_facts(::getpid())->parent == old_parent ? 1 : 7);
      },
      [] { ::raise(SIGKILL); });
  EXPECT_EQ(os::wait(), std::pair(orphan, os::ExitStatus::from_code(7)));
}

TEST_F(TypedProcess, ADaemonEndsWithTheThreadThatStartedIt) {
  SharedFlag runs(false);
  Process process{ProcessOptions{.daemon = true}, [&] {
                    runs->store(true);
                    forever();
                  }};
  std::thread([&] {
    process.start();
    while (!*runs) ::sched_yield();
  }).join();
  process.join();
  EXPECT_EQ(process.exitcode(), -SIGTERM);
}

TEST_F(TypedProcess, HoweverAChildsFunctionEndsItsDaemonsEndAndItsOtherChildrenAreJoined) {
  static constexpr std::array<void (*)(), 3> kEnds{[] {}, [] { ipc::exit(3); },
                                                   [] {
                                                     ::close(STDERR_FILENO);
                                                     throw std::runtime_error("uncaught");
                                                   }};
  static constexpr std::array kCodes{0, 3, 1};
  for (std::size_t i = 0; i < kEnds.size(); ++i) {
    SharedFlag done(false);
    os::SharedObject<std::atomic<pid_t>> daemon_pid(0);
    Process parent{[&] {
      auto* daemon = new Process{ProcessOptions{.daemon = true}, forever};  // NOLINT: left to
      auto* other = new Process{[&] {                                       // the end
        std::this_thread::sleep_for(20ms);  // its work, which the parent's end is long before
        done->store(true);
      }};
      daemon->start();
      daemon_pid->store(*daemon->pid());
      other->start();
      kEnds[i]();
    }};
    parent.start();
    parent.join();
    EXPECT_EQ(parent.exitcode(), kCodes[i]);
    EXPECT_TRUE(*done);
    EXPECT_TRUE(is_gone(*daemon_pid));
  }
}

TEST_F(TypedProcess, NoStaticDestructorAndNoAtexitHandlerOfTheParentRunsInTheChild) {
  static os::SharedObject<std::atomic<int>>* counter = nullptr;
  os::SharedObject<std::atomic<int>> runs(0);
  counter = &runs;
  const pid_t parent = ::fork();
  if (parent == 0) {
    static const struct Counted {
      ~Counted() { ++**counter; }
    } counted;
    std::atexit([] { ++**counter; });
    exitcode_of([] {});
    exitcode_of([] { ipc::exit(2); });
    const bool none_yet = **counter == 0;
    std::exit(none_yet ? 5 : 1);
  }
  EXPECT_EQ(os::wait(), std::pair(parent, os::ExitStatus::from_code(5)));
  EXPECT_EQ(*runs, 2) << "in the parent";
}

TEST_F(TypedProcess, AChildJoinsItsOwnChildrenBeforeItEnds) {
  SharedFlag done(false);
  Process process{[&] {
    auto* nested = new Process{[&] { done->store(true); }};  // NOLINT: left to this child's end
    nested->start();
  }};
  process.start();
  process.join();
  EXPECT_TRUE(*done);
}

TEST_F(TypedProcess, AThreadIsJoinedByItsOwnerAndADetachedOneEndsWithTheChild) {
  SharedFlag worked(false);
  Process process{[&] {
    const std::jthread joined([&] {
      std::this_thread::sleep_for(5ms);
      worked->store(true);
    });
    std::thread(forever).detach();
  }};
  process.start();
  process.join();
  EXPECT_EQ(process.exitcode(), 0);
  EXPECT_TRUE(*worked);
}

TEST_F(TypedProcess, AChildNoticesItsParentsDeath) {
  os::become_subreaper();
  SharedFlag knows(false), noticed(false);
  Process parent{[&] {
    Process child{[&] {
      const auto mine = Process::parent();
      knows->store(mine->is_alive());
      mine->join();
      noticed->store(!mine->is_alive() && !Process::parent()->is_alive());
    }};
    child.start();
    forever();
  }};
  parent.start();
  while (!*knows) ::sched_yield();
  parent.kill();
  parent.join();
  EXPECT_EQ(os::wait()->second, test::kSuccess);
  EXPECT_TRUE(*noticed);
}

TEST_F(TypedProcess, ActiveChildrenAreThoseThatRunAndAskingReapsTheOthers) {
  EXPECT_TRUE(Process::active_children().empty());
  Process ended{[] { ipc::exit(3); }}, running{forever};
  ended.start();
  running.start();
  siginfo_t info;
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(*ended.pid()), &info, WEXITED | WNOWAIT), 0);
  ASSERT_EQ(os::process_facts(*ended.pid())->state, 'Z');
  EXPECT_EQ(Process::active_children(), std::vector{*running.pid()});
  EXPECT_FALSE(os::process_facts(*ended.pid()));
  EXPECT_EQ(ended.exitcode(), 3);
  EXPECT_EQ(test::in_child([] { return Process::active_children().empty(); }), test::kSuccess)
      << "they are their parent's";
  running.kill();
  running.join();
  EXPECT_TRUE(Process::active_children().empty());
}

TEST_F(TypedProcess, StartReapsFinishedOnesThatNobodyJoined) {
  Process first{[] { ipc::exit(3); }};
  first.start();
  pollfd entry{first.sentinel(), POLLIN, 0};
  ASSERT_EQ(::poll(&entry, 1, -1), 1);
  Process second{forever};
  second.start();
  EXPECT_TRUE(is_gone(*first.pid()));
  second.kill();
  second.join();
  EXPECT_EQ(first.exitcode(), 3);
}

TEST_F(TypedProcess, TwoThreadsCanJoinOne) {
  for (int round = 0; round < 20; ++round) {
    SharedFlag go(false);
    Process process{[&] {
      while (!*go) ::sched_yield();
      ipc::exit(5);
    }};
    process.start();
    std::array<std::optional<int>, 2> codes;
    {
      std::vector<std::thread> joiners;
      for (auto& code : codes)
        joiners.emplace_back([&] {
          process.join();
          code = process.exitcode();
        });
      go->store(true);
      for (auto& joiner : joiners) joiner.join();
    }
    EXPECT_EQ(codes[0], 5);
    EXPECT_EQ(codes[1], 5);
  }
}

TEST_F(TypedProcess, AThousandLeaveNothing) {
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(exitcode_of([] {}), 0);
}

}  // namespace
}  // namespace ipc
