// Many tests at once.
#pragma once

#include <span>
#include <vector>

namespace bench::statistics {

/// The q-value of every p, in their order: the smallest false discovery rate at which it counts as
/// found. Benjamini and Hochberg (1995).
std::vector<double> q_values(std::span<const double> p_values);

}  // namespace bench::statistics
