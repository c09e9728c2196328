// Which distance of its CPUs a process had, told from all the probes of its run.
#include <map>

#include "bench/run/round_file.hpp"
#include "bench/run/store.hpp"
#include "bench/statistics/modes.hpp"
#include "bench/statistics/summary.hpp"

namespace bench::run {

std::vector<double> RunDirectory::mark_topology_modes(const Plan& plan) const {
  std::vector<double> probes;
  const auto visit = [&](auto action) {
    const int rounds = plan.settings.rounds;
    for (int round = 1; round <= rounds; ++round)
      for (const auto& part : plan.binaries) {
        if (measured(part.binary, round).empty()) continue;
        Json document = rows(part.binary, round);
        bool changed = false;
        for (Json& row : document.at(kRows))
          if (row.contains("line_ns_before")) changed |= action(row);
        if (changed) write_json(round_file(part.binary, round), document);
      }
  };
  visit([&](const Json& row) {
    for (const char* key : {"line_ns_before", "line_ns_after"}) probes.push_back(row.at(key));
    return false;
  });
  const auto modes = statistics::gap_modes(probes);
  auto mode = modes.begin();
  visit([&](Json& row) {
    const int before = *mode++, after = *mode++;
    const int shown = before == after ? before : -1;
    if (row.value("topology_mode", Json()) == shown) return false;
    row["topology_mode"] = shown;
    return true;
  });
  std::map<int, std::vector<double>> by_mode;
  for (std::size_t i = 0; i < probes.size(); ++i)
    if (modes[i] >= 0) by_mode[modes[i]].push_back(probes[i]);
  std::vector<double> distances;
  for (const auto& [number, times] : by_mode) distances.push_back(statistics::median(times));
  return distances;
}

}  // namespace bench::run
