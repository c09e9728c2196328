// The contract of a pool: N workers run submitted tasks, and the results come back.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
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

/// What became of a task.
struct TaskResult {
  enum class Outcome : std::uint8_t { value, exception, worker_lost };
  std::uint64_t id = 0;
  Outcome outcome = Outcome::value;
  /// The result; for an exception the name of its type as std::type_info has it, a zero byte, and
  /// its text.
  Bytes bytes;
  os::ExitStatus worker_status = os::ExitStatus::unknown();  ///< of a lost worker
};

/// A pool of worker processes, used by the process that made it. Contract:
/// - making one of 0 workers throws std::invalid_argument;
/// - submit(function, arguments) gives an id, distinct for each; a worker runs the task without
///   further calls from here. It blocks only while more is under way than the pool holds, and takes
///   in results meanwhile, so that tasks and results never wait for each other in a circle;
/// - arguments and results may be of any size;
/// - collect(deadline) gives one finished task, each exactly once, in any order; nothing when the
///   deadline passed or no task is out;
/// - at most workers() tasks run at once, in processes other than this one;
/// - a task that throws gives an exception result and the worker goes on; a task whose worker dies
///   or leaves gives worker_lost with its status, within a second, and the pool goes on with as
///   many workers as before;
/// - a task, or its result, for which either side has no descriptor or memory left gives an
///   exception result (std::system_error), and the pool goes on; submit throws when this side has
///   none, and then there is no such task;
/// - with kInProcess the workers are threads of this process, a baseline: a task that ends its
///   process ends all, and terminate() waits for the tasks that run;
/// - what a task printed with stdio is out before its result;
/// - finish() waits until all tasks submitted ended, and ends the workers; results can be collected
///   afterwards; terminate() ends the workers at once, and what was out is lost; submit after
///   either throws EINVAL;
/// - a call from another process, such as a worker, throws EPERM;
/// - destroying it terminates: no worker, zombie or descriptor remains; and no worker outlives the
///   pool's process, however that ends.
template <class P>
concept TaskPool = os::Backend<P> && std::constructible_from<P, unsigned> &&
    requires(P pool, TaskFunction function, std::span<const std::byte> arguments,
             os::Deadline deadline) {
  { P::kInProcess } -> std::convertible_to<bool>;
  { pool.submit(function, arguments) } -> std::same_as<std::uint64_t>;
  { pool.collect(deadline) } -> std::same_as<std::optional<TaskResult>>;
  { pool.workers() } -> std::same_as<unsigned>;
  pool.finish();
  pool.terminate();
};

}  // namespace ipc
