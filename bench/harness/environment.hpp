// The facts of the machine that can change a result, and how they changed.
#pragma once

#include <filesystem>
#include <vector>

#include "bench/harness/json_file.hpp"
#include "bench/harness/root.hpp"

namespace bench {

/// Reads every fact now: {group: {key: value}}, where a value is a scalar, a list of scalars, or
/// {"unknown": reason} for what this machine hides. Never throws for a fact that cannot be read,
/// and changes nothing. The group `identity` holds only what stays the same at every boot, and as
/// `key` all of it in one line. `programs` are hashed into the group `binaries`. Takes some ten ms.
Json read_environment(const std::vector<std::filesystem::path>& programs = {},
                      const Root& root = {});

/// Looks a fact up in such groups; null when it is unknown or not there.
const Json& known_fact(const Json& groups, const char* group, const char* key);
/// Why it is unknown; empty when it is known.
std::string why_unknown(const Json& groups, const char* group, const char* key);

/// What happened between two such readings of one machine, as a list: {"group", "key", "start",
/// "end"} for a fact that should have stayed, {"group", "key", "delta"} for a counter. Facts that
/// are unknown in both, and counters in either, are left out; so are all counters where the boot
/// differs. Values are told as they were read.
Json difference(const Json& start, const Json& end);

}  // namespace bench
