// The smoothed density of samples on a logarithmic axis.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bench::statistics {

/// So many samples had this value; a bucket of a histogram.
struct Bucket {
  double value = 0;
  std::uint64_t count = 0;
};

/// At points evenly spaced on log(value).
struct Density {
  double first_log = 0;
  double step = 0;
  std::vector<double> height;    ///< samples per unit of log(value)
  std::vector<double> variance;  ///< of the height, by chance

  [[nodiscard]] double value_at(std::size_t point) const;
  [[nodiscard]] std::size_t point_of(double value) const;  ///< the nearest
};

/// The step of the clock that made the values: the one whose multiples nearly all values are, three
/// neighbours among them; `resolution`, within which values are rounded, when there is none.
double clock_step(std::span<const Bucket> sorted, double resolution);

/// At least one bucket, in rising order, all values above zero. Smoothed with a normal kernel at
/// least 4 % wide; wider for few samples, by how wide the narrowest quarter of them is (all of them
/// are as far apart as their modes); and everywhere as wide as the clock's step there.
Density density(std::span<const Bucket> sorted, double clock_step);

}  // namespace bench::statistics
