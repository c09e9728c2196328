// What the processor counts while a process works: instructions, cycles and misses, by
// perf_event_open(2), where the kernel gives them.
#pragma once

#include <linux/perf_event.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ipc/os/unique_fd.hpp"

namespace bench {

/// An event as perf_event_open(2) knows it, and what a result calls it.
struct PerfEvent {
  const char* name;
  std::uint32_t type;
  std::uint64_t config;
};

inline constexpr std::array<PerfEvent, 4> kHardwareEvents{{
    {"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
    {"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
    {"cache_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
    {"branch_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES},
}};

inline constexpr std::size_t kMostPerfEvents = 8;

/// Counts in the order of a plan's events; NaN where the kernel had no counter free for one at any
/// time. Trivially copyable, so it can lie in shared memory.
struct PerfCounts {
  std::array<double, kMostPerfEvents> of{};

  PerfCounts& operator+=(const PerfCounts& other) noexcept;
};

/// A system call of one event; gives a descriptor, or -1 and errno.
using OpenPerfEvent = std::function<int(perf_event_attr&)>;
/// perf_event_open(2) for this process on any CPU, close-on-exec.
int open_perf_event(perf_event_attr& attributes);

/// Which events can be counted here. Found out once, before any process that is measured is forked.
struct PerfPlan {
  struct Counter {
    PerfEvent event;
    bool user_only;  ///< the kernel's own work is not in it, since only that is allowed

    /// "instructions", or "user_instructions" where that is all.
    [[nodiscard]] std::string name() const;
  };
  std::vector<Counter> counters;
  std::string missing;  ///< why the others cannot be counted, in one line; empty: none is missing
};

/// Tries each event. Never throws for what the kernel refuses.
PerfPlan plan_perf(std::span<const PerfEvent> events, const OpenPerfEvent& open = open_perf_event);
/// The plan of kHardwareEvents, made at the first call, and tried: counters that stand still are
/// missing too.
const PerfPlan& hardware_plan();

/// A count as if its event had had a counter all the time, since the kernel lets events share them
/// by turns. Nothing where it never had one; 0 where the process never ran.
std::optional<double> scaled_count(std::uint64_t count, std::uint64_t enabled_ns,
                                   std::uint64_t running_ns);

/// Counts the events of a plan in this process and in all children and threads that it starts after
/// this was made. An event that cannot be opened any more is NaN. Costs no call for an empty plan.
class PerfCounters {
 public:
  explicit PerfCounters(const PerfPlan& plan, const OpenPerfEvent& open = open_perf_event);

  void start();
  void stop();
  /// What was counted between the starts and the stops so far, in whatever has not been left out.
  [[nodiscard]] PerfCounts counts() const;

 private:
  std::vector<ipc::os::UniqueFd> fds_;
};

}  // namespace bench
