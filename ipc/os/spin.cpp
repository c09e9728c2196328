#include "ipc/os/spin.hpp"

#include <sys/sysinfo.h>

namespace ipc::os {

SpinBudget& SpinBudget::of_this_process() {
  static SpinBudget budget;
  return budget;
}

bool SpinBudget::has_other_cpus() {
  // Not those that this process may use: who is bound to one may wait for somebody on another.
  static const bool has = ::get_nprocs() > 1;
  return has;
}

void SpinBudget::learn(std::int64_t wake_ns) {
  const std::int64_t known = wake_ns_.load(std::memory_order_relaxed);
  wake_ns_.store(known + (std::min(wake_ns, kMostNs) - known) / 8, std::memory_order_relaxed);
}

bool SpinBudget::may_yield() {
  const std::uint32_t skip = skip_yields_.load(std::memory_order_relaxed);
  if (skip > 0) skip_yields_.store(skip - 1, std::memory_order_relaxed);
  return skip == 0;
}

void SpinBudget::yielded(bool was_useful, std::int64_t took_ns) {
  // Where another program wants this CPU, a yield may give it a whole slice.
  constexpr std::int64_t kUsualNs = 20'000, kAffordableNs = 500;
  if (was_useful && took_ns < kUsualNs) return;
  const std::int64_t waits = 1 + std::min<std::int64_t>(took_ns / kAffordableNs, 1 << 20);
  skip_yields_.store(static_cast<std::uint32_t>(waits), std::memory_order_relaxed);
}

}  // namespace ipc::os
