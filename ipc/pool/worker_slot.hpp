// What a worker of a pool tells of itself, and the ids that mean no task.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

#include "ipc/os/identity.hpp"

namespace ipc {

/// The id of a task that tells a worker to leave.
inline constexpr std::uint64_t kStopTask = 0;
/// The id of a result in which a worker tells how its initializer failed.
inline constexpr std::uint64_t kFailedTask = std::numeric_limits<std::uint64_t>::max();

/// What a worker tells of itself in a word of shared memory: the id of the task that it holds, or
/// one of these. So the pool knows what was lost with it, however it ends.
namespace worker_state {
inline constexpr std::uint64_t kIdle = 0;
inline constexpr std::uint64_t kRetired = std::numeric_limits<std::uint64_t>::max() - 1;
inline constexpr std::uint64_t kInitializing = std::numeric_limits<std::uint64_t>::max();
}  // namespace worker_state

/// A line of its own, as each worker writes its own.
struct alignas(64) WorkerSlot {
  std::atomic<std::uint64_t> state;
  std::atomic<os::ShortIdentity> who;  ///< where it takes tasks in this name
};

}  // namespace ipc
