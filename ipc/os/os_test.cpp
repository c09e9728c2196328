// The system layer: time, children, names, CPUs, futexes, descriptors.
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "ipc/os/clock.hpp"
#include "ipc/os/cpu.hpp"
#include "ipc/os/futex.hpp"
#include "ipc/os/limits.hpp"
#include "ipc/os/poll.hpp"
#include "ipc/os/process_facts.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/type_list.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/os/unique_name.hpp"
#include "ipc/os/wait_test_support.hpp"

namespace ipc::os {
namespace {

using namespace std::chrono_literals;
using test::beside;
using test::error_of;
using test::in_child;
using test::Interruptions;
using test::kSuccess;

class OsTest : public test::LeavesNothing {};

struct PipeFds {
  UniqueFd in, out;
  PipeFds() {
    int fds[2];
    check(::pipe2(fds, O_CLOEXEC), "pipe2");
    in.reset(fds[0]);
    out.reset(fds[1]);
  }
};

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

TEST_F(OsTest, ADeadlineExpiresAtItsTimeAndNotBefore) {
  EXPECT_TRUE(Deadline::now().expired());
  EXPECT_EQ(Deadline::now().remaining(), 0ns);
  EXPECT_TRUE(Deadline::after(-1h).expired());
  const auto deadline = Deadline::after(1h);
  EXPECT_FALSE(deadline.expired());
  EXPECT_GT(deadline.remaining(), 59min);
  EXPECT_LE(deadline.remaining(), 1h);
}

TEST_F(OsTest, ADeadlineTooFarAwayIsNever) {
  EXPECT_TRUE(Deadline::after(Duration::max()).is_never());
  EXPECT_TRUE(Deadline::never().is_never());
  EXPECT_FALSE(Deadline::never().expired());
  EXPECT_EQ(Deadline::never().remaining(), Duration::max());
  EXPECT_EQ(Deadline::never().poll_timeout_ms(), -1);
}

TEST_F(OsTest, APollTimeoutIsRoundedUpAndSaturates) {
  EXPECT_EQ(Deadline::now().poll_timeout_ms(), 0);
  const int shortest = Deadline::after(1us).poll_timeout_ms();
  EXPECT_TRUE(shortest == 0 || shortest == 1);
  EXPECT_EQ(Deadline::after(10s + 1us).poll_timeout_ms() > 9000, true);
  EXPECT_EQ(Deadline::after(std::chrono::hours(24 * 365)).poll_timeout_ms(),
            std::numeric_limits<int>::max());
}

TEST_F(OsTest, ADeadlineConvertsToBothClocks) {
  const auto before = Clock::now().time_since_epoch();
  const auto deadline = Deadline::after(100s);
  const timespec monotonic = deadline.monotonic();
  const auto at =
      std::chrono::seconds(monotonic.tv_sec) + std::chrono::nanoseconds(monotonic.tv_nsec);
  EXPECT_GE(at, before + 100s);
  EXPECT_LT(monotonic.tv_nsec, 1'000'000'000);
  timespec wall;
  clock_gettime(CLOCK_REALTIME, &wall);
  EXPECT_GT(deadline.realtime().tv_sec, wall.tv_sec + 30);
  EXPECT_EQ(to_timespec(1500ms).tv_sec, 1);
  EXPECT_EQ(to_timespec(1500ms).tv_nsec, 500'000'000);
}

TEST_F(OsTest, WaitReadyIsNeverEarlyAndSurvivesSignals) {
  const PipeFds pipe;
  const Interruptions interruptions;
  const auto begin = Clock::now();
  EXPECT_FALSE(wait_ready(pipe.in.get(), POLLIN, Deadline::after(60ms)));
  EXPECT_GE(Clock::now() - begin, 60ms);
  EXPECT_TRUE(wait_ready(pipe.out.get(), POLLOUT, Deadline::now()));
  EXPECT_EQ(::write(pipe.out.get(), "x", 1), 1);
  EXPECT_TRUE(wait_ready(pipe.in.get(), POLLIN, Deadline::never()));
  EXPECT_EQ(error_of([] { wait_ready(-1, POLLIN, Deadline::never()); }), EBADF);
  EXPECT_EQ(error_of([] { wait_ready(99999, POLLIN, Deadline::never()); }), EBADF);
}

TEST_F(OsTest, AnErrorNamesTheCall) {
  try {
    check(::open("/nowhere/at/all", O_RDONLY), "open /nowhere/at/all");
    ADD_FAILURE();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ENOENT);
    EXPECT_NE(std::string(error.what()).find("open /nowhere/at/all"), std::string::npos);
  }
}

TEST_F(OsTest, AnExitStatusTellsCodeAndSignal) {
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

TEST_F(OsTest, ForkGivesThePidToTheParentAndZeroToTheChild) {
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

TEST_F(OsTest, TextPrintedBeforeAForkAppearsOnce) {
  const PipeFds pipe;
  EXPECT_EQ(in_child([&] {
              ::dup2(pipe.out.get(), 1);
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
  EXPECT_EQ(::read(pipe.in.get(), text, sizeof text), 4);
}

TEST_F(OsTest, AChildLeavesWithWhatItsBodyReturns) {
  auto child = Child::fork([] { return 42; });
  EXPECT_GT(child.pid(), 0);
  EXPECT_EQ(child.wait(), ExitStatus::from_code(42));
  EXPECT_EQ(child.wait(), ExitStatus::from_code(42));
  EXPECT_EQ(child.try_wait(), ExitStatus::from_code(42));
}

TEST_F(OsTest, AChildWhoseBodyThrowsLeavesWithOneAndSaysWhy) {
  const PipeFds pipe;
  EXPECT_EQ(Child::fork([&]() -> int {
              ::dup2(pipe.out.get(), 2);
              throw std::runtime_error("the reason");
            }).wait(),
            ExitStatus::from_code(1));
  char text[100] = {};
  EXPECT_GT(::read(pipe.in.get(), text, sizeof text - 1), 0);
  EXPECT_NE(std::string_view(text).find("the reason"), std::string_view::npos);
}

TEST_F(OsTest, NoDestructorOfTheParentRunsInAChild) {
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

TEST_F(OsTest, WaitUntilGivesNothingAtItsTimeAndNotBefore) {
  auto child = beside([] { return ::pause() == 0; });
  const Interruptions interruptions;
  const auto begin = Clock::now();
  EXPECT_EQ(child.wait_until(Deadline::after(60ms)), std::nullopt);
  EXPECT_GE(Clock::now() - begin, 60ms);
  EXPECT_EQ(child.try_wait(), std::nullopt);
  child.kill(SIGTERM);
  EXPECT_EQ(child.wait().signal(), SIGTERM);
}

TEST_F(OsTest, KillingAReapedChildDoesNothing) {
  auto child = beside([] { return true; });
  child.wait();
  child.kill(SIGKILL);
  EXPECT_EQ(child.wait(), kSuccess);
  Child().kill(SIGKILL);
}

TEST_F(OsTest, DestroyingAChildKillsAndReapsIt) {
  pid_t pid = 0;
  {
    const auto child = beside([] { return ::pause() == 0; });
    pid = child.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST_F(OsTest, AMovedChildIsReapedByItsNewOwnerOnly) {
  auto first = beside([] { return ::pause() == 0; });
  const pid_t pid = first.pid();
  Child second = std::move(first);
  EXPECT_EQ(second.pid(), pid);
  first.kill(SIGKILL);
  EXPECT_EQ(second.try_wait(), std::nullopt);
  first = beside([] { return true; });
  EXPECT_EQ(first.wait(), kSuccess);
}

TEST_F(OsTest, AssigningToAChildEndsTheOneItHeld) {
  auto child = beside([] { return ::pause() == 0; });
  const pid_t pid = child.pid();
  child = Child();
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(child.pid(), -1);
}

TEST_F(OsTest, ACopyInAnotherProcessKillsNobody) {
  std::optional<Child> child = beside([] { return ::pause() == 0; });
  EXPECT_EQ(in_child([&] {
              child.reset();
              return true;
            }),
            kSuccess);
  EXPECT_EQ(child->try_wait(), std::nullopt);
}

TEST_F(OsTest, AStatusThatSomebodyElseTookIsUnknown) {
  auto child = beside([] { return true; });
  EXPECT_EQ(os::wait(), std::pair(child.pid(), kSuccess));
  EXPECT_TRUE(child.wait().is_unknown());
  EXPECT_TRUE(child.wait_until(Deadline::after(1h))->is_unknown());
}

TEST_F(OsTest, WithSigchldIgnoredWaitStillWaitsForTheEnd) {
  EXPECT_EQ(in_child([] {
              ::signal(SIGCHLD, SIG_IGN);
              auto child = Child::fork([] { return ::pause(); });
              if (child.wait_until(Deadline::after(20ms))) return false;
              child.kill(SIGKILL);
              return child.wait().is_unknown() && ::kill(child.pid(), 0) == -1;
            }),
            kSuccess);
}

TEST_F(OsTest, AStoppedChildHasNotEnded) {
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

TEST_F(OsTest, AnEndedChildIsAZombieUntilItIsReaped) {
  auto child = beside([] { return true; });
  if (child.pidfd() < 0) GTEST_SKIP() << "no pidfd_open";
  ASSERT_TRUE(wait_ready(child.pidfd(), POLLIN, Deadline::never()));
  EXPECT_EQ(state_of(child.pid()), 'Z');
  child.wait();
  EXPECT_EQ(state_of(child.pid()), '\0');
}

TEST_F(OsTest, AChildDiesWithItsParentUnlessAskedNotTo) {
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

TEST_F(OsTest, AChildWhoseParentDiedFirstDiesAtOnce) {
  const auto status = beside([] {
                        die_with_parent(::getpid());  // which is not its parent
                        return true;
                      }).wait();
  EXPECT_EQ(status.signal(), SIGKILL);
}

TEST_F(OsTest, KillAllChildrenFindsOrphansToo) {
  EXPECT_EQ(in_child([] {
              become_subreaper();
              const PipeFds ready;
              for (int i = 0; i < 3; ++i) {
                const pid_t child = os::fork();
                if (child == 0) {
                  const pid_t grandchild = os::fork();
                  if (grandchild > 0 && i == 0) ::_exit(0);  // its child is an orphan
                  if (::write(ready.out.get(), "x", 1) != 1) ::_exit(1);
                  pause_for_a_while();
                }
              }
              char text;
              for (int i = 0; i < 5; ++i)
                if (::read(ready.in.get(), &text, 1) != 1) return false;
              // Three children, one of which has ended, and the three of theirs.
              return kill_all_children() == 6 && !os::wait() && kill_all_children() == 0;
            }),
            kSuccess);
}

TEST_F(OsTest, KillAllChildrenFindsThoseOfOtherThreads) {
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

TEST_F(OsTest, IgnoringSigpipeLeavesAHandlerAlone) {
  EXPECT_EQ(in_child([] {
              PipeFds pipe;
              pipe.in.reset();
              ignore_sigpipe();
              const bool alive = ::write(pipe.out.get(), "x", 1) == -1 && errno == EPIPE;
              static volatile sig_atomic_t seen = 0;
              ::signal(SIGPIPE, [](int) { seen = 1; });
              ignore_sigpipe();
              const bool failed = ::write(pipe.out.get(), "x", 1) == -1;
              return alive && failed && seen == 1;
            }),
            kSuccess);
}

TEST_F(OsTest, UniqueNamesDifferAndBelongToTheirProcess) {
  const auto name = unique_name();
  EXPECT_NE(name, unique_name());
  EXPECT_FALSE(is_orphaned_name(name));
  EXPECT_EQ(in_child([&] { return !is_orphaned_name(name); }), kSuccess);
  EXPECT_EQ(in_child([] {
              const rlimit none{0, 64};
              ::setrlimit(RLIMIT_NOFILE, &none);
              return in_child([nameless = unique_name(), owner = ::getpid()] {
                       const rlimit enough{64, 64};
                       ::setrlimit(RLIMIT_NOFILE, &enough);
                       return !is_orphaned_name(nameless);
                     }) == kSuccess;
            }),
            kSuccess);
  EXPECT_FALSE(is_orphaned_name("/somebody.elses"));
  EXPECT_FALSE(is_orphaned_name("/ipcmark.1.2.3.more"));
  EXPECT_FALSE(is_orphaned_name(""));
}

TEST_F(OsTest, NamesOfTheDeadAreReclaimedAndOthersLeft) {
  const auto mine = unique_name();
  const auto make = [](const std::string& name) {
    const UniqueFd shared(check(::shm_open(name.c_str(), O_CREAT | O_RDWR, 0600), "shm_open"));
  };
  make(mine);
  EXPECT_EQ(in_child([&] {
              make(unique_name());
              make(unique_name());
              return true;
            }),
            kSuccess);
  // Also a pid that lives, but was started at another time.
  const auto recycled = "/ipcmark." + std::to_string(::getpid()) + ".1.0";
  make(recycled);
  EXPECT_TRUE(is_orphaned_name(recycled));
  const auto removed = reclaim_orphaned_names();
  EXPECT_GE(removed.size(), 3u);
  EXPECT_EQ(std::ranges::count(removed, recycled), 1);
  EXPECT_EQ(std::ranges::count(removed, mine), 0);
  EXPECT_EQ(::shm_unlink(mine.c_str()), 0);
  EXPECT_EQ(::shm_unlink(recycled.c_str()), -1);
}

TEST_F(OsTest, PinningBindsToTheCpusGiven) {
  const auto cpus = allowed_cpus();
  ASSERT_FALSE(cpus.empty());
  EXPECT_TRUE(std::ranges::is_sorted(cpus, {}, &Cpu::id));
  EXPECT_EQ(in_child([&] {
              pin({cpus.back().id});
              return ::sched_getcpu() == cpus.back().id &&
                     allowed_cpus() == std::vector{cpus.back()};
            }),
            kSuccess);
  EXPECT_EQ(allowed_cpus(), cpus);
  EXPECT_EQ(error_of([] { pin({}); }), EINVAL);
  EXPECT_EQ(to_string(std::vector{0, 1, 4}), "0,1,4");
}

TEST_F(OsTest, PinningToACpuThatIsNoneThrows) {
  EXPECT_EQ(error_of([] { pin({-1}); }), EINVAL);
  EXPECT_EQ(error_of([] { pin({1 << 20}); }), EINVAL);
}

TEST_F(OsTest, AFutexWaitTimesOutAndNotBefore) {
  SharedObject<FutexWord> word(5u);
  const auto begin = Clock::now();
  EXPECT_FALSE(futex_wait(*word, 5, Deadline::after(50ms)));
  EXPECT_GE(Clock::now() - begin, 50ms);
  EXPECT_TRUE(futex_wait(*word, 4));  // the word is another already
  EXPECT_FALSE(futex_wait(*word, 5, Deadline::now()));
}

TEST_F(OsTest, AFutexWakesAcrossProcesses) {
  SharedObject<FutexWord> word(0u);
  auto sleeper = beside([&] {
    while (word->load() == 0) futex_wait(*word, 0);
    return true;
  });
  // Once it sleeps; until then there is nobody to wake.
  while (state_of(sleeper.pid()) != 'S') std::this_thread::yield();
  EXPECT_LE(futex_wake(*word, 1), 1);
  word->store(1);
  futex_wake(*word, 1);
  EXPECT_EQ(sleeper.wait(), kSuccess);
  EXPECT_EQ(futex_wake(*word, 1), 0);
}

TEST_F(OsTest, AUniqueFdClosesOnce) {
  PipeFds pipe;
  const int raw = pipe.in.get();
  UniqueFd moved = std::move(pipe.in);
  EXPECT_EQ(moved.get(), raw);
  EXPECT_FALSE(pipe.in);
  EXPECT_EQ(pipe.in.get(), -1);
  moved = UniqueFd(moved.release());
  EXPECT_EQ(::fcntl(raw, F_GETFD), FD_CLOEXEC);
  moved.reset();
  EXPECT_EQ(::fcntl(raw, F_GETFD), -1);
  UniqueFd& same = pipe.out;
  pipe.out = std::move(same);
  EXPECT_TRUE(pipe.out);
}

TEST_F(OsTest, SharedMemoryIsSharedZeroedAndDestroyedByItsOwnerOnly) {
  struct Counted {
    explicit Counted(std::atomic<int>& count) : destroyed(count) {}
    ~Counted() { ++destroyed; }
    std::atomic<int>& destroyed;
    int value = 0;
  };
  SharedObject<std::atomic<int>> destroyed(0);
  {
    std::optional<SharedObject<Counted>> object(std::in_place, *destroyed);
    EXPECT_EQ(in_child([&] {
                (*object)->value = 3;
                object.reset();
                return true;
              }),
              kSuccess);
    EXPECT_EQ((*object)->value, 3);
    EXPECT_EQ(*destroyed, 0);
  }
  EXPECT_EQ(*destroyed, 1);
  const SharedMapping memory(10'000);
  EXPECT_TRUE(std::all_of(memory.data(), memory.data() + memory.size(),
                          [](std::byte each) { return each == std::byte{0}; }));
  EXPECT_EQ(error_of([] { SharedMapping(std::size_t{1} << 60); }), ENOMEM);
}

TEST_F(OsTest, LimitsAreReadOrGuessed) {
  EXPECT_GE(pipe_max_bytes(), 4096);
  EXPECT_GT(mq_limits().max_messages, 0);
  EXPECT_GT(mq_limits().max_message_bytes, 0);
  EXPECT_GT(socket_buffer_max_bytes(), 0);
  EXPECT_EQ(read_number("/nowhere"), std::nullopt);
  EXPECT_EQ(read_line("/nowhere"), std::nullopt);
}

TEST_F(OsTest, ATypeListVisitsItsTypesInOrder) {
  std::string seen;
  TypeList<int, char>::for_each(
      [&]<class T>(std::type_identity<T>) { seen += std::is_same_v<T, int> ? "int " : "char "; });
  EXPECT_EQ(seen, "int char ");
}

}  // namespace
}  // namespace ipc::os
