#include "bench/harness/case.hpp"

#include <algorithm>

#include "bench/statistics/summary.hpp"

namespace bench {

void Outcome::set_samples(const Samples& samples) {
  const Histogram& all = samples.histogram;
  if (all.total() == 0) throw CaseFailed("no sample fell into the window");
  histogram = all;
  operations_per_sample = samples.operations_per_sample;
  const auto each = static_cast<double>(operations_per_sample);
  const auto quantile = [&](double percent) {
    return static_cast<double>(all.percentile(percent)) / each;
  };
  operations = static_cast<std::int64_t>(all.total()) * operations_per_sample;
  counters["samples"] = static_cast<double>(all.total());
  counters["operations_per_sample"] = each;
  counters["latency_ns_min"] = static_cast<double>(all.min()) / each;
  counters["latency_ns_p10"] = quantile(10);
  counters["latency_ns_p50"] = quantile(50);
  counters["latency_ns_p90"] = quantile(90);
  counters["latency_ns_p99"] = quantile(99);
  counters["latency_ns_p99_9"] = quantile(99.9);
  counters["latency_ns_max"] = static_cast<double>(all.max()) / each;
  counters["latency_ns_mean"] = all.mean() / each;
}

std::string per_operation(const std::string& what) {
  return what + "_per_operation";
}

namespace {

void set_shares_of_use(std::map<std::string, double>& counters, const PeersReport& report) {
  if (report.operations == 0) return;
  const auto set = [&](const std::string& name, auto sum) {
    counters[per_operation(name)] =
        static_cast<double>(sum) / static_cast<double>(report.operations);
  };
  set("cpu_ns", report.usage.cpu_ns);
  set("voluntary_switches", report.usage.voluntary_switches);
  set("involuntary_switches", report.usage.involuntary_switches);
  set("minor_faults", report.usage.minor_faults);
  set("major_faults", report.usage.major_faults);
  for (const auto& [name, count] : report.events) set(name, count);
}

}  // namespace

void Outcome::set_report(const PeersReport& report) {
  set_shares_of_use(counters, report);
  peers = report.counted.size();
  stood_still = report.stood_still;
  repetitions = report.repetitions;
  anchors = report.anchors;
  std::vector<double> typical, quick;
  for (const Repetition& one : repetitions) {
    if (one.operations == 0) continue;
    typical.push_back(histogram ? one.ns.p50 : one.mean_ns());
    quick.push_back(histogram ? one.ns.p10 : one.mean_ns());
  }
  if (typical.empty()) throw CaseFailed("no operation ended inside the window");
  operation_ns = counters["typical_ns"] = statistics::median(typical);
  counters["quiet_ns"] = std::ranges::min(quick);
  if (histogram) counters["tail_ns"] = counters["latency_ns_p99"];
  counters["repetitions"] = static_cast<double>(repetitions.size());
  if (anchors.empty()) return;
  std::vector<double> looks;
  for (const Anchor& look : anchors) looks.push_back(look.median_ns);
  counters["anchor_ns"] = statistics::median(looks);
}

void count_events(const Case& one, Window window, const PerfPlan& events, Outcome& outcome) {
  if (events.counters.empty()) return;
  window.repetitions = 1;
  window.anchor = std::chrono::nanoseconds(0);
  window.counted = &events;
  const Outcome counted = one.run(window);
  for (const auto& event : events.counters)
    if (const auto found = counted.counters.find(per_operation(event.name()));
        found != counted.counters.end())
      outcome.counters.insert(*found);
}

namespace {

std::string why_off_path(const Case& one, bool on_path) {
  if (one.id.placement != Placement::same_core)
    return "the preset path measures on one CPU: placement:same_core";
  if (!one.fixed.why_none.empty()) return one.fixed.why_none;
  return one.quick || on_path ? "" : "the preset path holds what the preset quick holds";
}

}  // namespace

void Matrix::add(const Row& row, std::span<const Placement> placements,
                 std::span<const Placement> quick) {
  for (const Placement placement : placements) {
    Case one;
    one.id = {measure_, row.noun, row.backend, row.parameters, placement};
    one.quick = row.quick && std::ranges::find(quick, placement) != quick.end();
    one.control = row.control && one.quick;
    one.setup = row.setup;
    one.reason = row.reason;
    one.bound = row.bound;
    if (const auto cpus = spread(placement, machine()))
      one.cpus = *cpus;
    else if (!one.reason)
      one.reason = why_not(placement);
    one.fixed = fixed_form(one.id);
    one.why_off_path = why_off_path(one, row.on_path);
    one.run = [run = row.run, placement](const Window& window) { return run(window, placement); };
    cases_.push_back(std::move(one));
  }
}

void Matrix::add_pair(Row row, int first, int second) {
  row.parameters.emplace_back("cpus", std::to_string(first) + "-" + std::to_string(second));
  Case one;
  one.id = {measure_, row.noun, row.backend, row.parameters, Placement::pair};
  one.quick = row.quick;
  one.setup = row.setup;
  one.reason = row.reason;
  one.cpus = {first, second};
  one.fixed = fixed_form(one.id);
  one.why_off_path = why_off_path(one, row.on_path);
  one.bound = row.bound;
  one.run = [run = row.run](const Window& window) { return run(window, Placement::pair); };
  cases_.push_back(std::move(one));
}

}  // namespace bench
