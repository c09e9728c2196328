// What went on around a case while it was measured, and whether its result can be compared.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/harness/case.hpp"

namespace bench {

/// CPU time by proc(5), ns: what ran on these CPUs, and what the hypervisor gave to others.
struct CpuTime {
  double busy_ns = 0;
  double stolen_ns = 0;
};
/// Of the CPUs in the text of /proc/stat; none given: of all.
CpuTime cpu_time(std::string_view stat, std::span<const int> cpus);

/// Looks around at the beginning of a case, and again at its end.
class Surroundings {
 public:
  explicit Surroundings(const Case& one);
  /// Adds to the outcome what was seen: counters, labels and why it does not compare.
  void judge(Outcome& outcome) const;

 private:
  [[nodiscard]] std::optional<double> probe() const;
  void judge_pauses(Outcome& outcome) const;
  void judge_company(Outcome& outcome, double elapsed_ns) const;
  void judge_topology(Outcome& outcome) const;
  static void judge_modes(Outcome& outcome);

  const Case& case_;
  std::int64_t began_at_ns_ = 0;
  CpuTime before_;
  double used_before_ns_ = 0;
  std::optional<double> line_before_ns_;
};

}  // namespace bench
