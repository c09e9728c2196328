// Where a figure may lie.
#pragma once

namespace bench::statistics {

/// Both ends included.
struct Interval {
  double low = 0;
  double high = 0;

  [[nodiscard]] bool holds(double value) const { return low <= value && value <= high; }
};

}  // namespace bench::statistics
