// The processes of a run as the statistics want them, read from its records of repetitions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/run/store.hpp"
#include "bench/statistics/estimators.hpp"

namespace bench::run {

/// One process of a case.
struct ProcessRecord {
  int round = 0;
  statistics::Process measured;
  double line_ns = 0;  ///< the probe before it, of its CPUs' distance; 0: none was taken
  double involuntary_per_operation = 0;  ///< which path operations took: a wake-up preempts or not
  bool comparable = true;                ///< the record gives no reason against it
};

/// By case, in the order of the rounds; processes that failed are missing. Where operations were
/// counted, a repetition's p10 and p50 are its mean. Throws std::runtime_error naming the file when
/// a record cannot be read.
std::map<std::string, std::vector<ProcessRecord>> read_processes(const RunDirectory& directory,
                                                                 const Plan& plan);

/// The family of a case: measure/noun/placement.
std::string family_of(const Case& one);

/// Calls visit(ours, theirs) for every round that both runs measured.
template <class Visit>
void for_each_pair(const std::vector<ProcessRecord>& base, const std::vector<ProcessRecord>& versus,
                   Visit visit) {
  auto other = versus.begin();
  for (const ProcessRecord& one : base) {
    while (other != versus.end() && other->round < one.round) ++other;
    if (other != versus.end() && other->round == one.round) visit(one, *other);
  }
}

/// Two runs' processes of the same rounds, beside each other.
struct PairedProcesses {
  std::vector<statistics::Process> base, versus;
};
PairedProcesses paired(const std::vector<ProcessRecord>& base,
                       const std::vector<ProcessRecord>& versus);

}  // namespace bench::run
