// The contract of a pool: N workers run submitted tasks, and the results come back.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "ipc/os/availability.hpp"
#include "ipc/os/child.hpp"
#include "ipc/os/clock.hpp"
#include "ipc/wire/bytes.hpp"

namespace ipc {

using Bytes = wire::Bytes;

/// What a worker runs: reads its arguments, appends its result. Workers are forks, so its address
/// is good in all.
using TaskFunction = void (*)(std::span<const std::byte> arguments, Bytes& result);

/// How a pool is made. Bad values throw std::invalid_argument where they are given.
struct PoolOptions {
  /// How many; nothing means as many as this process may use CPUs.
  std::optional<int> workers = {};
  /// Runs once in each worker before its first task, in later replacements too. As workers are
  /// forks it may have captures.
  std::function<void()> initializer = {};
  /// A worker is replaced after so many tasks; nothing means never.
  std::optional<int> max_tasks_per_child = {};
};

/// What became of a task.
struct TaskResult {
  enum class Outcome : std::uint8_t { value, exception, worker_lost };
  std::uint64_t id = 0;
  Outcome outcome = Outcome::value;
  Bytes bytes;  ///< the result; for an exception what thrown.hpp makes of it
  os::ExitStatus worker_status = os::ExitStatus::unknown();  ///< of a lost worker
};

/// A pool of worker processes, used by the process that made it. Contract:
/// - less than one worker, or less than one task a worker, throws std::invalid_argument;
///   max_tasks_per_child throws ENOTSUP where kCountsTasksPerChild does not say that it can be had;
/// - submit(function, arguments) gives an id, distinct for each. It does not wait for a worker, but
///   for space while more arguments wait than kMostWaitingBytes, taking in results meanwhile; so
///   tasks and results never wait for each other in a circle;
/// - tasks begin without further calls from here: with kPullsTasks all that the way to the workers
///   holds, else one a worker; those behind them are sent in later calls. A worker that is gone is
///   replaced in a later call too;
/// - arguments and results may be of any size;
/// - collect(deadline) gives one finished task, each exactly once, in any order; nothing when the
///   deadline passed or no task is out;
/// - at most workers() tasks run at once, in processes other than this one, which are daemonic
///   (process/daemonic.hpp): a pool cannot be made in one, that throws std::logic_error;
/// - a task that throws gives an exception result and the worker goes on; a task whose worker dies
///   or leaves, or that throws SystemExit, gives worker_lost with its status, within a second, and
///   the pool goes on with as many workers as before; a worker that dies without a task costs none;
/// - an initializer runs once in each worker. With one that throws, or ends its worker, every task
///   gives that exception or worker_lost, and no further workers are started for them;
/// - a task, or its result, for which either side has no process, descriptor or memory left gives
///   an exception result (std::system_error), and the pool goes on; submit throws when this side
///   has none, and then there is no such task; making a pool throws too and leaves no worker;
/// - with kInProcess the workers are threads of this process, a baseline: a task that ends its
///   process ends all, terminate() waits for the tasks that run, and a task may have children;
/// - what a task printed with stdio is out before its result;
/// - finish() waits until all tasks submitted ended, and ends the workers; terminate() ends the
///   workers at once, and tasks that had not ended are lost; the results of those that had can be
///   collected after either; submit after either throws EINVAL;
/// - a call from another process, such as a worker, throws EPERM;
/// - destroying it terminates: no worker, zombie or descriptor remains; and no worker outlives the
///   pool's process, however that ends.
template <class P>
concept TaskPool = os::Backend<P> && std::constructible_from<P, PoolOptions> &&
    requires(P pool, TaskFunction function, std::span<const std::byte> arguments,
             os::Deadline deadline) {
  { P::kInProcess } -> std::convertible_to<bool>;
  { P::kPullsTasks } -> std::convertible_to<bool>;
  { P::kCountsTasksPerChild } -> std::convertible_to<bool>;
  { pool.submit(function, arguments) } -> std::same_as<std::uint64_t>;
  { pool.collect(deadline) } -> std::same_as<std::optional<TaskResult>>;
  { pool.workers() } -> std::same_as<unsigned>;
  pool.finish();
  pool.terminate();
};

/// How many bytes of arguments wait in a pool's process for room on their way to the workers.
inline constexpr std::size_t kMostWaitingBytes = 64 << 20;

}  // namespace ipc
