// The preflight: what about this machine would spoil or colour a result.
#pragma once

#include <string>
#include <vector>

#include "bench/harness/json_file.hpp"

namespace bench::run {

/// How much a finding matters. Unknown: the machine hides the fact. Block: results mean little.
enum class Grade { kOk, kUnknown, kWarn, kBlock };

/// One thing that was looked at.
struct Finding {
  Grade grade = Grade::kOk;
  std::string topic;
  std::string found;
  std::string effect;  ///< what it does to results
  std::string remedy;
};

/// Judges the facts of an environment (bench::read_environment). Changes nothing.
std::vector<Finding> findings(const Json& environment);

/// How many have that grade.
std::size_t count(const std::vector<Finding>& findings, Grade grade);

/// One line each; those that are ok or unknown only when verbose. A closing count.
std::string to_text(const std::vector<Finding>& findings, bool verbose);
Json to_json(const std::vector<Finding>& findings);

}  // namespace bench::run
