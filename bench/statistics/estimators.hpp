// One number a process, made of its repetitions.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace bench::statistics {

/// How a process is summed up. No one is best everywhere: `quiet` where others use the CPUs,
/// `adjusted` where the host slows them; `tail` is a figure of its own.
enum class Estimator { quiet, typical, adjusted, tail };
inline constexpr std::array kEstimators{Estimator::quiet, Estimator::typical, Estimator::adjusted,
                                        Estimator::tail};
/// Those that say where a distribution lies: one of them is chosen for a verdict.
inline constexpr std::array kLocations{Estimator::quiet, Estimator::typical, Estimator::adjusted};

std::string_view name(Estimator estimator);
std::optional<Estimator> estimator_of(std::string_view name);
constexpr std::size_t index(Estimator estimator) {
  return static_cast<std::size_t>(estimator);
}

/// What one process measured: a p10 and a p50 for each repetition, the anchors before each and
/// after the last. All ns, above zero, at least one repetition.
struct Process {
  std::vector<double> p10_ns;
  std::vector<double> p50_ns;
  std::vector<double> anchor_ns;  ///< one more than repetitions; medians
  double tail_ns = 0;  ///< p99 of all repetitions together; 0: no single operations timed
};

/// How far the anchors around a repetition were above their floor: the mean of both logarithms.
double log_slowness(const Process& process, std::size_t repetition, double anchor_floor_ns);

/// The smallest anchor of all: the machine as fast as it was seen.
double anchor_floor(std::span<const Process> processes);

/// How strongly repetitions follow their anchors: 1 where they slow down by the same factor, 0
/// where not at all. Theil and Sen's slope over the repetitions of all processes (both sides of a
/// comparison, never one alone); processes may be of several cases only if these are equally slow.
/// 0 when no two anchors differ by 2 %: then there is nothing to adjust for.
double anchor_slope(std::span<const Process> processes);

/// By Estimator, in ns: quiet = smallest p10; typical = median p50; adjusted = the median p50 as it
/// would be with the anchors at their floor: exp(median(log p50 - slope * log_slowness)).
using Estimates = std::array<double, kEstimators.size()>;
Estimates estimates(const Process& process, double slope, double anchor_floor_ns);

}  // namespace bench::statistics
