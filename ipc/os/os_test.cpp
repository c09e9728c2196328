// The system layer: time, names, CPUs, futexes, descriptors, shared memory.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <atomic>
#include <thread>

#include "ipc/os/clock.hpp"
#include "ipc/os/cpu.hpp"
#include "ipc/os/futex.hpp"
#include "ipc/os/limits.hpp"
#include "ipc/os/pipe_ends.hpp"
#include "ipc/os/poll.hpp"
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
  const auto pipe = PipeEnds::make();
  const Interruptions interruptions;
  const auto begin = Clock::now();
  EXPECT_FALSE(wait_ready(pipe.read.get(), POLLIN, Deadline::after(60ms)));
  EXPECT_GE(Clock::now() - begin, 60ms);
  EXPECT_TRUE(wait_ready(pipe.write.get(), POLLOUT, Deadline::now()));
  EXPECT_EQ(::write(pipe.write.get(), "x", 1), 1);
  EXPECT_TRUE(wait_ready(pipe.read.get(), POLLIN, Deadline::never()));
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

TEST_F(OsTest, IgnoringSigpipeLeavesAHandlerAlone) {
  EXPECT_EQ(in_child([] {
              auto pipe = PipeEnds::make();
              pipe.read.reset();
              ignore_sigpipe();
              const bool alive = ::write(pipe.write.get(), "x", 1) == -1 && errno == EPIPE;
              static volatile sig_atomic_t seen = 0;
              ::signal(SIGPIPE, [](int) { seen = 1; });
              ignore_sigpipe();
              const bool failed = ::write(pipe.write.get(), "x", 1) == -1;
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
  while (test::state_of(sleeper.pid()) != 'S') std::this_thread::yield();
  EXPECT_LE(futex_wake(*word, 1), 1);
  word->store(1);
  futex_wake(*word, 1);
  EXPECT_EQ(sleeper.wait(), kSuccess);
  EXPECT_EQ(futex_wake(*word, 1), 0);
}

TEST_F(OsTest, AUniqueFdClosesOnce) {
  auto pipe = PipeEnds::make();
  const int raw = pipe.read.get();
  UniqueFd moved = std::move(pipe.read);
  EXPECT_EQ(moved.get(), raw);
  EXPECT_FALSE(pipe.read);
  EXPECT_EQ(pipe.read.get(), -1);
  moved = UniqueFd(moved.release());
  EXPECT_EQ(::fcntl(raw, F_GETFD), FD_CLOEXEC);
  moved.reset();
  EXPECT_EQ(::fcntl(raw, F_GETFD), -1);
  UniqueFd& same = pipe.write;
  pipe.write = std::move(same);
  EXPECT_TRUE(pipe.write);
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
