// What two runs that took turns say of each other, on the target and without Python.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bench/run/processes.hpp"
#include "bench/statistics/estimators.hpp"
#include "bench/statistics/interval.hpp"
#include "bench/statistics/looks.hpp"

namespace bench::run {

/// By which number a family is judged, and how large a change has to be; fixed before measuring.
struct Yardstick {
  statistics::Estimator estimator = statistics::Estimator::quiet;
  double threshold = 0;  ///< a log ratio
  double anchor_slope = 0;
};
/// Without a self-test: the quiet time, and 2 %.
Yardstick default_yardstick();
/// As run.json says ("estimators"); the default for a family that it does not name.
Yardstick yardstick_of(const Json& record, const std::string& family);

/// One case's two sides.
struct Cell {
  std::string name;
  Yardstick yardstick;
  std::size_t pairs = 0;
  std::size_t left_out = 0;  ///< pairs whose probes saw different distances, or that do not compare
  double effect = 0;         ///< Hodges-Lehmann, log(versus / base)
  std::optional<statistics::Interval> interval;  ///< 95 %
  double p = 1;
  double q = 1;                                   ///< after Benjamini and Hochberg, over all cells
  double switches_base = 0, switches_versus = 0;  ///< involuntary ones an operation, medians

  /// p < 0.05 and above the threshold, before other cells are thought of.
  [[nodiscard]] bool starred_alone() const;
  /// The same with q.
  [[nodiscard]] bool starred() const;
  /// "regression" (versus takes longer), "improvement", "equivalent" (the interval lies within the
  /// threshold) or "inconclusive".
  [[nodiscard]] const char* verdict() const;
};

/// One cell a case that both runs measured, of the first `rounds` of them.
std::vector<Cell> compare(const RunDirectory& base, const RunDirectory& versus, const Plan& plan,
                          int rounds);

/// Whether a look is planned after so many rounds (statistics::kRigorousLooks).
bool is_look(int rounds);
/// The cases that need no more rounds after this one: whose planned look found a change.
std::set<std::string> decided(const std::vector<Cell>& cells, int rounds);

/// The negative controls that moved come first, then a line a cell, then the counts.
std::string to_text(const std::vector<Cell>& cells, const Plan& plan);

}  // namespace bench::run
