// The contract of a semaphore: a count that processes take from and give to.
#pragma once

#include <concepts>

#include "ipc/os/availability.hpp"
#include "ipc/os/clock.hpp"

namespace ipc {

/// A counting semaphore in shared memory or the kernel, made before the fork. Contract:
/// - acquire() takes one, and blocks while the count is 0; try_acquire() gives false instead;
///   acquire_until(deadline) gives false when the deadline passed, never before it;
/// - release() gives one and wakes a waiter; any process may release, also one that never acquired;
/// - N units let at most N processes inside at once, and no release is lost;
/// - at the largest count, release() throws EOVERFLOW and changes nothing, where the mechanism can
///   tell (kChecksOverflow); a start value above the largest (kMaxCount) throws EINVAL;
/// - value() is the exact count when nobody is in the middle of a call, where kHasValue says so;
/// - a signal handler does not end a wait early;
/// - a process killed while it waits takes no unit and no wake from the others, also when it was
///   just being woken, where kSurvivesKill says so; what a process had acquired stays taken;
/// - a child that destroys its copy leaves the others' intact; nothing with a name is left behind,
///   save that where kNeedsReclaim says so a killed creator's object stays in the kernel until
///   os::reclaim_orphaned_names().
template <class S>
concept CountingSemaphore = os::Backend<S> && std::constructible_from<S, unsigned> &&
    requires(S semaphore, os::Deadline deadline) {
  semaphore.acquire();
  { semaphore.try_acquire() } -> std::same_as<bool>;
  { semaphore.acquire_until(deadline) } -> std::same_as<bool>;
  semaphore.release();
  { semaphore.value() } -> std::same_as<unsigned>;
  { S::kHasValue } -> std::convertible_to<bool>;
  { S::kChecksOverflow } -> std::convertible_to<bool>;
  { S::kMaxCount } -> std::convertible_to<unsigned>;
  { S::kSurvivesKill } -> std::convertible_to<bool>;
  { S::kNeedsReclaim } -> std::convertible_to<bool>;
};

}  // namespace ipc
