#include "bench/statistics/slope.hpp"

#include <cmath>

#include "bench/statistics/summary.hpp"

namespace bench::statistics {

std::optional<double> theil_sen(std::span<const std::vector<Point>> groups, double least_dx) {
  std::vector<double> slopes;
  for (const auto& points : groups)
    for (std::size_t i = 0; i < points.size(); ++i)
      for (std::size_t j = i + 1; j < points.size(); ++j) {
        const double dx = points[j].x - points[i].x;
        if (dx != 0 && std::abs(dx) >= least_dx) slopes.push_back((points[j].y - points[i].y) / dx);
      }
  if (slopes.empty()) return std::nullopt;
  return median(slopes);
}

}  // namespace bench::statistics
