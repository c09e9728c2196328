// The workers of a pool are killed, by somebody else than the pool; every task has its end.
#pragma once

#include <sys/syscall.h>
#include <sys/wait.h>

#include <map>
#include <thread>

#include "ipc/os/process_facts.hpp"
#include "ipc/pool/contract.hpp"
#include "ipc/soak/crew.hpp"
#include "ipc/wire/codec.hpp"

namespace ipc::soak {

/// The answer is the number, as often as it says: so that results are small and large.
inline std::size_t answer_copies(std::uint64_t number) {
  return number % 64 == 7 ? 5000 : 1 + number % 5;
}

inline void answer(std::span<const std::byte> arguments, wire::Bytes& result) {
  const auto number = wire::decode<std::uint64_t>(arguments);
  // Long enough to be killed in.
  if (number % 4 == 0) std::this_thread::sleep_for(std::chrono::microseconds(number % 300));
  for (std::size_t i = 0; i < answer_copies(number); ++i) wire::encode(number, result);
}

inline void require_answer(std::uint64_t number, const TaskResult& result) {
  wire::Bytes expected;
  for (std::size_t i = 0; i < answer_copies(number); ++i) wire::encode(number, expected);
  if (result.outcome == TaskResult::Outcome::exception)
    throw Violation("task " + std::to_string(number) + " threw");
  if (result.outcome == TaskResult::Outcome::value && result.bytes != expected)
    throw Violation("task " + std::to_string(number) + " gave another's result");
}

/// Has tasks under way at all times, until the crew stops; each must end exactly once.
template <TaskPool P>
void use_pool(Crew& crew, Tally& tally, Badge& badge) {
  P pool({.workers = 3});
  std::map<std::uint64_t, std::uint64_t> out;
  std::uint64_t number = 0;
  const auto collect = [&] {
    const auto result =
        badge.wait([&] { return pool.collect(os::Deadline::after(std::chrono::seconds(60))); });
    if (!result) throw Violation("no task ends");
    const auto task = out.extract(result->id);
    if (!task) throw Violation("a task ended twice");
    require_answer(task.mapped(), *result);
    if (result->outcome == TaskResult::Outcome::worker_lost) ++tally.lost;
    ++badge.operations;
  };
  while (!crew.stopping()) {
    badge.wait([&] { out[pool.submit(answer, wire::encode(number))] = number; });
    ++number;
    if (out.size() >= 8) collect();
  }
  badge.wait([&] { pool.finish(); });
  while (!out.empty()) collect();
}

/// Kills a child of that process, if it has one that runs; says whether it did. Nobody else is hit:
/// the pidfd means one process, and it is looked at once more before the signal.
inline bool kill_a_child_of(Line& line, pid_t parent) {
  const auto children = os::children_of(parent);
  if (children.empty()) return false;
  const pid_t pid = children[line.pick(children.size() - 1)];
  const os::UniqueFd one(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const auto facts = os::process_facts(pid);
  return one && facts && facts->parent == parent && facts->state != 'Z' &&
         ::syscall(SYS_pidfd_send_signal, one.get(), SIGKILL, nullptr, 0) == 0;
}

/// Reaps what comes to this process, a subreaper, from a child that was killed.
inline void require_no_children() {
  const auto patience = os::Deadline::after(kHang);
  for (pid_t ended = 0; (ended = ::waitpid(-1, nullptr, WNOHANG)) != -1;) {
    if (ended > 0) continue;
    if (patience.expired()) throw Violation("a child outlives its parent");
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

template <TaskPool P>
void pool_line(Line& line) {
  os::become_subreaper();
  const long lost_before = line.tally.lost;
  long workers_killed = 0;
  while (!line.is_over()) {
    // The pool's own process is killed now and then, and ends by itself as often.
    const bool is_killed = line.pick(1) == 0;
    Crew owner(line);
    owner.add("owner", [&](Badge& badge) { use_pool<P>(owner, line.tally, badge); });
    const auto turns = line.pick(100);
    for (std::uint64_t i = 0; i < turns && !line.is_over(); ++i) {
      sleep_up_to(line, std::chrono::microseconds(2000));
      if (kill_a_child_of(line, owner.pid(0))) ++workers_killed;
      owner.watch();
    }
    if (is_killed) {
      owner.kill_one(std::chrono::microseconds(600));
      line.tally.operations += owner.badge(0).operations;
    } else {
      owner.finish();
    }
    require_no_children();
  }
  line.tally.kills += workers_killed;
  if (const long lost = line.tally.lost - lost_before; lost > workers_killed)
    throw Violation(std::to_string(lost) + " tasks were lost with " +
                    std::to_string(workers_killed) + " workers");
}

}  // namespace ipc::soak
