// What the tests of pools share: memory that tasks and tests see, and tasks.
#pragma once

#include <sys/resource.h>

#include <array>
#include <atomic>

#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"
#include "ipc/pool/pool.hpp"

namespace ipc::test {

/// Made before the pool: a task has no captures.
struct Board {
  std::atomic<int> running, most, done, gate, initialized;
  std::atomic<pid_t> pid;
  std::array<std::atomic<pid_t>, 8> pids;
};
inline Board* board = nullptr;

class WithBoard : public LeavesNothing {
 protected:
  void SetUp() override {
    LeavesNothing::SetUp();
    board = new (memory_.data()) Board{};
  }

 private:
  os::SharedMapping memory_{sizeof(Board)};
};

/// Fixture of a suite over all backends: skips, with its reason, one that does not work here.
template <class B>
class PoolFixture : public WithBoard {
 protected:
  void SetUp() override {
    WithBoard::SetUp();
    if (const auto reason = B::unavailable()) GTEST_SKIP() << B::kName << ": " << *reason;
  }
};

inline constexpr auto kSharesTheProcess = "its workers are threads of this process";
inline constexpr auto kHasNoIdleWorkers = "no worker is there between tasks";

/// A fork a task is a hundred times dearer: fewer of them.
template <class Pool>
constexpr int many(int tasks) {
  return Pool::kName == "fork_per_task" ? 60 : tasks;
}
template <class Pool>
constexpr bool kKeepsWorkers = !Pool::kInProcess && Pool::kName != "fork_per_task";

/// The next result of a pool that has some to come.
template <class Pool>
TaskResult next(Pool& pool) {
  auto result = pool.collect(os::Deadline::never());
  EXPECT_TRUE(result);
  return result ? *std::move(result) : TaskResult{};
}

inline void echo(std::span<const std::byte> arguments, Bytes& result) {
  result.assign(arguments.begin(), arguments.end());
}
inline void give_pid(std::span<const std::byte>, Bytes& result) {
  result = wire::encode(::getpid());
}
inline void fail(std::span<const std::byte>, Bytes&) {
  throw std::out_of_range("too far");
}
inline void die(std::span<const std::byte> signal, Bytes&) {
  ::kill(::getpid(), wire::decode<int>(signal));
}
inline void leave(std::span<const std::byte> code, Bytes&) {
  ::_exit(wire::decode<int>(code));
}
inline void exit_by_exception(std::span<const std::byte> code, Bytes&) {
  ipc::exit(wire::decode<int>(code));
}
inline void block(std::span<const std::byte>, Bytes&) {
  board->pid = ::getpid();
  for (;;) ::pause();
}
/// Runs until the gate is opened, and counts those inside.
inline void wait_at_gate(std::span<const std::byte>, Bytes&) {
  const int inside = ++board->running;
  board->pids.at(static_cast<std::size_t>(inside - 1) % board->pids.size()) = ::getpid();
  for (int most = board->most; most < inside && !board->most.compare_exchange_weak(most, inside);) {
  }
  while (board->gate == 0) ::sched_yield();
  --board->running;
  ++board->done;
}

inline int square(int value) {
  return value * value;
}
inline void nap_forever() {
  for (;;) ::pause();
}

/// Runs `body` in a child as a user that nobody else is, so that RLIMIT_NPROC counts only what it
/// starts. Only for root.
inline os::ExitStatus as_another_user(const std::function<bool()>& body) {
  const pid_t parent = ::getpid();
  return in_child([&] {
    const auto user = static_cast<uid_t>(100'000 + ::getpid() % 100'000);
    os::check(::setresgid(user, user, user), "setresgid");
    os::check(::setresuid(user, user, user), "setresuid");
    os::die_with_parent(parent);  // which a change of user undoes
    return body();
  });
}

/// How many processes, this one and its children, this process's user may have.
inline void allow_processes(rlim_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NPROC, &limit);
  limit.rlim_cur = count;
  os::check(::setrlimit(RLIMIT_NPROC, &limit), "setrlimit RLIMIT_NPROC");
}

}  // namespace ipc::test
