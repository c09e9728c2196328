#include "bench/harness/case.hpp"

#include <algorithm>

namespace bench {

std::string CaseId::to_string() const {
  std::string text = measure + "/" + noun + "/" + backend;
  for (const auto& [key, value] : parameters) text += "/" + key + ":" + value;
  return text + "/placement:" + std::string(name(placement));
}

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
  operation_ns = quantile(50);
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

void Outcome::set_usage(const PeersReport& report) {
  if (report.operations == 0) return;
  const auto share = [&](std::int64_t sum) {
    return static_cast<double>(sum) / static_cast<double>(report.operations);
  };
  counters["cpu_ns_per_operation"] = share(report.usage.cpu_ns);
  counters["voluntary_switches_per_operation"] = share(report.usage.voluntary_switches);
  counters["involuntary_switches_per_operation"] = share(report.usage.involuntary_switches);
}

void Matrix::add(const Row& row, std::span<const Placement> placements,
                 std::span<const Placement> quick) {
  for (const Placement placement : placements) {
    Case one;
    one.id = {measure_, row.noun, row.backend, row.parameters, placement};
    one.quick = row.quick && std::ranges::find(quick, placement) != quick.end();
    one.setup = row.setup;
    one.reason = row.reason;
    if (!one.reason && !spread(placement, machine())) one.reason = why_not(placement);
    one.run = [run = row.run, placement](const Window& window) { return run(window, placement); };
    cases_.push_back(std::move(one));
  }
}

}  // namespace bench
