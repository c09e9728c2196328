// The paired comparison: Wilcoxon's signed-rank test and the shift that belongs to it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "bench/statistics/interval.hpp"

namespace bench::statistics {

/// Up to so many pairs the distribution is counted, above it is taken for normal.
inline constexpr std::size_t kExactPairs = 60;

/// Ranks from 1, equal values sharing the mean of theirs.
std::vector<double> mid_ranks(std::span<const double> values);

struct SignedRank {
  double w_plus = 0;      ///< sum of the ranks of the positive differences
  std::size_t pairs = 0;  ///< whose differences are not zero
  std::size_t zeros = 0;
  double p = 1;  ///< two-sided
  bool exact = true;
};

/// Wilcoxon's test (1945) that differences are symmetric about zero. Differences of zero are left
/// out, as he did; equal magnitudes share the mean of their ranks, and p counts over all signs of
/// the ranks as they are, so that it is exact with ties too. Above kExactPairs pairs: the normal
/// distribution, its variance corrected for ties, without a correction for continuity. Fewer than
/// 6 pairs never give p < 0.05.
SignedRank signed_rank(std::span<const double> differences);

/// The estimate of Hodges and Lehmann (1963) of at least one difference: the median of the means of
/// all pairs of differences, each with itself included. Differences of zero count.
double hodges_lehmann(std::span<const double> differences);

/// The interval of the same shift that the signed-rank test does not refuse at 1 - level: between
/// two of the sorted means of pairs, by the exact distribution without ties (with ties it holds the
/// shift at least as often). Nothing where there are too few differences for the level: fewer than
/// 6 at 95 %, than 8 at 99 %.
std::optional<Interval> shift_interval(std::span<const double> differences, double level = 0.95);

}  // namespace bench::statistics
