// How a pool and its workers wait awake for each other, before they sleep.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "ipc/os/availability.hpp"
#include "ipc/os/spin.hpp"

namespace ipc {

/// Lets others run once, where that pays of late; whether it is so then. However long others ran:
/// when it came of it they did what was waited for, and a sleep would have taken as long.
template <class IsSo>
bool yield_to_peers(IsSo is_so) {
  os::SpinBudget& budget = os::SpinBudget::of_this_process();
  if (!budget.may_yield()) return false;
  const std::int64_t from = os::now_ns();
  ::sched_yield();
  const bool came = is_so();
  budget.yielded(came, came ? 0 : os::now_ns() - from);
  return came;
}

/// Waits awake, as the policy has it, for what one that last ran on `others_cpu` (-1: not known)
/// may bring; true when it came. Of those that share a seat, one at a time spins.
template <os::WaitPolicy kWait, class IsSo>
bool wait_awake(os::SpinSeat& seat, const std::atomic<int>& others_cpu, os::Deadline deadline,
                IsSo is_so) {
  constexpr std::int64_t kTurnNs = 1'000'000;
  if constexpr (kWait == os::WaitPolicy::block) return false;
  const bool is_here = others_cpu.load(std::memory_order_relaxed) == os::this_cpu();
  if (kWait == os::WaitPolicy::adaptive && is_here) return yield_to_peers(is_so);
  const std::int64_t budget =
      kWait == os::WaitPolicy::spin ? kTurnNs : os::SpinBudget::of_this_process().ns();
  const std::int64_t ns = std::min<std::int64_t>(budget, deadline.remaining().count());
  const std::int64_t now = os::now_ns();
  if (ns == 0 || !seat.take(now, now + 2 * ns)) return is_so();
  const bool came = os::spin_in_turns(others_cpu, now + ns, is_so);
  seat.leave();
  return came;
}

}  // namespace ipc
