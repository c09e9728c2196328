#include "bench/run/processes.hpp"

#include "bench/run/round_file.hpp"

namespace bench::run {

namespace {

/// The anchors around the repetitions; without any, all alike, which says nothing.
std::vector<double> anchors_of(const Json& entry) {
  std::vector<double> looks;
  for (const Json& look : entry.at("anchors")) looks.push_back(look.at("median_ns"));
  looks.resize(entry.at("repetitions").size() + 1, looks.empty() ? 1 : looks.back());
  return looks;
}

ProcessRecord process_of(const Json& entry, int round) {
  ProcessRecord record;
  record.round = round;
  const std::vector<double> looks = anchors_of(entry);
  statistics::Process& process = record.measured;
  process.anchor_ns.push_back(looks[0]);
  double all_operations = 0, involuntary = 0;
  for (std::size_t i = 0; i < entry.at("repetitions").size(); ++i) {
    const Json& one = entry.at("repetitions")[i];
    const double operations = one.at("operations");
    if (operations <= 0) continue;  // a window in which none ended says nothing
    const double mean = one.at("elapsed_ns").get<double>() / operations;
    process.p10_ns.push_back(one.value("p10_ns", mean));
    process.p50_ns.push_back(one.value("p50_ns", mean));
    process.anchor_ns.push_back(looks[i + 1]);
    all_operations += operations;
    involuntary += one.at("involuntary_switches").get<double>();
  }
  if (const Json& line = entry.at("line_ns"); !line.is_null()) record.line_ns = line.at(0);
  if (all_operations > 0) record.involuntary_per_operation = involuntary / all_operations;
  record.comparable = entry.at("not_comparable").empty();
  return record;
}

/// p99 of all samples of a case, of those that were timed one by one.
std::map<std::string, double> tails_of(const Json& rows) {
  std::map<std::string, double> tails;
  for (const Json& row : rows.at("benchmarks"))
    if (row.contains("tail_ns")) tails[case_name(row.at("name"))] = row.at("tail_ns");
  return tails;
}

}  // namespace

std::map<std::string, std::vector<ProcessRecord>> read_processes(const RunDirectory& directory,
                                                                 const Plan& plan) {
  std::map<std::string, std::vector<ProcessRecord>> all;
  for (int round = 1; round <= plan.settings.rounds; ++round)
    for (const auto& part : plan.binaries) {
      if (directory.measured(part.binary, round).empty()) continue;
      const auto tails = tails_of(directory.rows(part.binary, round));
      const Json records = directory.repetitions(part.binary, round);
      for (const Json& entry : records.at("cases")) {
        const std::string name = entry.at("case");
        ProcessRecord record = process_of(entry, round);
        if (record.measured.p50_ns.empty()) continue;
        if (const auto tail = tails.find(name); tail != tails.end())
          record.measured.tail_ns = tail->second;
        all[name].push_back(std::move(record));
      }
    }
  return all;
}

std::string family_of(const Case& one) {
  return one.measure + "/" + one.noun + "/" + one.placement;
}

PairedProcesses paired(const std::vector<ProcessRecord>& base,
                       const std::vector<ProcessRecord>& versus) {
  PairedProcesses pairs;
  for_each_pair(base, versus, [&](const ProcessRecord& ours, const ProcessRecord& theirs) {
    pairs.base.push_back(ours.measured);
    pairs.versus.push_back(theirs.measured);
  });
  return pairs;
}

}  // namespace bench::run
