// A straight line that outliers do not bend.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace bench::statistics {

struct Point {
  double x = 0;
  double y = 0;
};

/// The slope of Theil (1950) and Sen (1968): the median of the slopes between all two points of a
/// group, over all groups, so that groups may lie at different heights. Points whose x differ by
/// less than `least_dx` say nothing of a slope; nothing when no others are there.
std::optional<double> theil_sen(std::span<const std::vector<Point>> groups, double least_dx = 0);

}  // namespace bench::statistics
