// The facts of the machine that can change a result.
#pragma once

#include "bench/harness/json_file.hpp"

namespace bench {

/// Reads every fact now: {group: {key: value}}, where a value is a scalar, a list of scalars, or
/// {"unknown": reason} for what this machine hides. Never throws for a fact that cannot be read.
/// Takes some ms, most of it to time the clock.
Json read_environment();

/// Looks a fact up in such groups; null when it is unknown or not there.
const Json& known_fact(const Json& groups, const char* group, const char* key);

}  // namespace bench
