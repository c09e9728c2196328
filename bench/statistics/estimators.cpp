#include "bench/statistics/estimators.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "bench/statistics/slope.hpp"
#include "bench/statistics/summary.hpp"

namespace bench::statistics {

namespace {

constexpr std::array<std::string_view, kEstimators.size()> kNames{"quiet", "typical", "adjusted",
                                                                  "tail"};
/// Closer anchors differ by what timing a loop of a millisecond makes of it.
constexpr double kLeastSlowness = 0.02;

}  // namespace

std::string_view name(Estimator estimator) {
  return kNames[index(estimator)];
}

std::optional<Estimator> estimator_of(std::string_view name) {
  const auto at = std::ranges::find(kNames, name);
  if (at == kNames.end()) return std::nullopt;
  return kEstimators[static_cast<std::size_t>(at - kNames.begin())];
}

double log_slowness(const Process& process, std::size_t repetition, double anchor_floor_ns) {
  const auto& anchor = process.anchor_ns;
  assert(repetition + 1 < anchor.size());
  return (std::log(anchor[repetition] / anchor_floor_ns) +
          std::log(anchor[repetition + 1] / anchor_floor_ns)) /
         2;
}

double anchor_floor(std::span<const Process> processes) {
  double floor = std::numeric_limits<double>::infinity();
  for (const auto& process : processes)
    for (const double anchor : process.anchor_ns) floor = std::min(floor, anchor);
  return floor;
}

double anchor_slope(std::span<const Process> processes) {
  const double floor = anchor_floor(processes);
  std::vector<Point> points;
  for (const auto& process : processes)
    for (std::size_t i = 0; i < process.p50_ns.size(); ++i)
      points.push_back({log_slowness(process, i, floor), std::log(process.p50_ns[i])});
  return theil_sen(std::span(&points, 1), std::log1p(kLeastSlowness)).value_or(0);
}

Estimates estimates(const Process& process, double slope, double anchor_floor_ns) {
  assert(!process.p50_ns.empty() && process.anchor_ns.size() == process.p50_ns.size() + 1);
  std::vector<double> adjusted;
  for (std::size_t i = 0; i < process.p50_ns.size(); ++i)
    adjusted.push_back(std::log(process.p50_ns[i]) -
                       slope * log_slowness(process, i, anchor_floor_ns));
  return {std::ranges::min(process.p10_ns), median(process.p50_ns), std::exp(median(adjusted)),
          process.tail_ns};
}

}  // namespace bench::statistics
