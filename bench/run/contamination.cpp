#include "bench/run/contamination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "bench/harness/environment.hpp"
#include "bench/harness/fact_table.hpp"
#include "bench/run/rules.hpp"

namespace bench::run {

namespace {

using Labels = std::vector<std::string>;

constexpr double kMostClockStep_s = 1;
constexpr double kShortestJudged_s = 1;  // ticks are 10 ms: over less their rounding is the figure

/// The run from its start to its end.
struct Span {
  const Json& start;
  const Json& end;

  [[nodiscard]] double at_start(const char* group, const char* key) const {
    return number_of(known_fact(start, group, key));
  }
  /// NaN where either is unknown.
  [[nodiscard]] double grown(const char* group, const char* key) const {
    return number_of(known_fact(end, group, key)) - at_start(group, key);
  }
  [[nodiscard]] bool same(const char* group, const char* key) const {
    return known_fact(start, group, key) == known_fact(end, group, key);
  }
};

/// What was so before the first measurement, and what makes any of them mean little.
void label_start(const Json& start, Labels& labels) {
  static const std::set<std::string> kOfTheMoment{"load", "CPU pressure", "memory pressure",
                                                  "I/O pressure", "uptime"};
  for (const auto& one : findings(start)) {
    if (one.grade == Grade::kWarn && kOfTheMoment.contains(one.topic))
      labels.push_back("at the start: " + one.found);
    if (one.grade == Grade::kBlock) labels.push_back(one.found + ": " + one.effect);
  }
}

void label_clock(const Span& run, Labels& labels) {
  const double elapsed = run.grown("clock", "monotonic_s");
  const double stepped = run.grown("clock", "realtime_s") - run.grown("clock", "boottime_s");
  if (std::abs(stepped) > kMostClockStep_s)
    labels.push_back(fmt::format("the wall clock was stepped by {:+.1f} s, limit {} s", stepped,
                                 kMostClockStep_s));
  const double suspended = run.grown("clock", "boottime_s") - elapsed;
  if (suspended > kMostClockStep_s)
    labels.push_back(fmt::format("the machine was suspended for {:.1f} s", suspended));
}

/// CPU time that others took: the hypervisor's other guests, and processes that are not ours.
void label_cpu_time(const Span& run, Labels& labels) {
  const double elapsed = run.grown("clock", "monotonic_s");
  if (!(elapsed >= kShortestJudged_s) || !run.same("process", "affinity")) return;
  const double steal = 100 * run.grown("load", "steal_s") / run.grown("load", "cpu_s");
  if (steal > kMostStealPercent)
    labels.push_back(
        fmt::format("{:.2f} % steal over the run, limit {} %", steal, kMostStealPercent));
  // A run that was continued has the CPU time of its last process alone.
  if (!run.same("load", "own_pid")) return;
  const double others = (run.grown("load", "busy_s") - run.grown("load", "own_s")) / elapsed;
  const double limit = kMostLoadPerCpu * run.at_start("machine", "cpus");
  if (others > limit)
    labels.push_back(fmt::format(
        "other processes used {:.2f} CPUs on average, limit {:.2f} (0.1 a CPU)", others, limit));
}

void label_counters(const Span& run, Labels& labels) {
  struct Counter {
    const char* group;
    const char* key;
    const char* what;
  };
  constexpr Counter kCounters[] = {
      {"cpu_power", "throttle_count", "thermal throttling events"},
      {"cpu_power", "package_throttle_count", "thermal throttling events of the package"},
      {"container", "throttled_periods", "periods stopped by the CPU quota"},
      {"memory", "pages_swapped_in", "pages swapped in"},
      {"memory", "pages_swapped_out", "pages swapped out"},
  };
  for (const auto& [group, key, what] : kCounters)
    if (const double count = run.grown(group, key); count > 0)
      labels.push_back(fmt::format("{:.0f} {} during the run, limit 0", count, what));
}

bool is_of_the_cpus(const std::string& name) {
  return name == "process.affinity" || name == "topology.online" || name == "container.cpuset";
}

/// Settings that did not stay.
void label_changes(const Json& changes, bool same_cpus, Labels& labels) {
  for (const auto& change : changes) {
    if (!change.contains("start")) continue;
    const Json &before = change.at("start"), &after = change.at("end");
    const auto group = text_of(change.at("group")), key = text_of(change.at("key"));
    if (kind_of(group, key) != FactKind::setting || is_unknown(before) || is_unknown(after))
      continue;
    const std::string name = group + "." + key;
    const bool of_cpus = is_of_the_cpus(name);
    // Facts that are read of every usable CPU only follow the set of these.
    if (!same_cpus && !of_cpus && (group == "topology" || name == "machine.cpus")) continue;
    labels.push_back(fmt::format("{}{} changed from {} to {} during the run",
                                 of_cpus ? "CPUs changed: " : "", name, text_of(before),
                                 text_of(after)));
  }
}

}  // namespace

std::vector<std::string> contaminations(const Json& environment) {
  Labels labels;
  const Json& start = environment.at("start");
  label_start(start, labels);
  const auto end = environment.find("end");
  if (end == environment.end() || end->is_null()) return labels;
  const Span run{start, *end};
  const bool rebooted = !run.same("boot", "boot_id");
  if (rebooted) {
    labels.emplace_back("the machine was booted anew during the run");
  } else {
    label_clock(run, labels);
    label_cpu_time(run, labels);
    label_counters(run, labels);
  }
  const auto changes = environment.find("changes");
  const bool told = changes != environment.end() && changes->is_array();
  label_changes(told ? *changes : difference(start, *end), run.same("process", "affinity"), labels);
  return labels;
}

}  // namespace bench::run
