// Every pool backend keeps the contract of contract.hpp; the typed Pool keeps its own.
#include "ipc/pool/pool.hpp"

#include <sys/resource.h>

#include <atomic>
#include <fstream>
#include <numeric>

#include "ipc/backends.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using test::beside;
using test::error_of;
using test::in_child;
using test::Interruptions;
using test::kSuccess;
using Outcome = TaskResult::Outcome;

/// Memory that tasks and tests share, made before the pool: a task has no captures.
struct Board {
  std::atomic<int> running, most, done, gate;
  std::atomic<pid_t> pid;
  std::array<std::atomic<pid_t>, 8> pids;
};
Board* board = nullptr;

class WithBoard : public test::LeavesNothing {
 protected:
  void SetUp() override {
    LeavesNothing::SetUp();
    board = new (memory_.data()) Board{};
  }

 private:
  os::SharedMapping memory_{sizeof(Board)};
};

void echo(std::span<const std::byte> arguments, Bytes& result) {
  result.assign(arguments.begin(), arguments.end());
}
void give_pid(std::span<const std::byte>, Bytes& result) {
  result = wire::encode(::getpid());
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
      EXPECT_STRNE(error.what(), "");
    }
  }

  rlimit before_{};
};
/// Leaves its worker without descriptors for ever.
void starve(std::span<const std::byte> arguments, Bytes& result) {
  static const NoDescriptors none;
  give_large(arguments, result);
}
void fail(std::span<const std::byte>, Bytes&) {
  throw std::out_of_range("too far");
}
void die(std::span<const std::byte> signal, Bytes&) {
  ::kill(::getpid(), wire::decode<int>(signal));
}
void leave(std::span<const std::byte> code, Bytes&) {
  ::_exit(wire::decode<int>(code));
}
void block(std::span<const std::byte>, Bytes&) {
  board->pid = ::getpid();
  for (;;) ::pause();
}
/// Runs until the gate is opened, and counts those inside.
void wait_at_gate(std::span<const std::byte>, Bytes&) {
  const int inside = ++board->running;
  for (int most = board->most; most < inside && !board->most.compare_exchange_weak(most, inside);) {
  }
  while (board->gate == 0) ::sched_yield();
  --board->running;
  ++board->done;
}

constexpr auto kSharesTheProcess = "its workers are threads of this process";

/// A fork a task is a hundred times dearer: fewer of them.
template <class Pool>
constexpr int many(int tasks) {
  return Pool::kName == "fork_per_task" ? 60 : tasks;
}

template <class Pool>
TaskResult next(Pool& pool) {
  auto result = pool.collect(os::Deadline::never());
  EXPECT_TRUE(result);
  return result ? *std::move(result) : TaskResult{};
}

template <class B>
class PoolConformance : public WithBoard {
 protected:
  void SetUp() override {
    WithBoard::SetUp();
    if (const auto reason = B::unavailable()) GTEST_SKIP() << B::kName << ": " << *reason;
  }
};
using Types = Pools::Apply<testing::Types>;
TYPED_TEST_SUITE(PoolConformance, Types, test::BackendName);

TYPED_TEST(PoolConformance, RefusesToBeMadeOfNoWorkers) {
  EXPECT_THROW(TypeParam{0}, std::invalid_argument);
}

TYPED_TEST(PoolConformance, GivesEachResultExactlyOnce) {
  TypeParam pool{3};
  const int tasks = many<TypeParam>(500);
  std::set<std::uint64_t> ids;
  for (int i = 0; i < tasks; ++i) ids.insert(pool.submit(echo, wire::encode(i)));
  EXPECT_EQ(std::ssize(ids), tasks);
  std::set<int> values;
  for (int i = 0; i < tasks; ++i) {
    const auto result = next(pool);
    EXPECT_EQ(result.outcome, Outcome::value);
    EXPECT_EQ(ids.erase(result.id), 1u);
    values.insert(wire::decode<int>(result.bytes));
  }
  EXPECT_EQ(std::ssize(values), tasks);
  EXPECT_FALSE(pool.collect(os::Deadline::never()));
}

TYPED_TEST(PoolConformance, RunsTasksInOtherProcessesAndNoMoreAtOnceThanWorkers) {
  TypeParam pool{2};
  EXPECT_EQ(pool.workers(), 2u);
  pool.submit(wait_at_gate, {});
  pool.submit(wait_at_gate, {});
  while (board->running < 2) ::sched_yield();
  board->gate = 1;
  for (int i = 0; i < 30; ++i) pool.submit(wait_at_gate, {});
  pool.finish();
  EXPECT_EQ(board->done, 32);
  EXPECT_EQ(board->most, 2);
  TypeParam another{1};
  another.submit(give_pid, {});
  EXPECT_EQ(wire::decode<pid_t>(next(another).bytes) == ::getpid(), TypeParam::kInProcess);
}

TYPED_TEST(PoolConformance, RunsTasksWithoutFurtherCalls) {
  TypeParam pool{2};
  board->gate = 1;
  pool.submit(wait_at_gate, {});
  pool.submit(wait_at_gate, {});
  while (board->done < 2) ::sched_yield();
}

TYPED_TEST(PoolConformance, CollectGivesUpAtTheDeadlineAndNeverBefore) {
  TypeParam pool{1};
  const auto begin = os::Clock::now();
  EXPECT_FALSE(pool.collect(os::Deadline::never()));
  pool.submit(wait_at_gate, {});
  const Interruptions interruptions;
  EXPECT_FALSE(pool.collect(os::Deadline::after(50ms)));
  EXPECT_GE(os::Clock::now() - begin, 50ms);
  EXPECT_FALSE(pool.collect(os::Deadline::now()));
  board->gate = 1;
}

TYPED_TEST(PoolConformance, CarriesArgumentsAndResultsOfAnySize) {
  TypeParam pool{2};
  for (const std::size_t size : {0u, 1u, 16384u, 16385u, 20'000'000u}) {
    Bytes sent(size);
    for (std::size_t i = 0; i < size; i += 1000) sent[i] = static_cast<std::byte>(i / 1000);
    pool.submit(echo, sent);
    EXPECT_EQ(next(pool).bytes, sent);
  }
}

TYPED_TEST(PoolConformance, ManyLargeTasksAndResultsNeverWaitForEachOther) {
  TypeParam pool{2};
  const Bytes large(100'000, std::byte{7});
  const int tasks = many<TypeParam>(3000);
  for (int i = 0; i < tasks; ++i) pool.submit(echo, large);
  for (int i = 0; i < tasks; ++i) ASSERT_EQ(next(pool).bytes, large);
}

TYPED_TEST(PoolConformance, ManySmallTasksBeforeAnyCollect) {
  TypeParam pool{2};
  const int tasks = many<TypeParam>(30'000);
  for (int i = 0; i < tasks; ++i) pool.submit(echo, {});
  pool.finish();
  for (int i = 0; i < tasks; ++i) ASSERT_EQ(next(pool).outcome, Outcome::value);
  EXPECT_FALSE(pool.collect(os::Deadline::never()));
}

TYPED_TEST(PoolConformance, ATaskThatThrowsGivesItsTypeAndText) {
  TypeParam pool{1};
  pool.submit(fail, {});
  const auto result = next(pool);
  EXPECT_EQ(result.outcome, Outcome::exception);
  EXPECT_EQ(result.bytes, encode_exception(typeid(std::out_of_range).name(), "too far"));
  pool.submit(echo, wire::encode(1));
  EXPECT_EQ(next(pool).outcome, Outcome::value);
}

/// Whether a large body costs the pool a descriptor to receive.
template <class Pool>
constexpr bool kTakesDescriptors = Pool::kName == "shared_queue" || Pool::kName == "worker_channel";

template <class Pool>
void expect_large_or_out_of_descriptors(const TaskResult& result) {
  if (kTakesDescriptors<Pool>) {
    EXPECT_EQ(result.outcome, Outcome::exception);
    const std::string_view text(reinterpret_cast<const char*>(result.bytes.data()),
                                result.bytes.size());
    EXPECT_TRUE(text.starts_with(typeid(std::system_error).name())) << text;
    EXPECT_NE(text.find(std::strerror(EMFILE)), text.npos) << text;
  } else {
    EXPECT_EQ(result.bytes, Bytes(kLarge, std::byte{7}));
  }
}

TYPED_TEST(PoolConformance, WithoutDescriptorsHereALargeResultIsAnErrorAndNoneIsLost) {
  TypeParam pool{2};
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

TYPED_TEST(PoolConformance, ATaskThatCannotBeSubmittedIsNotWaitedFor) {
  TypeParam pool{2};
  int error = 0;
  {
    const NoDescriptors none;
    error = error_of([&] { pool.submit(echo, Bytes(kLarge)); });
  }
  EXPECT_TRUE(error == 0 || error == EMFILE);
  pool.finish();
  EXPECT_EQ(pool.collect(os::Deadline::never()).has_value(), error == 0);
}

TYPED_TEST(PoolConformance, AWorkerWithoutDescriptorsGivesErrorsForLargeTasksAndResults) {
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  TypeParam pool{1};
  pool.submit(starve, {});
  expect_large_or_out_of_descriptors<TypeParam>(next(pool));
  pool.submit(echo, Bytes(kLarge, std::byte{7}));
  expect_large_or_out_of_descriptors<TypeParam>(next(pool));
  pool.submit(echo, wire::encode(1));
  EXPECT_EQ(wire::decode<int>(next(pool).bytes), 1);
}

TYPED_TEST(PoolConformance, ATaskWhoseWorkerDiesGivesItsStatusAndThePoolGoesOn) {
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  TypeParam pool{2};
  for (int i = 0; i < 10; ++i) {
    pool.submit(die, wire::encode(SIGKILL));
    auto result = next(pool);
    EXPECT_EQ(result.outcome, Outcome::worker_lost);
    EXPECT_EQ(result.worker_status.signal(), SIGKILL);
    pool.submit(leave, wire::encode(3));
    result = next(pool);
    EXPECT_EQ(result.outcome, Outcome::worker_lost);
    EXPECT_EQ(result.worker_status, os::ExitStatus::from_code(3));
    pool.submit(echo, wire::encode(i));
    EXPECT_EQ(wire::decode<int>(next(pool).bytes), i);
  }
  // Both workers are there again: two tasks wait for each other.
  pool.submit(wait_at_gate, {});
  pool.submit(wait_at_gate, {});
  while (board->running < 2) pool.collect(os::Deadline::now());
  board->gate = 1;
  pool.finish();
}

TYPED_TEST(PoolConformance, TasksAroundADyingWorkerAllEnd) {
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  TypeParam pool{2};
  int lost = 0, fine = 0;
  for (int i = 0; i < 200; ++i)
    i % 10 == 5 ? pool.submit(die, wire::encode(SIGKILL)) : pool.submit(echo, {});
  while (const auto result = pool.collect(os::Deadline::never()))
    ++(result->outcome == Outcome::worker_lost ? lost : fine);
  EXPECT_EQ(lost, 20);
  EXPECT_EQ(fine, 180);
}

TYPED_TEST(PoolConformance, WorkersKilledFromOutsideAtAnyMomentLoseAtMostTheirTask) {
  if (TypeParam::kName == "fork_per_task") GTEST_SKIP() << "no worker is there between tasks";
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  TypeParam pool{2};
  int lost = 0;
  for (int round = 0; round < 30; ++round) {
    pool.submit(give_pid, {});
    const auto first = next(pool);
    if (first.outcome == Outcome::worker_lost) continue;
    const auto victim = wire::decode<pid_t>(first.bytes);
    auto killer = beside([&] {
      for (int i = 0; i < round * 1000; ++i) os::now_ns();
      ::kill(victim, SIGKILL);
      return true;
    });
    for (int i = 0; i < 100; ++i) pool.submit(give_pid, {});
    for (int i = 0; i < 100; ++i) lost += next(pool).outcome == Outcome::worker_lost;
    EXPECT_FALSE(pool.collect(os::Deadline::never()));
    EXPECT_EQ(killer.wait(), kSuccess);
  }
  EXPECT_LE(lost, 30);
}

TYPED_TEST(PoolConformance, TerminateEndsTasksAtOnceAndTheyAreLost) {
  if (TypeParam::kInProcess) GTEST_SKIP() << kSharesTheProcess;
  TypeParam pool{2};
  pool.submit(block, {});
  pool.submit(block, {});
  while (board->pid == 0) ::sched_yield();
  pool.terminate();
  EXPECT_FALSE(pool.collect(os::Deadline::never()));
  EXPECT_EQ(::kill(board->pid, 0), -1);
  EXPECT_EQ(error_of([&] { pool.submit(echo, {}); }), EINVAL);
}

TYPED_TEST(PoolConformance, TerminateGivesUpWhatHasNotBegun) {
  if (!TypeParam::kInProcess) GTEST_SKIP() << "ends also what has begun";
  TypeParam pool{1};
  for (int i = 0; i < 10; ++i) pool.submit(wait_at_gate, {});
  while (board->running == 0) ::sched_yield();
  auto opener = beside([] {
    board->gate = 1;  // whether that is before or after the call, one task ends
    return true;
  });
  pool.terminate();
  opener.wait();
  EXPECT_EQ(board->running, 0);
  EXPECT_GE(board->done, 1);
  EXPECT_FALSE(pool.collect(os::Deadline::never()));
  EXPECT_EQ(error_of([&] { pool.submit(echo, {}); }), EINVAL);
}

TYPED_TEST(PoolConformance, FinishWaitsForTheTasksAndKeepsTheirResults) {
  TypeParam pool{2};
  for (int i = 0; i < 10; ++i) pool.submit(echo, wire::encode(i));
  pool.finish();
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  int sum = 0;
  for (int i = 0; i < 10; ++i) sum += wire::decode<int>(next(pool).bytes);
  EXPECT_EQ(sum, 45);
  EXPECT_FALSE(pool.collect(os::Deadline::never()));
  EXPECT_EQ(error_of([&] { pool.submit(echo, {}); }), EINVAL);
  pool.finish();
}

TYPED_TEST(PoolConformance, DestroyedWithTasksUnderWayItLeavesNothing) {
  TypeParam pool{2};
  board->gate = TypeParam::kInProcess;  // those that have begun are waited for
  for (int i = 0; i < 2; ++i) pool.submit(TypeParam::kInProcess ? wait_at_gate : block, {});
}

TYPED_TEST(PoolConformance, IsOfUseOnlyToTheProcessThatMadeIt) {
  TypeParam pool{1};
  EXPECT_EQ(in_child([&] {
              return error_of([&] { pool.submit(echo, {}); }) == EPERM &&
                     error_of([&] { pool.collect(os::Deadline::now()); }) == EPERM;
            }),
            kSuccess);
  pool.submit(echo, wire::encode(1));
  EXPECT_EQ(wire::decode<int>(next(pool).bytes), 1);
}

TYPED_TEST(PoolConformance, AChildDestroyingItsCopyHarmsNobody) {
  std::optional<TypeParam> pool(std::in_place, 2u);
  EXPECT_EQ(in_child([&] {
              pool.reset();
              return true;
            }),
            kSuccess);
  pool->submit(echo, wire::encode(1));
  EXPECT_EQ(wire::decode<int>(next(*pool).bytes), 1);
}

TYPED_TEST(PoolConformance, NoWorkerOutlivesAKilledPool) {
  os::become_subreaper();
  auto owner = beside([&] {
    TypeParam pool{2};
    pool.submit(block, {});
    for (;;) ::pause();
    return true;
  });
  while (board->pid == 0) ::sched_yield();
  owner.kill(SIGKILL);
  owner.wait();
  // Orphans come here: reaping all of them ends only when all have died.
  while (os::wait()) {
  }
  EXPECT_EQ(::kill(board->pid, 0), -1);
}

int square(int value) {
  return value * value;
}
std::string greet(const std::string& name, int times) {
  return name + std::to_string(times);
}
int thrown(int value) {
  struct Odd : std::exception {
    [[nodiscard]] const char* what() const noexcept override { return "odd one"; }
  };
  if (value == 1) throw std::out_of_range("too far");
  if (value == 2) throw Odd();
  if (value == 3) throw 5;
  if (value == 4) ::kill(::getpid(), SIGKILL);
  return value;
}
void nap_forever() {
  for (;;) ::pause();
}

template <class F, class... Args>
constexpr bool kRuns = PoolTask<F, Args...>;
static_assert(kRuns<decltype(&square), int>);
static_assert(kRuns<decltype(square)&, int>);
static_assert(kRuns<decltype(&greet), const char*, int>);
static_assert(kRuns<decltype([](int) {}), int>);
static_assert(!kRuns<decltype(&square), std::string>, "mistyped argument");
static_assert(!kRuns<decltype(&square)>, "too few arguments");
static_assert(!kRuns<decltype([](int*) {}), int*>, "pointer");
static_assert(!kRuns<decltype([](int&) {}), int&>, "reference to the caller's variable");
static_assert(!kRuns<decltype([]() -> int* { return nullptr; })>, "pointer result");
static_assert(!kRuns<decltype([x = 1] { return x; })>, "capture");
static_assert(!kRuns<std::function<int()>>, "state");

class PoolTest : public WithBoard {};

TEST_F(PoolTest, RunsFunctionsAndLambdas) {
  Pool pool{2};
  EXPECT_EQ(pool.apply_async(square, 7).get(), 49);
  EXPECT_EQ(pool.apply_async(&square, 8).get(), 64);
  EXPECT_EQ(pool.apply_async(greet, "you", 2).get(), "you2");
  const auto lambda = [](int a, double b) { return a * b; };
  EXPECT_EQ(pool.apply_async(lambda, 2, 1.5).get(), 3.0);
  pool.apply_async([] { ++board->done; }).get();
  EXPECT_EQ(board->done, 1);
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_F(PoolTest, HasAsManyWorkersAsAllowedCpusByDefault) {
  EXPECT_EQ(Pool().workers(), os::allowed_cpus().size());
  EXPECT_THROW(Pool{0}, std::invalid_argument);
  EXPECT_THROW(Pool{-1}, std::invalid_argument);
}

TEST_F(PoolTest, ReusesItsWorkers) {
  Pool pool{3};
  std::set<pid_t> pids;
  for (const pid_t pid : pool.map([](int) { return ::getpid(); }, std::vector<int>(100)))
    pids.insert(pid);
  EXPECT_LE(pids.size(), 3u);
  EXPECT_FALSE(pids.contains(::getpid()));
}

TEST_F(PoolTest, WorksOverEveryBackend) {
  Pools::for_each([]<class B>(std::type_identity<B>) {
    if (B::unavailable()) return;
    Pool<B> pool{2};
    EXPECT_EQ(pool.map(square, std::vector{1, 2, 3}), (std::vector{1, 4, 9})) << B::kName;
    if (!B::kInProcess) {
      EXPECT_THROW(pool.apply(thrown, 4), WorkerLost) << B::kName;
    }
    pool.close();
    pool.join();
  });
}

TEST_F(PoolTest, MapKeepsTheOrderAndThrowsTheFirstErrorWhenAllEnded) {
  Pool pool{2};
  std::vector<int> items(1000);
  std::iota(items.begin(), items.end(), 0);
  const auto squares = pool.map(square, items);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(squares[static_cast<std::size_t>(i)], i * i);
  EXPECT_EQ(pool.map(square, std::vector<int>{}), std::vector<int>{});
  const auto some_fail = [](int item) {
    ++board->done;
    if (item >= 3) throw std::runtime_error(std::to_string(item));
  };
  try {
    pool.map(some_fail, std::vector{0, 1, 2, 3, 4, 5});
    ADD_FAILURE();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "3");
  }
  EXPECT_EQ(board->done, 6);
}

TEST_F(PoolTest, ExceptionsComeBack) {
  Pool pool{1};
  try {
    pool.apply(thrown, 1);
    ADD_FAILURE();
  } catch (const std::out_of_range& error) {
    EXPECT_STREQ(error.what(), "too far");
  }
  try {
    pool.apply(thrown, 2);
    ADD_FAILURE();
  } catch (const RemoteError& error) {
    EXPECT_STREQ(error.what(), "odd one");
    EXPECT_NE(error.type().find("Odd"), std::string::npos);
  }
  try {
    pool.apply(thrown, 3);
    ADD_FAILURE();
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.type(), "int");
  }
  EXPECT_EQ(pool.apply(thrown, 5), 5);
}

TEST_F(PoolTest, ALostWorkerTellsItsStatusAndThePoolGoesOn) {
  Pool pool{2};
  const auto result = pool.apply_async(thrown, 4);
  for (int i = 0; i < 2; ++i) {
    try {
      result.get();
      ADD_FAILURE();
    } catch (const WorkerLost& error) {
      EXPECT_EQ(error.status().signal(), SIGKILL);
    }
  }
  EXPECT_FALSE(result.successful());
  EXPECT_EQ(pool.apply(square, 2), 4);
}

TEST_F(PoolTest, GetForThrowsAtItsTimeAndMaySucceedLater) {
  Pool pool{1};
  const auto result = pool.apply_async([] {
    while (board->gate == 0) ::sched_yield();
    return 5;
  });
  const auto begin = os::Clock::now();
  EXPECT_THROW(result.get_for(50ms), TimeoutError);
  EXPECT_GE(os::Clock::now() - begin, 50ms);
  EXPECT_FALSE(result.ready());
  EXPECT_FALSE(result.wait_for(-1s));
  EXPECT_THROW(static_cast<void>(result.successful()), std::logic_error);
  board->gate = 1;
  EXPECT_EQ(result.get_for(1h), 5);
  EXPECT_TRUE(result.ready());
  EXPECT_TRUE(result.successful());
  EXPECT_EQ(result.get(), 5);
}

TEST_F(PoolTest, RefusesTasksAfterCloseAndJoinBeforeIt) {
  Pool pool{1};
  const auto result = pool.apply_async(square, 3);
  EXPECT_THROW(pool.join(), std::logic_error);
  pool.close();
  pool.close();
  EXPECT_THROW(pool.apply_async(square, 3), std::logic_error);
  pool.join();
  pool.join();
  EXPECT_EQ(result.get(), 9);
  EXPECT_EQ(result.get(), 9);
}

TEST_F(PoolTest, TerminateMakesPendingResultsThrow) {
  Pool pool{1};
  const auto result = pool.apply_async(nap_forever);
  const auto queued = pool.apply_async(square, 3);
  pool.terminate();
  EXPECT_THROW(result.get(), PoolTerminated);
  EXPECT_THROW(queued.get(), PoolTerminated);
  EXPECT_TRUE(queued.ready());
  EXPECT_THROW(pool.apply_async(square, 3), std::logic_error);
  pool.join();
}

TEST_F(PoolTest, ResultsMayOutliveThePool) {
  std::optional<AsyncResult<int>> had, never;
  {
    Pool pool{1};
    had = pool.apply_async(square, 3);
    had->wait();
    pool.apply_async(nap_forever);
    never = pool.apply_async(square, 4);
  }
  EXPECT_EQ(had->get(), 9);
  EXPECT_THROW(never->get(), PoolTerminated);
  EXPECT_THROW(never->get_for(1h), PoolTerminated);
}

TEST_F(PoolTest, CopiesOfAResultAreWorthTheSameAndAMovedOneSaysSo) {
  Pool pool{1};
  auto result = pool.apply_async(square, 3);
  const auto copy = result;
  const auto moved = std::move(result);
  EXPECT_EQ(moved.get(), 9);
  EXPECT_EQ(copy.get(), 9);
  EXPECT_THROW(result.get(), std::logic_error);
  EXPECT_THROW(static_cast<void>(result.ready()), std::logic_error);
  result = copy;
  EXPECT_EQ(result.get(), 9);
}

/// Can be sent on one of its ways only, or on none.
struct Stubborn {
  bool leaves = false;
  bool arrives = false;

  template <class Archive>
  void save(Archive& archive) const {
    if (!leaves) throw std::range_error("will not leave");
    archive(arrives);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(arrives);
    if (!arrives) throw std::range_error("will not arrive");
  }
};

TEST_F(PoolTest, ResultsAndArgumentsThatCannotBeSentAreErrorsAndLoseNoWorker) {
  Pool pool{1};
  const auto worker = pool.apply([] { return ::getpid(); });
  for (int i = 0; i < 20; ++i) {
    EXPECT_THROW(pool.apply([](int) { return Stubborn{false, false}; }, i), std::range_error);
    EXPECT_THROW(pool.apply([](int) { return Stubborn{true, false}; }, i), std::range_error);
    EXPECT_THROW(pool.apply_async([](Stubborn) {}, Stubborn{false, false}), std::range_error);
    EXPECT_THROW(pool.apply([](Stubborn) {}, Stubborn{true, false}), std::range_error);
    EXPECT_TRUE(pool.apply(
                        [](Stubborn) {
                          return Stubborn{true, true};
                        },
                        Stubborn{true, true})
                    .arrives);
  }
  EXPECT_EQ(pool.apply([] { return ::getpid(); }), worker);
}

TEST_F(PoolTest, CarriesArgumentsAndResultsOfManyTypes) {
  Pool pool{1};
  using Table = std::map<std::string, std::vector<std::optional<double>>>;
  const Table table{{"a", {1.5, std::nullopt}}, {"b", {}}};
  EXPECT_EQ(pool.apply([](Table all, std::chrono::seconds) { return all; }, table, 3s), table);
  EXPECT_EQ(pool.apply([](std::variant<int, std::string> one) { return one.index(); },
                       std::variant<int, std::string>("text")),
            1u);
}

TEST_F(PoolTest, WhatATaskPrintsIsOutBeforeItsResult) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  const os::UniqueFd in(fds[0]), out(fds[1]);
  EXPECT_EQ(in_child([&] {
              ::dup2(fds[1], 1);
              Pool pool{1};
              pool.apply([] { std::printf("Hello"); });
              std::array<char, 10> text{};
              return ::read(fds[0], text.data(), text.size()) == 5 &&
                     std::string_view(text.data()) == "Hello";
            }),
            kSuccess);
}

}  // namespace
}  // namespace ipc
