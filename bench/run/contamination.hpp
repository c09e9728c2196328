// What disturbed a run, told from its two readings of the machine.
#pragma once

#include <string>
#include <vector>

#include "bench/harness/json_file.hpp"

namespace bench::run {

/// The labels of a run, one short sentence each with the figure and its limit; none for a clean
/// one. `environment` is what environment.json holds: "start", "end" (null while the run goes on,
/// or where it did not get there) and "changes", which is worked out where it is missing. Load and
/// pressure count at the start alone: at the end they are the run's own, and what others did shows
/// as CPU time that no process of the run used.
std::vector<std::string> contaminations(const Json& environment);

}  // namespace bench::run
