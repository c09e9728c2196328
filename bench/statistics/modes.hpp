// The modes of a distribution: the paths an operation took, the places a virtual CPU was in.
#pragma once

#include <span>
#include <vector>

#include "bench/statistics/density.hpp"

namespace bench::statistics {

struct Mode {
  double location = 0;  ///< where its samples lie densest
  double share = 0;     ///< of all samples: those between the valleys on either side
  double low = 0;       ///< the smallest and the largest of them
  double high = 0;
};

/// The modes of samples on a logarithmic axis, in rising order; at least one where there are
/// samples. Between two modes lies a valley below 70 % of the lower one that is no accident, so
/// that fewer than about 20 samples never show two. Each has 5 % of the samples and is 3 % as dense
/// as the densest: less is a tail, and counts to the mode beside it. `resolution` is the step of
/// the clock: values nearer to each other are not told apart. A coarser step is found where three
/// neighbouring multiples of it are there; two cannot be told from two modes. Values that are not
/// above zero have no place on the axis and are left out.
std::vector<Mode> modes(std::span<const Bucket> buckets, double resolution = 1);

/// For a few values of which each stands for much (a probe before every process): the number of
/// the mode that each belongs to, from 0 upwards. A new mode begins where the next larger value is
/// more than `ratio` times as large. -1 for what is no time: not above zero, or not finite.
std::vector<int> gap_modes(std::span<const double> values, double ratio = 1.35);

}  // namespace bench::statistics
