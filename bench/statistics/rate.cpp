#include "bench/statistics/rate.hpp"

#include <boost/math/special_functions/beta.hpp>

#include <cassert>

namespace bench::statistics {

Interval rate_interval(double hits, double trials, double level) {
  assert(hits >= 0 && hits <= trials && level > 0 && level < 1);
  const double tail = (1 - level) / 2;
  Interval interval{0, 1};
  if (hits > 0) interval.low = boost::math::ibeta_inv(hits, trials - hits + 1, tail);
  if (hits < trials) interval.high = boost::math::ibetac_inv(hits + 1, trials - hits, tail);
  return interval;
}

}  // namespace bench::statistics
