// What happens in a worker: one task runs, and its result or its exception becomes bytes.
#pragma once

#include <cstdio>
#include <exception>

#include "ipc/pool/contract.hpp"
#include "ipc/pool/thrown.hpp"
#include "ipc/process/exit.hpp"

namespace ipc {

/// An exception result for a task that could not be brought to its worker or back.
inline TaskResult failed_result(std::uint64_t id, const std::exception& error) {
  return {id, TaskResult::Outcome::exception, Thrown::of(error).encode()};
}
inline TaskResult failed_result(std::uint64_t id, int error, const char* what) {
  return failed_result(id, std::system_error(error, std::system_category(), what));
}

/// Runs `body`, which appends its result to the bytes it is given, as the task of that id. Throws
/// nothing but SystemExit. What it printed is out when this returns.
template <class Body>
TaskResult run_as_task(std::uint64_t id, Body body) {
  TaskResult result;
  result.id = id;
  try {
    body(result.bytes);
  } catch (const SystemExit&) {
    throw;
  } catch (const std::exception& error) {
    result = failed_result(id, error);
  } catch (...) {
    result = {id, TaskResult::Outcome::exception, Thrown::of_current().encode()};
  }
  std::fflush(nullptr);
  return result;
}

inline TaskResult run_task(std::uint64_t id, TaskFunction function,
                           std::span<const std::byte> arguments) {
  return run_as_task(id, [&](Bytes& result) { function(arguments, result); });
}

/// The initializer of a pool as a task; nothing when all is well.
inline std::optional<TaskResult> failed_initializer(const PoolOptions& options, std::uint64_t id) {
  if (!options.initializer) return std::nullopt;
  auto result = run_as_task(id, [&](Bytes&) { options.initializer(); });
  if (result.outcome == TaskResult::Outcome::value) return std::nullopt;
  return result;
}

}  // namespace ipc
