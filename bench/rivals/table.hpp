// What came out of the contests, as a table for a person and as JSON.
#pragma once

#include <string>
#include <vector>

#include "bench/harness/json_file.hpp"
#include "bench/rivals/contest.hpp"

namespace bench::rivals {

/// One line a figure: both sides' medians, the median of their ratios and where nine tenths of them
/// lie, what was asked, and whether that was reached; below it why sides are missing or failed;
/// and, where the CPUs were near each other in some rounds and far in others, the ratios of each.
std::string table(const std::vector<Score>& scores);

/// The same with each round's times.
Json to_json(const std::vector<Score>& scores, const Schedule& schedule);

/// Whether any side failed in any round.
bool has_failures(const std::vector<Score>& scores);

}  // namespace bench::rivals
