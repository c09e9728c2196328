// A pool at the limits of the machine: many tasks and pools, no processes, no descriptors.
#include <sys/prctl.h>

#include <fstream>
#include <iterator>

#include "ipc/backends.hpp"
#include "ipc/os/sanitized.hpp"
#include "ipc/pool/pool_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using namespace test;
using Outcome = TaskResult::Outcome;

template <class B>
class PoolLimits : public PoolFixture<B> {};
using Types = Pools::Apply<testing::Types>;
TYPED_TEST_SUITE(PoolLimits, Types, BackendName);

long count_entries(const char* folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}
long count_lines(const char* path) {
  std::ifstream file(path);
  return std::count(std::istreambuf_iterator<char>(file), {}, '\n');
}
long threads_here() {
  return count_entries("/proc/self/task");
}

constexpr std::size_t kLarge = 100'000;
void give_large(std::span<const std::byte>, Bytes& result) {
  result.assign(kLarge, std::byte{7});
}
/// While it lives this process can open no further descriptor.
class NoDescriptors {
 public:
  NoDescriptors() {
    look_at_an_error();
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = ::dup(0);
    ::close(lowest_free);
    const rlimit none{static_cast<rlim_t>(lowest_free), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  /// UBSan examines the first object of each type through a pipe, for which there is no room later.
  static void look_at_an_error() {
    try {
      os::throw_error(EMFILE, "an error");
    } catch (const std::system_error& error) {
      EXPECT_EQ(error.code().value(), EMFILE);
      EXPECT_EQ(Thrown::decode(Thrown::of(error).encode()).code, EMFILE);
    }
  }

  rlimit before_{};
};
/// Leaves its worker without descriptors for ever.
void starve(std::span<const std::byte> arguments, Bytes& result) {
  static const NoDescriptors none;
  give_large(arguments, result);
}
/// Whether a large body costs the pool a descriptor to receive.
template <class Pool>
constexpr bool kTakesDescriptors = Pool::kName == "shared_queue" || Pool::kName == "worker_channel";

template <class Pool>
void expect_large_or_out_of_descriptors(const TaskResult& result) {
  if (kTakesDescriptors<Pool>) {
    EXPECT_EQ(result.outcome, Outcome::exception);
    const Thrown thrown = Thrown::decode(result.bytes);
    EXPECT_EQ(thrown.type, typeid(std::system_error).name());
    EXPECT_EQ(thrown.code, EMFILE) << thrown.text;
  } else {
    EXPECT_EQ(result.bytes, Bytes(kLarge, std::byte{7}));
  }
}

TYPED_TEST(PoolLimits, WithoutDescriptorsHereALargeResultIsAnErrorAndNoneIsLost) {
  TypeParam pool{{.workers = 2}};
  pool.submit(give_large, {});
  pool.submit(give_large, {});
  for (int i = 0; i < 2; ++i) {
    const NoDescriptors none;
    expect_large_or_out_of_descriptors<TypeParam>(next(pool));
  }
  EXPECT_FALSE(pool.collect(os::Deadline::never()));
  pool.submit(give_large, {});
  EXPECT_EQ(next(pool).bytes, Bytes(kLarge, std::byte{7}));
}

TYPED_TEST(PoolLimits, ATaskThatCannotBeSubmittedIsNotWaitedFor) {
  TypeParam pool{{.workers = 2}};
  int error = 0;
  {
    const NoDescriptors none;
    error = error_of([&] { pool.submit(echo, Bytes(kLarge)); });
  }
  EXPECT_TRUE(error == 0 || error == EMFILE);
  pool.finish();
  EXPECT_EQ(pool.collect(os::Deadline::never()).has_value(), error == 0);
}

TYPED_TEST(PoolLimits, AWorkerWithoutDescriptorsGivesErrorsForLargeTasksAndResults) {
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  TypeParam pool{{.workers = 1}};
  pool.submit(starve, {});
  expect_large_or_out_of_descriptors<TypeParam>(next(pool));
  pool.submit(echo, Bytes(kLarge, std::byte{7}));
  expect_large_or_out_of_descriptors<TypeParam>(next(pool));
  pool.submit(echo, wire::encode(1));
  EXPECT_EQ(wire::decode<int>(next(pool).bytes), 1);
}

TYPED_TEST(PoolLimits, TenThousandLargeTasksAndLargeResultsNeverWaitForEachOther) {
  TypeParam pool{{.workers = 2}};
  const Bytes large(kLarge, std::byte{7});
  const int tasks = many<TypeParam>(10'000);
  int collected = 0;
  for (int i = 0; i < tasks; ++i) {
    pool.submit(i % 2 ? echo : give_pid, large);
    if (i % 100 == 99)  // so that results here do not take gigabytes
      while (const auto result = pool.collect(os::Deadline::now()))
        collected += result->outcome == Outcome::value;
  }
  while (const auto result = pool.collect(os::Deadline::never()))
    collected += result->outcome == Outcome::value;
  EXPECT_EQ(collected, tasks);
}

TYPED_TEST(PoolLimits, TerminatesWithTenThousandLongTasksQueued) {
  TypeParam pool{{.workers = 2}};
  for (int i = 0; i < 10'000; ++i) pool.submit(TypeParam::kInProcess ? wait_at_gate : block, {});
  while (board->pid == 0 && board->running == 0) ::sched_yield();
  board->gate = 1;  // threads wait for those that have begun
  pool.terminate();
  EXPECT_LE(board->done, 10'000);
  while (pool.collect(os::Deadline::never())) {
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "workers are gone";
}

TYPED_TEST(PoolLimits, AForkThatFailsInTheMiddleLeavesNoWorker) {
  if (TypeParam::kName == "fork_per_task") GTEST_SKIP() << "forks no worker at the start";
  if (::geteuid() != 0)
    GTEST_SKIP() << "counts the processes of another user, for which it needs root";
  EXPECT_EQ(as_another_user([] {
              ::prctl(PR_SET_DUMPABLE, 1);  // or /proc/self/fd is root's
              const auto descriptors = count_entries("/proc/self/fd");
              allow_processes(4);
              return error_of([] { TypeParam pool({.workers = 8}); }) == EAGAIN &&
                     ::waitpid(-1, nullptr, WNOHANG) == -1 && threads_here() == 1 &&
                     count_entries("/proc/self/fd") == descriptors;
            }),
            kSuccess);
}

TYPED_TEST(PoolLimits, ATaskForWhichNoProcessIsToBeHadIsAnError) {
  if (TypeParam::kName != "fork_per_task") GTEST_SKIP() << "forks its workers at the start";
  if (::geteuid() != 0)
    GTEST_SKIP() << "counts the processes of another user, for which it needs root";
  EXPECT_EQ(as_another_user([] {
              TypeParam pool({.workers = 2});
              allow_processes(1);
              if (error_of([&] { pool.submit(echo, {}); }) != EAGAIN) return false;
              allow_processes(2);
              for (int i = 0; i < 10; ++i) pool.submit(echo, {});
              int values = 0;
              while (const auto result = pool.collect(os::Deadline::never()))
                values += result->outcome == Outcome::value;
              return values == 10;
            }),
            kSuccess);
}

constexpr int kManyPools = os::kSanitized ? 100 : 1000;

TYPED_TEST(PoolLimits, ManyPoolsLeaveNoDescriptorMappingOrZombie) {
  const auto use_one = [](int i) {
    TypeParam pool{{.workers = 2}};
    pool.submit(i % 4 == 0 && !TypeParam::kInProcess ? die : echo, wire::encode(SIGKILL));
    if (i % 2) next(pool);
    if (i % 3 == 0) pool.finish();
  };
  for (int i = 0; i < 12; ++i) use_one(i);
  const auto descriptors = count_entries("/proc/self/fd");
  const auto mappings = count_lines("/proc/self/maps");
  for (int i = 0; i < kManyPools; ++i) use_one(i);
  EXPECT_EQ(count_entries("/proc/self/fd"), descriptors);
  EXPECT_LT(count_lines("/proc/self/maps"), mappings + 50) << "the allocator may take a few";
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

}  // namespace
}  // namespace ipc
