// Figures that describe a few numbers.
#pragma once

#include <span>
#include <vector>

namespace bench::statistics {

/// The quantile of `share` (0 to 1) of at least one value, linear between order statistics: type 7
/// of Hyndman and Fan, "Sample quantiles in statistical packages" (1996), as R and NumPy have it.
double quantile(std::span<const double> values, double share);
/// The same of values already in rising order.
double quantile_of_sorted(std::span<const double> sorted, double share);
double median(std::span<const double> values);

/// The root of the sum of squared distances to the mean over n - 1; 0 for fewer than two values.
double standard_deviation(std::span<const double> values);

/// Jain's index of shares that are not negative: 1 when all are equal, 1/n when one has everything;
/// 1 when nobody has anything, which is fair too. Jain, Chiu and Hawe, DEC-TR-301 (1984).
double jain_index(std::span<const double> shares);

}  // namespace bench::statistics
