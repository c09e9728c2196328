// By which estimator each family of a run is to be judged: decided before anything is measured.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/harness/json_file.hpp"
#include "bench/run/plan.hpp"

namespace bench::run {

/// Members of run.json, and what a person should know of them, a line each.
struct FrozenEstimators {
  Json members;
  std::vector<std::string> notes;
};

/// "estimators" and "selftest" of a run that will lie in `run`, as the self-test chose them that is
/// named, else the one beside the run. Without one of this machine, and for families that it did
/// not test, the usual ones: quiet, and a threshold of 2 %. Throws Unusable when the named one
/// cannot be read; one beside the run that cannot is told of.
FrozenEstimators frozen_estimators(const Plan& plan, const std::filesystem::path& run,
                                   const std::optional<std::filesystem::path>& named,
                                   const Json& environment);

}  // namespace bench::run
