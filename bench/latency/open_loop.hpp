// Measure `open_loop`: round trips at an offered rate, beside those of measure `latency`.
#pragma once

#include <vector>

#include "bench/harness/case.hpp"
#include "bench/harness/schedule.hpp"

namespace bench {

std::vector<Case> open_loop_cases();

/// Takes over both distributions: response becomes latency_ns_* and the result, service stands
/// beside it; and whether the rate could be had.
void set_open_loop(Outcome& outcome, const OpenLoop& loop, std::int64_t per_second);

}  // namespace bench
