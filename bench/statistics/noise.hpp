// What a machine's own noise does to comparisons: pairs of the same thing, and pairs with a change
// of known size.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "bench/statistics/estimators.hpp"
#include "bench/statistics/interval.hpp"

namespace bench::statistics {

/// Changes are kept as logarithms of ratios, so that twice and half are equally far from none.
double percent_of(double log_ratio);  ///< 0.0953 -> 10
double log_of_percent(double percent);

struct StudySettings {
  std::size_t window = 20;  ///< pairs of one comparison
  double alpha = 0.05;
  int draws = 400;  ///< imagined comparisons behind every quantile
  std::uint64_t seed = 1;
};

/// How often nothing was called a change.
struct FalseAlarms {
  std::size_t window = 0;   ///< pairs in each: never more than there were
  std::size_t windows = 0;  ///< all that overlap
  std::size_t alarms = 0;
  std::size_t independent = 0;  ///< how many windows fit side by side: what the interval rests on
  double rate = 0;
  Interval interval{0, 1};  ///< 95 %, as if only the independent ones had been seen
};

/// Several families as one: each counts as much as it has independent windows.
FalseAlarms pooled(std::span<const FalseAlarms> families);

/// What pairs without a change (A/A) say of one estimator. `differences` below are log(b/a), pair
/// after pair as measured. The quantiles come from imagined comparisons: a stretch of `window`
/// consecutive pairs (drawn one by one, with replacement, when there are fewer), each with its
/// sides as they were or swapped; since the order within a pair was random, that is as likely as
/// what was seen.
struct NoiseStudy {
  double pair_sd = 0;  ///< of the log ratios
  FalseAlarms false_alarms;
  double effect_q95 = 0;  ///< 95 % quantile of the Hodges-Lehmann effect's size, a log ratio
  /// The smallest change of kChanges that is found (p < alpha, in the right direction) in so many
  /// of the comparisons; nothing where none is.
  std::optional<double> detectable_80_percent;
  std::optional<double> detectable_95_percent;

  /// Below this a change is no change whatever its p: the A/A quantile, or 2 % where that is less.
  [[nodiscard]] double threshold() const;  ///< a log ratio
};

/// The changes that are tried, per cent.
inline constexpr std::array kChanges{0.5,  1.0,  1.5,  2.0,  2.5,  3.0,  4.0,  5.0,  6.0,  7.5,
                                     10.0, 12.5, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 75.0, 100.0};

/// At least one pair.
NoiseStudy study_noise(std::span<const double> differences, const StudySettings& settings);

/// Everything about one family.
struct FamilyStudy {
  std::size_t pairs = 0;
  double anchor_slope = 0;
  double anchor_floor_ns = 0;
  std::array<std::optional<NoiseStudy>, kEstimators.size()> noise{};  ///< by Estimator
  Estimator chosen = Estimator::typical;  ///< the location whose pairs differ least

  /// Nothing for the tail of what has none (throughput).
  [[nodiscard]] const std::optional<NoiseStudy>& of(Estimator one) const {
    return noise[index(one)];
  }
};

/// Two sides of the same, process i of one measured beside process i of the other, in random order.
/// As many on either side, at least one.
FamilyStudy study_family(std::span<const Process> a, std::span<const Process> b,
                         const StudySettings& settings);

/// log(b/a) of one estimator, pair after pair.
std::vector<double> differences(std::span<const Process> a, std::span<const Process> b,
                                Estimator estimator, double slope, double anchor_floor_ns);

/// Whether a change that was made on purpose was seen, and at its size.
struct Control {
  double claimed = 0;  ///< log ratio
  std::size_t pairs = 0;
  double p = 1;
  double effect = 0;                 ///< Hodges-Lehmann, log ratio
  std::optional<Interval> interval;  ///< 95 %
  bool found = false;                ///< p < alpha, in the direction of the claim
  bool holds_claim = false;          ///< the interval does
};

Control try_control(std::span<const double> differences, double claimed_percent,
                    double alpha = 0.05);

}  // namespace bench::statistics
