// Fork cost: starting and reaping one child, by starter, by the parent's memory and mappings, by
// what the child does and by how it is reaped; and lifecycle, what it costs to create an object of
// each kind, to have it in a second process, and to destroy it.
#include "bench/binaries.hpp"
#include "bench/fork_cost/themes.hpp"

namespace bench {

std::vector<Case> fork_cost_cases() {
  Matrix starts("fork_cost"), lifecycles("lifecycle");
  fork_cost::add_starts(starts);
  fork_cost::add_mappings(starts);
  fork_cost::add_copied_pages(starts);
  fork_cost::add_reaping(starts);
  fork_cost::add_zombies(starts);
  fork_cost::add_parts(starts);
  fork_cost::add_lifecycles(lifecycles);
  std::vector<Case> all = starts.cases();
  all.insert(all.end(), lifecycles.cases().begin(), lifecycles.cases().end());
  return all;
}

}  // namespace bench
