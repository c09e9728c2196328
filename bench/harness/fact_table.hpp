// Which facts there are: every one by its group and key, how it is read, and what a change of it
// means.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/harness/fact.hpp"

namespace bench {

/// What it means when a fact is not the same at the end of a run as at its start, or on one side of
/// a comparison as on the other.
enum class FactKind {
  setting,  ///< can change results: stays in a run, and confounds two sides that differ in it
  trait,    ///< stays in a run; between two sides it is worth telling
  mark,     ///< stays in a run; says nothing between two sides (a boot's id, a host's name)
  counter,  ///< only grows: the difference counts
  reading,  ///< of the moment: never compared
};

struct Fact {
  const char* group;
  const char* key;
  FactKind kind;
  Reader read;
};

/// Facts whose keys the machine gives: `read` gives {key: value}; what it throws stands under the
/// key "all".
struct FactGroup {
  const char* group;
  FactKind kind;
  Reader read;
};

/// In the order in which they are shown.
const std::vector<Fact>& hardware_facts();
const std::vector<Fact>& kernel_facts();
const std::vector<Fact>& process_facts();
const std::vector<Fact>& load_facts();
const std::vector<Fact>& build_facts();
const std::vector<FactGroup>& fact_groups();

/// The kind of a fact; a setting where the tables do not name it.
FactKind kind_of(const std::string& group, const std::string& key);

}  // namespace bench
