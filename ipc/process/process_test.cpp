// The typed Process: what its child runs, what it says of itself, and what it refuses.
#include "ipc/process/process.hpp"

#include <poll.h>
#include <sys/resource.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/wait_test_support.hpp"
#include "ipc/process/process_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using test::complaint_of;
using test::exitcode_of;
using test::forever;
using test::is_gone;
using test::output_of;
using SharedFlag = os::SharedObject<std::atomic<bool>>;
using SharedCount = os::SharedObject<std::atomic<int>>;
using TypedProcess = test::LeavesNothing;

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

TEST_F(TypedProcess, TakesWhatIsLargeOrOfAlignment) {
  struct alignas(256) Wide {
    std::array<int, 500> numbers{};
  };
  Wide wide;
  wide.numbers.back() = 7;
  const auto run = [](const Wide& given) {
    const bool is_aligned = reinterpret_cast<std::uintptr_t>(&given) % alignof(Wide) == 0;
    ipc::exit(is_aligned ? given.numbers.back() : 1);
  };
  Process process{run, wide};
  process.start();
  process.join();
  EXPECT_EQ(process.exitcode(), 7);
}

TEST_F(TypedProcess, RunsAnObjectThatCanBeCalledWhereASubclassWouldOverrideRun) {
  class Adder {
   public:
    explicit Adder(int first) : first_(first) {}
    void operator()(int second) const { ipc::exit(first_ + second); }

   private:
    int first_;
  };
  Process process{Adder{40}, 2};
  process.start();
  process.join();
  EXPECT_EQ(process.exitcode(), 42);
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

TEST_F(TypedProcess, ANameSetBeforeTheStartIsTheNameInTheChild) {
  Process process{[] { ipc::exit(Process::current_name() == "renamed" ? 1 : 2); }};
  process.set_name("renamed");
  process.start();
  process.join();
  EXPECT_EQ(process.exitcode(), 1);
}

TEST_F(TypedProcess, AChildKnowsItsParentAndTheMainProcessHasNone) {
  EXPECT_FALSE(Process::parent());
  SharedFlag main_is_known(false), nested_knows(false);
  Process process{
      ProcessOptions{.name = "middle"}, [&, pid = ::getpid()] {
        const auto parent = Process::parent();
        main_is_known->store(parent && parent->name() == "MainProcess" && parent->pid() == pid &&
                             parent->is_alive() && !parent->join_for(1ms));
        Process nested{[&] {
          const auto middle = Process::parent();
          nested_knows->store(middle && middle->name() == "middle" && middle->pid() == ::getppid());
        }};
        nested.start();
        nested.join();
        if (os::fork() == 0) ::_exit(Process::parent() ? 1 : 0);
        ipc::exit(os::wait()->second.code());
      }};
  process.start();
  process.join();
  EXPECT_TRUE(*main_is_known);
  EXPECT_TRUE(*nested_knows);
  EXPECT_EQ(process.exitcode(), 0) << "a bare fork is nobody's Process";
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

TEST_F(TypedProcess, AClosedOneRefusesEveryUseAndOneThatRunsRefusesToBeClosed) {
  Process process{forever};
  process.start();
  EXPECT_EQ(complaint_of([&] { process.close(); }),
            "cannot close a process while it is still running");
  process.kill();
  process.join();
  process.close();
  process.close();
  const std::string closed = "process object is closed";
  EXPECT_EQ(complaint_of([&] { process.start(); }), closed);
  EXPECT_EQ(complaint_of([&] { process.join(); }), closed);
  EXPECT_EQ(complaint_of([&] { (void)process.is_alive(); }), closed);
  EXPECT_EQ(complaint_of([&] { (void)process.pid(); }), closed);
  EXPECT_EQ(complaint_of([&] { (void)process.exitcode(); }), closed);
  EXPECT_EQ(complaint_of([&] { process.terminate(); }), closed);
  EXPECT_EQ(complaint_of([&] { process.kill(); }), closed);
  EXPECT_EQ(complaint_of([&] { (void)process.sentinel(); }), closed);
  EXPECT_EQ(complaint_of([&] { (void)process.name(); }), closed);
  process = Process{[] { ipc::exit(3); }};
  process.start();
  process.join();
  EXPECT_EQ(process.exitcode(), 3);
}

TEST_F(TypedProcess, CannotBeStartedByAnotherProcess) {
  Process process{[] {}};
  EXPECT_EQ(test::in_child([&] {
              return complaint_of([&] { process.start(); }) ==
                     "can only start a process object created by current process";
            }),
            test::kSuccess);
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

TEST_F(TypedProcess, TheSentinelIsReadableAlsoWhenItIsFirstAskedForAfterTheEnd) {
  Process joined{[] {}}, stolen{[] {}};
  joined.start();
  joined.join();
  stolen.start();
  EXPECT_EQ(os::wait()->first, *stolen.pid());
  for (const Process* ended : {&joined, &stolen}) {
    pollfd entry{ended->sentinel(), POLLIN, 0};
    EXPECT_EQ(::poll(&entry, 1, 0), 1);
    EXPECT_EQ(ended->exitcode(), 0);
  }
}

TEST_F(TypedProcess, WithoutADescriptorItStartsWaitsAndEnds) {
  EXPECT_EQ(test::in_child([] {
              // A sanitizer looks at the types of these while it still can.
              const int seen = test::error_of(
                  [] { throw std::system_error(EMFILE, std::system_category(), "an error"); });
              if (seen != EMFILE || exitcode_of([] {}) != 0) return false;
              const rlimit none{0, 0};
              if (::setrlimit(RLIMIT_NOFILE, &none) != 0) return false;
              Process process{forever};
              process.start();
              const bool is_late = !process.join_for(20ms);
              process.terminate();
              return is_late && process.join_for(1h) && process.exitcode() == -SIGTERM &&
                     test::error_of([] {
                       Process other{forever};
                       other.start();
                       const std::unique_ptr<Process, void (*)(Process*)> end(
                           &other, [](Process* running) { running->kill(); });
                       (void)other.sentinel();
                     }) == EMFILE;
            }),
            test::kSuccess);
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

TEST_F(TypedProcess, AHundredSleepersAreTerminatedSideBySide) {
  std::vector<Process> processes;
  for (int i = 0; i < 100; ++i) processes.emplace_back(forever);
  for (auto& process : processes) process.start();
  for (auto& process : processes) process.terminate();
  for (auto& process : processes) {
    process.join();
    EXPECT_EQ(process.exitcode(), -SIGTERM);
  }
}

TEST_F(TypedProcess, AStartThatCannotForkThrowsAndMayBeTriedAgain) {
  const auto status = os::Child::fork([] {
                        Process process{[] { ipc::exit(3); }};
                        if (!test::forbid_children()) return 77;
                        const int error = test::error_of([&] { process.start(); });
                        if (error != EAGAIN || process.pid() || process.is_alive()) return 1;
                        test::allow_children();
                        process.start();
                        process.join();
                        return process.exitcode() == 3 ? 0 : 2;
                      }).wait();
  if (status == os::ExitStatus::from_code(77)) GTEST_SKIP() << "this user may always fork";
  EXPECT_EQ(status, test::kSuccess);
}

TEST_F(TypedProcess, AProgramExecutedInTheChildSeesNoDescriptor) {
  const int here = test::descriptors_of_a_program().code();
  EXPECT_EQ(exitcode_of([] {
              Process beside{forever};
              beside.start();
              const int there = test::descriptors_of_a_program().code();
              beside.kill();
              ipc::exit(there);
            }),
            here);
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

}  // namespace
}  // namespace ipc
