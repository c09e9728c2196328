// The binaries' cases; each stands in the file of that name.
#pragma once

#include <vector>

#include "bench/harness/case.hpp"

namespace bench {

std::vector<Case> limits_cases();
std::vector<Case> fork_cost_cases();
std::vector<Case> latency_cases();
std::vector<Case> throughput_cases();
std::vector<Case> contention_cases();

}  // namespace bench
