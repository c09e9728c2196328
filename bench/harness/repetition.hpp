// A repetition: one timed window of a process, and what was seen in it.
#pragma once

#include <chrono>
#include <cstdint>

#include "bench/harness/anchor.hpp"
#include "bench/harness/marker.hpp"
#include "bench/harness/perf_counters.hpp"
#include "bench/harness/usage.hpp"

namespace bench {

inline constexpr std::size_t kMostRepetitions = 32;

/// How a process of a case measures: it warms up once, then takes its repetitions, with a look at
/// the anchor before each and after the last; and how late its peers may be before they count as
/// hung.
struct Window {
  std::chrono::nanoseconds warmup = std::chrono::milliseconds(20);
  std::chrono::nanoseconds timed = std::chrono::milliseconds(50);
  std::chrono::nanoseconds grace = std::chrono::milliseconds(1000);
  int repetitions = 1;                 ///< 1 to kMostRepetitions
  std::chrono::nanoseconds anchor{0};  ///< length of a look; 0: none is taken
  double injected_percent = 0;  ///< by how much an operation is made longer, where the case can

  /// With fixed counts: so many operations before the first repetition and in each, however long
  /// they take; `warmup` and `timed` then say nothing.
  std::int64_t warmup_operations = 0;
  std::int64_t operations = 0;
  const Marker* marker = nullptr;  ///< executed around what is measured with fixed counts

  /// Events to count meanwhile; none: null. Times of such a window are worth nothing: the kernel
  /// saves a process's counters whenever it switches to another.
  const PerfPlan* counted = nullptr;

  [[nodiscard]] bool is_fixed() const { return operations > 0; }
};

/// ns an operation; all 0 where operations were counted and not timed one by one.
struct Quantiles {
  double min = 0, p10 = 0, p50 = 0, p90 = 0, p99 = 0, p99_9 = 0, max = 0;
};

/// One of them. Times are CLOCK_MONOTONIC.
struct Repetition {
  std::int64_t started_at_ns = 0;
  std::int64_t elapsed_ns = 0;
  std::int64_t operations = 0;  ///< timed or counted, of all peers
  Quantiles ns;
  Usage usage;  ///< of all peers

  /// ns an operation over the whole window; 0 when none ended in it.
  [[nodiscard]] double mean_ns() const {
    return operations ? static_cast<double>(elapsed_ns) / static_cast<double>(operations) : 0;
  }
};

}  // namespace bench
