// How often something happens, and how well that is known.
#pragma once

#include "bench/statistics/interval.hpp"

namespace bench::statistics {

/// The interval of Clopper and Pearson (1934) for a rate: it holds the true one at least as often
/// as `level` says. `hits` of `trials`, which need not be whole numbers: overlapping windows make
/// as many trials as fit side by side. Everything, {0, 1}, when there were no trials.
Interval rate_interval(double hits, double trials, double level = 0.95);

}  // namespace bench::statistics
