// Two machines, or one at two times: what differs between them besides what is compared.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "bench/run/check.hpp"

namespace bench::run {

/// Judges what differs between the environments of two sides (bench::read_environment), with the
/// fact's name, "group.key", as the topic. Block: a setting that can change results by itself, so
/// that no difference of results can be put down to what is compared ("confounded by ..."). Warn: a
/// trait that should not. Unknown: only one side tells. Ok: `under_test` names it, as a fact or as
/// its whole group ("kernel" is the kernel's build, "boot" how it was started, "binaries" the
/// programs). Facts of the moment, and those on which both sides agree, are left out. A boot
/// image's path on the kernel's command line counts with the kernel, not as a difference of that
/// line.
std::vector<Finding> differences(const Json& a, const Json& b,
                                 const std::set<std::string>& under_test = {});

}  // namespace bench::run
