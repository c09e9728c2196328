// How a pool and its workers wait awake for each other, before they sleep.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "ipc/os/availability.hpp"
#include "ipc/os/spin.hpp"

namespace ipc {

/// Waits awake, as the policy has it, for what one that last ran on `others_cpu` (or
/// os::kUnknownCpu) may bring; true when it came. A yield pays however long others then ran: they
/// did what was waited for, and a sleep would have taken as long. Of those that share a seat, one
/// at a time spins.
template <os::WaitPolicy kWait, class IsSo>
bool wait_awake(os::SpinSeat& seat, const std::atomic<int>& others_cpu, os::Deadline deadline,
                IsSo is_so) {
  constexpr std::int64_t kTurnNs = 1'000'000;
  if constexpr (kWait == os::WaitPolicy::block) return false;
  const bool is_here = others_cpu.load(std::memory_order_relaxed) == os::this_cpu();
  if (kWait == os::WaitPolicy::adaptive && is_here) return os::yield_once(is_so, true);
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
