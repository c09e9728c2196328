// The typed Process: what its child does, how it ends, and what is left of it.
#include "ipc/process/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <thread>
#include <vector>

#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using SharedFlag = os::SharedObject<std::atomic<bool>>;
using SharedCount = os::SharedObject<std::atomic<int>>;
using TypedProcess = test::LeavesNothing;

/// What `body`, in a child, and the child's own children write to this descriptor.
std::string output_of(int fd, const std::function<void()>& body) {
  const os::UniqueFd file(::memfd_create("output", MFD_CLOEXEC));
  os::Child::fork([&] {
    ::dup2(file.get(), fd);
    std::setvbuf(stdout, nullptr, _IOFBF, 4096);
    body();
    return 0;
  }).wait();
  std::string text(static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END)), ' ');
  EXPECT_EQ(::pread(file.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  return text;
}

std::string complaint_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::logic_error& error) {
    return error.what();
  }
  return "";
}

void forever() {
  for (;;) ::pause();
}

bool is_gone(pid_t pid) {
  return ::kill(pid, 0) == -1 && errno == ESRCH;
}

/// The exit code of a Process that runs this.
template <class F>
std::optional<int> exitcode_of(F function) {
  Process process{function};
  process.start();
  process.join();
  return process.exitcode();
}

TEST_F(TypedProcess, RunsItsFunctionWithItsArgumentsInAnotherProcess) {
  SharedCount sum(0);
  os::SharedObject<std::atomic<pid_t>> pid(0), parent(0);
  Process process{[&](int a, const std::string& b, double c) {
                    sum->store(a + static_cast<int>(b.size()) + static_cast<int>(c));
                    pid->store(::getpid());
                    parent->store(::getppid());
                  },
                  1, "four", 10.0};
  process.start();
  process.join();
  EXPECT_EQ(*sum, 15);
  EXPECT_EQ(*pid, process.pid());
  EXPECT_EQ(*parent, ::getpid());
}

TEST_F(TypedProcess, CopiesItsArgumentsAndTakesThoseThatOnlyMove) {
  auto number = std::make_unique<int>(7);
  Process process{[](std::unique_ptr<int> given) { ipc::exit(*given); }, std::move(number)};
  process.start();
  process.join();
  EXPECT_EQ(process.exitcode(), 7);

  struct Counter {
    void add(int& to) const { to += 1; }
  };
  int here = 1;
  Process member{&Counter::add, Counter{}, std::ref(here)};
  member.start();
  member.join();
  EXPECT_EQ(member.exitcode(), 0);
  EXPECT_EQ(here, 1) << "the child changes its own copy";
}

TEST_F(TypedProcess, IsNothingBeforeItStarts) {
  Process process{[] {}};
  EXPECT_EQ(process.pid(), std::nullopt);
  EXPECT_FALSE(process.is_alive());
  EXPECT_EQ(process.exitcode(), std::nullopt);
}

TEST_F(TypedProcess, IsAliveWhileItRunsAndReapedAfterJoin) {
  Process process{forever};
  process.start();
  EXPECT_GT(process.pid(), 0);
  EXPECT_TRUE(process.is_alive());
  EXPECT_EQ(process.exitcode(), std::nullopt);
  process.kill();
  process.join();
  EXPECT_FALSE(process.is_alive());
  EXPECT_TRUE(is_gone(*process.pid()));
  EXPECT_EQ(process.exitcode(), -SIGKILL);
  process.join();
  EXPECT_EQ(process.exitcode(), -SIGKILL);
}

TEST_F(TypedProcess, NumbersItsNamesInEachProcess) {
  const auto text = output_of(STDOUT_FILENO, [] {
    std::cout << Process::current_name() << '\n';
    Process first{[] {
      std::cout << Process::current_name() << '\n';
      Process nested{[] { std::cout << Process::current_name() << '\n'; }};
      nested.start();
    }};
    Process second{ProcessOptions{.name = "worker"},
                   [] { std::cout << Process::current_name() << '\n'; }};
    Process third{[] {}};
    std::cout << first.name() << ' ' << second.name() << ' ' << third.name() << '\n';
    first.start();
    first.join();
    second.start();
  });
  EXPECT_TRUE(text.starts_with("MainProcess\n")) << text;
  const auto number = std::stoi(text.substr(text.find('-') + 1));
  const auto name = [&](int i) { return "Process-" + std::to_string(number + i); };
  EXPECT_EQ(text, "MainProcess\n" + name(0) + " worker " + name(2) + "\n" + name(0) + "\n" +
                      name(0) + ":1\nworker\n");
}

TEST_F(TypedProcess, TakesOptionsInBraces) {
  Process process{{.name = "x", .daemon = true}, [](int code) { ipc::exit(code); }, 4};
  EXPECT_EQ(process.name(), "x");
  EXPECT_TRUE(process.daemon());
  process.set_name("y");
  process.start();
  process.join();
  EXPECT_EQ(process.name(), "y");
  EXPECT_EQ(process.exitcode(), 4);
}

TEST_F(TypedProcess, TheExitCodeSaysHowItEnded) {
  EXPECT_EQ(exitcode_of([] {}), 0);
  EXPECT_EQ(exitcode_of([] { return 5; }), 0);
  EXPECT_EQ(exitcode_of([] { ipc::exit(); }), 0);
  EXPECT_EQ(exitcode_of([] { ipc::exit(3); }), 3);
  EXPECT_EQ(exitcode_of([] { ipc::exit(true); }), 1);
  EXPECT_EQ(exitcode_of([] { ipc::exit(false); }), 0);
  EXPECT_EQ(exitcode_of([] { ipc::exit(-1); }), 255);
  EXPECT_EQ(exitcode_of([] { ipc::exit(256); }), 0);
  EXPECT_EQ(exitcode_of([] { ::_exit(300); }), 44);
  EXPECT_EQ(exitcode_of([] { ::raise(SIGKILL); }), -SIGKILL);
}

TEST_F(TypedProcess, AnUncaughtExceptionIsToldOnStderrWithExitCode1) {
  const auto text = output_of(STDERR_FILENO, [] {
    Process process{ProcessOptions{.name = "thrower"}, [] { throw std::runtime_error("boom"); }};
    process.start();
    process.join();
    Process other{ProcessOptions{.name = "odd"}, [] { throw 1; }};
    other.start();
    other.join();
    std::fprintf(stderr, "%d %d\n", *process.exitcode(), *other.exitcode());
  });
  EXPECT_EQ(text, "Process thrower: boom\nProcess odd: unknown exception\n1 1\n");
}

TEST_F(TypedProcess, ExitWithATextPutsItOnStderrWithExitCode1) {
  const auto text = output_of(STDERR_FILENO, [] {
    Process process{[] { ipc::exit("no more"); }};
    process.start();
    process.join();
    std::fprintf(stderr, "%d\n", *process.exitcode());
  });
  EXPECT_EQ(text, "no more\n1\n");
}

TEST_F(TypedProcess, ExitCanBeCaughtAndDestroysOnItsWayOut) {
  bool destroyed = false;
  struct Local {
    bool& flag;
    ~Local() { flag = true; }
  };
  try {
    const Local local{destroyed};
    ipc::exit("reason");
  } catch (const SystemExit& exit) {
    EXPECT_STREQ(exit.what(), "reason");
    EXPECT_EQ(exit.code(), 1);
  }
  EXPECT_TRUE(destroyed);
}

TEST_F(TypedProcess, ABodyHasTheExitCodeThatItLeavesWith) {
  EXPECT_EQ(exit_code_of([] {}), 0);
  EXPECT_EQ(exit_code_of([] { ipc::exit(); }), 0);
  EXPECT_EQ(exit_code_of([] { ipc::exit(258); }), 2);
  EXPECT_THROW(exit_code_of([] { throw std::out_of_range("passes"); }), std::out_of_range);
  const auto text = output_of(STDERR_FILENO, [] {
    std::fprintf(stderr, "%d\n", exit_code_of([] { ipc::exit("no more"); }));
  });
  EXPECT_EQ(text, "no more\n1\n");
}

TEST_F(TypedProcess, JoinForIsFalseAtItsTimeAndNeverBefore) {
  Process process{forever};
  process.start();
  EXPECT_FALSE(process.join_for(0s));
  EXPECT_FALSE(process.join_for(-1s));
  const test::Interruptions interruptions;
  const auto start = os::Clock::now();
  EXPECT_FALSE(process.join_for(20ms));
  EXPECT_GE(os::Clock::now() - start, 20ms);
  EXPECT_TRUE(process.is_alive());
  process.terminate();
  EXPECT_TRUE(process.join_for(std::chrono::hours::max()));
  EXPECT_EQ(process.exitcode(), -SIGTERM);
}

TEST_F(TypedProcess, SaysWhatIsWrongWithItsUse) {
  Process process{forever};
  EXPECT_EQ(complaint_of([&] { process.join(); }), "can only join a started process");
  EXPECT_EQ(complaint_of([&] { process.terminate(); }), "can only terminate a started process");
  EXPECT_EQ(complaint_of([&] { process.kill(); }), "can only kill a started process");
  EXPECT_EQ(complaint_of([&] { (void)process.sentinel(); }), "process not started");
  process.start();
  EXPECT_EQ(complaint_of([&] { process.start(); }), "cannot start a process twice");
  EXPECT_EQ(complaint_of([&] { process.set_daemon(true); }), "process has already started");
  EXPECT_EQ(test::in_child([&] {
              return complaint_of([&] { process.join(); }) == "can only join a child process" &&
                     complaint_of([&] { process.kill(); }) == "can only kill a child process" &&
                     complaint_of([&] { (void)process.is_alive(); }) ==
                         "can only test a child process";
            }),
            test::kSuccess);
  EXPECT_TRUE(process.is_alive());
  process.kill();
}

TEST_F(TypedProcess, CannotBeStartedByAnotherProcess) {
  Process process{[] {}};
  EXPECT_EQ(test::in_child([&] {
              return complaint_of([&] { process.start(); }) ==
                     "can only start a process object created by current process";
            }),
            test::kSuccess);
}

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

TEST_F(TypedProcess, TheSentinelIsReadableAtTheEndAndNotBefore) {
  Process process{forever};
  process.start();
  pollfd entry{process.sentinel(), POLLIN, 0};
  EXPECT_EQ(::poll(&entry, 1, 0), 0);
  process.kill();
  EXPECT_EQ(::poll(&entry, 1, -1), 1);
  EXPECT_FALSE(process.is_alive());
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

TEST_F(TypedProcess, ParentAndChildSeeNothingOfEachOthersMemory) {
  static int global;
  global = 1;
  SharedFlag changed(false);
  Process process{[&] {
    while (!*changed) ::sched_yield();
    const int seen = global;
    global = 10'000;
    ipc::exit(seen);
  }};
  process.start();
  global = 2;
  changed->store(true);
  process.join();
  EXPECT_EQ(process.exitcode(), 1);
  EXPECT_EQ(global, 2);
}

TEST_F(TypedProcess, StandardInputIsEmptyInTheChild) {
  EXPECT_EQ(exitcode_of([] { ipc::exit(std::getchar() == EOF && std::cin.get() == EOF ? 1 : 2); }),
            1);
}

TEST_F(TypedProcess, OutputOfBothAppearsOnceAndInOrder) {
  const auto text = output_of(STDOUT_FILENO, [] {
    std::printf("before ");
    Process process{[] { std::printf("child "); }};
    process.start();
    process.join();
    std::printf("after");
  });
  EXPECT_EQ(text, "before child after");
}

TEST_F(TypedProcess, OutputOfAnUnsynchronisedCoutAppearsOnceToo) {
  const auto text = output_of(STDOUT_FILENO, [] {
    Process early{[] {
      std::ios_base::sync_with_stdio(false);
      std::cout << "early ";
    }};
    early.start();
    early.join();
    std::ios_base::sync_with_stdio(false);
    std::cout << "before ";
    Process process{[] { std::cout << "child "; }};
    process.start();
    process.join();
    std::cout << "after" << std::flush;
  });
  EXPECT_EQ(text, "early before child after");
}

TEST_F(TypedProcess, WhatTheParentHasReadAheadIsNotTheChilds) {
  const os::UniqueFd input(::memfd_create("input", MFD_CLOEXEC));
  ASSERT_EQ(::pwrite(input.get(), "abc", 3, 0), 3);
  EXPECT_EQ(test::in_child([&] {
              ::dup2(input.get(), STDIN_FILENO);
              const bool first = std::getchar() == 'a';
              const auto code = exitcode_of([] { ipc::exit(std::getchar() == EOF ? 1 : 2); });
              return first && code == 1 && std::getchar() == 'b';
            }),
            test::kSuccess);
}

TEST_F(TypedProcess, ABrokenStdoutIsNoReasonToFail) {
  EXPECT_EQ(test::in_child([] {
              std::array<int, 2> ends{};
              if (::pipe(ends.data()) != 0) return false;
              ::dup2(ends[1], STDOUT_FILENO);
              ::close(ends[0]);
              ::close(ends[1]);
              std::setvbuf(stdout, nullptr, _IOFBF, 4096);
              std::fputs("lost", stdout);
              return exitcode_of([] { std::fputs("lost too", stdout); }) == 0;
            }),
            test::kSuccess);
  EXPECT_EQ(test::in_child([] {
              ::close(STDIN_FILENO);
              ::close(STDOUT_FILENO);
              ::close(STDERR_FILENO);
              ::signal(SIGCHLD, SIG_IGN);
              return exitcode_of([] {
                       std::fputs("nowhere", stdout);
                       ipc::exit(3);
                     }) == 3;
            }),
            test::kSuccess);
}

TEST_F(TypedProcess, NothingOfTheParentRunsInTheChild) {
  SharedCount runs(0);
  static SharedCount* counter = nullptr;
  counter = &runs;
  EXPECT_EQ(test::in_child([] {
              std::atexit([] { ++**counter; });
              struct Local {
                ~Local() { ++**counter; }
              } local;
              return exitcode_of([] { ipc::exit(2); }) == 2 && **counter == 0;
            }),
            test::kSuccess);
  EXPECT_EQ(*runs, 1);
}

TEST_F(TypedProcess, AHundredRunSideBySide) {
  std::vector<Process> processes;
  for (int i = 0; i < 100; ++i) processes.emplace_back([i] { ipc::exit(i); });
  for (auto& process : processes) process.start();
  for (int i = 0; i < 100; ++i) {
    auto& process = processes[static_cast<std::size_t>(i)];
    process.join();
    EXPECT_EQ(process.exitcode(), i);
  }
}

TEST_F(TypedProcess, ChildrenHaveChildren) {
  struct Tree {
    static void grow(int depth) {
      if (depth == 0) ipc::exit(1);
      Process left{grow, depth - 1}, right{grow, depth - 1};
      left.start();
      right.start();
      left.join();
      right.join();
      ipc::exit(*left.exitcode() + *right.exitcode());
    }
  };
  EXPECT_EQ(exitcode_of([] { Tree::grow(3); }), 8);
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

TEST_F(TypedProcess, MovesAndReplacesWhatItWas) {
  Process process{[] { ipc::exit(1); }};
  process.start();
  Process moved{std::move(process)};
  moved.join();
  EXPECT_EQ(moved.exitcode(), 1);
  Process running{ProcessOptions{.daemon = true}, forever};
  running.start();
  const pid_t pid = *running.pid();
  running = std::move(moved);
  EXPECT_TRUE(is_gone(pid));
  EXPECT_EQ(running.exitcode(), 1);
}

TEST_F(TypedProcess, DestroyedInAChildItLeavesTheParentsAlone) {
  std::optional<Process> process(std::in_place, forever);
  process->start();
  EXPECT_EQ(test::in_child([&] { return process.reset(), true; }), test::kSuccess);
  EXPECT_TRUE(process->is_alive());
  process->kill();
}

TEST_F(TypedProcess, ADaemonMayNotHaveChildren) {
  Process process{ProcessOptions{.daemon = true}, [] {
                    Process nested{[] {}};
                    ipc::exit(complaint_of([&] { nested.start(); }) ==
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

TEST_F(TypedProcess, ADaemonEndsAlsoWhenItsParentIsKilled) {
  os::become_subreaper();  // so that the orphan is ours to wait for
  const pid_t orphan = leave_behind({.daemon = true}, forever, [] { ::raise(SIGKILL); });
  const auto ended = os::wait();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->first, orphan);
  EXPECT_EQ(ended->second.signal(), SIGTERM);
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

TEST_F(TypedProcess, StartsWhileOtherThreadsAllocateAndPrint) {
  EXPECT_EQ(test::in_child([] {
              std::atomic<bool> stop{false};
              const os::UniqueFd null(::open("/dev/null", O_WRONLY));
              ::dup2(null.get(), STDOUT_FILENO);
              std::thread busy([&] {
                while (!stop) std::printf("%s\n", std::string(100, 'x').c_str());
              });
              bool all = true;
              for (int i = 0; i < 100; ++i)
                all = all &&
                      exitcode_of([] { std::printf("%s", std::string(99, 'y').c_str()); }) == 0;
              stop = true;
              busy.join();
              return all;
            }),
            test::kSuccess);
}

TEST_F(TypedProcess, HundredsLeaveNothing) {
  for (int i = 0; i < 300; ++i) ASSERT_EQ(exitcode_of([] {}), 0);
}

}  // namespace
}  // namespace ipc
