// The pools over rings in shared memory: workers killed at any instruction, and bodies that do not
// fit into the rings.
#include <sys/ptrace.h>
#include <sys/stat.h>

#include <random>

#include "ipc/os/sanitized.hpp"
#include "ipc/pool/pool_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using namespace test;
using Outcome = TaskResult::Outcome;

template <class P>
class RingPoolTest : public PoolFixture<P> {};
using Types = testing::Types<RingPool, RingPoolSpin, RingPoolBlock>;
TYPED_TEST_SUITE(RingPoolTest, Types, BackendName);

/// A worker stopped by ptrace(2), to be led instruction by instruction.
class Led {
 public:
  explicit Led(pid_t pid) : pid_(pid) {
    os::check(::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr), "ptrace seize");
    os::check(::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr), "ptrace interrupt");
    wait();
  }
  void step() {
    os::check(::ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr), "ptrace step");
    wait();
  }
  void kill() { ::kill(pid_, SIGKILL); }

 private:
  void wait() {
    int status = 0;
    os::check(os::retry_eintr([&] { return ::waitpid(pid_, &status, 0); }), "waitpid");
    ASSERT_TRUE(WIFSTOPPED(status));
  }
  pid_t pid_;
};

bool may_lead() {
  return in_child([] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; }) == kSuccess;
}

void count_and_echo(std::span<const std::byte> arguments, Bytes& result) {
  ++board->done;
  result.assign(arguments.begin(), arguments.end());
}

/// The one worker of a pool, once it has none of the tasks before.
template <class P>
pid_t worker_of(P& pool) {
  for (;;) {
    pool.submit(give_pid, {});
    const auto result = next(pool);
    if (result.outcome == Outcome::value) return wire::decode<pid_t>(result.bytes);
  }
}

/// Steps that send the last result.
constexpr unsigned kAfterwards = 1000;

/// Has a worker do two tasks, the second with a large body, and kills it after so many steps; gives
/// how many it took until both were done, if that came first.
template <class P>
std::optional<unsigned> kill_after(P& pool, unsigned steps) {
  const Bytes small(100, std::byte{1}), large(600, std::byte{2});
  board->done = 0;
  Led worker(worker_of(pool));
  const auto first = pool.submit(count_and_echo, small);
  pool.submit(count_and_echo, large);
  std::optional<unsigned> took;
  for (unsigned step = 0; step < steps; ++step) {
    worker.step();
    if (!took && board->done == 2) took = step;
    if (took && step > *took + kAfterwards) break;
  }
  worker.kill();
  int lost = 0;
  for (int i = 0; i < 2; ++i) {
    const auto begin = os::Clock::now();
    const auto result = pool.collect(os::Deadline::after(10s));
    EXPECT_TRUE(result) << "after " << steps << " steps";
    if (!result) return took;
    EXPECT_LT(os::Clock::now() - begin, 1s);
    lost += result->outcome == Outcome::worker_lost;
    if (result->outcome == Outcome::value) {
      EXPECT_EQ(result->bytes, result->id == first ? small : large);
    }
  }
  EXPECT_LE(lost, 1) << "after " << steps << " steps";
  EXPECT_LE(board->done, 2) << "a task ran twice";
  EXPECT_GE(board->done, 2 - lost);
  return took;
}

TYPED_TEST(RingPoolTest, AWorkerKilledAtAnyInstructionLosesAtMostItsTask) {
  if (!may_lead()) GTEST_SKIP() << "ptrace: not allowed here";
  TypeParam pool{{.workers = 1}};
  const auto all = kill_after(pool, 1'000'000);
  ASSERT_TRUE(all);
  constexpr int kRounds = os::kSanitized ? 5 : 30;
  std::mt19937 random(std::random_device{}());
  for (int round = 0; round < kRounds && !testing::Test::HasFailure(); ++round)
    kill_after(pool, std::uniform_int_distribution(0U, *all + kAfterwards)(random));
  EXPECT_EQ(pool.collect(os::Deadline::never()), std::nullopt);
}

TYPED_TEST(RingPoolTest, ReplacingAWorkerAfterEachTaskWaitsForNothing) {
  TypeParam pool{{.workers = 1, .max_tasks_per_child = 1}};
  constexpr int kTasks = 100;
  for (int i = 0; i < kTasks; ++i) pool.submit(give_pid, {});
  os::Duration shortest = 1h;
  for (int i = 0; i < kTasks; ++i) {
    const auto begin = os::Clock::now();
    EXPECT_EQ(next(pool).outcome, Outcome::value);
    shortest = std::min<os::Duration>(shortest, os::Clock::now() - begin);
  }
  EXPECT_LT(shortest, 20ms) << "a nap each";
}

/// How much memory this process's file for large bodies has.
std::int64_t spilled_bytes() {
  std::int64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code none;
    const auto target = std::filesystem::read_symlink(entry.path(), none).string();
    struct stat facts {};
    if (target.starts_with("/memfd:ipcmark") && ::stat(entry.path().c_str(), &facts) == 0)
      bytes += 512 * std::int64_t{facts.st_blocks};
  }
  return bytes;
}

TYPED_TEST(RingPoolTest, LargeBodiesTakeNoMemoryOnceTheyAreRead) {
  TypeParam pool{{.workers = 2}};
  const Bytes large(3'000'000, std::byte{7});
  for (int i = 0; i < 200; ++i) {
    pool.submit(echo, large);
    if (i % 10 == 5) pool.submit(die, wire::encode(SIGKILL));
  }
  int fine = 0;
  while (const auto result = pool.collect(os::Deadline::never())) fine += result->bytes == large;
  EXPECT_EQ(fine, 200);
  EXPECT_LE(spilled_bytes(), 3 * 256 * 1024);
}

void give_large(std::span<const std::byte>, Bytes& result) {
  result.assign(10'000'000, std::byte{7});
}

TYPED_TEST(RingPoolTest, LargeResultsThatNobodyTakesWaitInTheirWorkers) {
  TypeParam pool{{.workers = 1}};
  for (int i = 0; i < 20; ++i) pool.submit(give_large, {});
  for (std::int64_t before = 0, now = 0; now == 0 || now != before; now = spilled_bytes()) {
    before = now;
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_LE(spilled_bytes(), 80'000'000);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(next(pool).bytes.size(), 10'000'000u);
}

TYPED_TEST(RingPoolTest, ALargeTaskThatRunsForLongDoesNotHoldUpOthers) {
  TypeParam pool{{.workers = 2}};
  const Bytes large(1'000'000, std::byte{7});
  pool.submit(wait_at_gate, large);
  for (int i = 0; i < 300; ++i) pool.submit(echo, large);
  for (int i = 0; i < 300; ++i) ASSERT_EQ(next(pool).bytes, large);
  board->gate = 1;
  EXPECT_EQ(next(pool).outcome, Outcome::value);
}

TYPED_TEST(RingPoolTest, MoreResultsThanTheirRingHoldsAreTakenWhileTasksWait) {
  TypeParam pool{{.workers = 1}};
  const int tasks = 20 * static_cast<int>(ResultRing::kSlots);
  for (int i = 0; i < tasks; ++i) pool.submit(echo, wire::encode(i));
  for (int i = 0; i < tasks; ++i) ASSERT_EQ(wire::decode<int>(next(pool).bytes), i);
}

}  // namespace
}  // namespace ipc
