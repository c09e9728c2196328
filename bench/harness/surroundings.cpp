#include "bench/harness/surroundings.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "bench/harness/topology_probe.hpp"
#include "bench/statistics/modes.hpp"

namespace bench {

namespace {

constexpr double kSecond_ns = 1e9;
/// Share of CPU time above which a case was disturbed.
constexpr double kDisturbed = 0.05;
/// proc(5) counts in ticks, mostly of 10 ms: less than a few of them is no evidence.
constexpr double kTicksOfEvidence = 3;
/// How much longer than asked a window may be.
constexpr std::int64_t kPause_ns = 200'000'000;

std::string proc_stat() {
  std::ifstream file("/proc/stat");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// CPU time of this process and its reaped children.
double used_ns() {
  double sum = 0;
  for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage use{};
    ::getrusage(who, &use);
    for (const timeval& time : {use.ru_utime, use.ru_stime})
      sum +=
          static_cast<double>(time.tv_sec) * kSecond_ns + static_cast<double>(time.tv_usec) * 1e3;
  }
  return sum;
}

double tick_ns() {
  return kSecond_ns / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

CpuTime cpu_time(std::string_view stat, std::span<const int> cpus) {
  std::istringstream lines{std::string(stat)};
  CpuTime sum;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (!name.starts_with("cpu") || name == "cpu") continue;
    const int id = std::atoi(name.c_str() + 3);
    if (!cpus.empty() && std::ranges::find(cpus, id) == cpus.end()) continue;
    // user nice system idle iowait irq softirq steal
    std::array<double, 8> ticks{};
    for (double& one : ticks) words >> one;
    sum.busy_ns += (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) * tick_ns();
    sum.stolen_ns += ticks[7] * tick_ns();
  }
  return sum;
}

Surroundings::Surroundings(const Case& one) : case_(one), line_before_ns_(probe()) {
  began_at_ns_ = ipc::os::now_ns();
  before_ = cpu_time(proc_stat(), case_.cpus);
  used_before_ns_ = used_ns();
}

std::optional<double> Surroundings::probe() const {
  if (case_.cpus.size() < 2) return std::nullopt;
  return line_round_trip_ns(case_.cpus[0], case_.cpus[1]);
}

void Surroundings::judge(Outcome& outcome) const {
  const auto elapsed = static_cast<double>(ipc::os::now_ns() - began_at_ns_);
  if (case_.id.placement == Placement::unpinned) outcome.labels.push_back("unpinned");
  judge_company(outcome, elapsed);
  judge_pauses(outcome);
  judge_topology(outcome);
  judge_modes(outcome);
  outcome.counters["comparable"] = outcome.not_comparable.empty() ? 1 : 0;
}

void Surroundings::judge_company(Outcome& outcome, double elapsed_ns) const {
  const CpuTime after = cpu_time(proc_stat(), case_.cpus);
  const double cpus =
      static_cast<double>(case_.cpus.empty() ? machine().size() : case_.cpus.size());
  // Use that nobody can ask for looks like that of others.
  const double foreign =
      !outcome.all_use_known ? 0 : after.busy_ns - before_.busy_ns - (used_ns() - used_before_ns_);
  const double stolen = after.stolen_ns - before_.stolen_ns;
  const auto share_of = [&](double ns) {
    return ns < kTicksOfEvidence * cpus * tick_ns() ? 0 : ns / (elapsed_ns * cpus);
  };
  double waited = 0, windows = 0;
  for (const Repetition& one : outcome.repetitions) {
    waited += static_cast<double>(one.usage.run_delay_ns);
    windows += static_cast<double>(one.elapsed_ns);
    outcome.counters["migrations"] += static_cast<double>(one.usage.migrations);
  }
  // Peers that share a CPU wait for each other, and one peer may share it with its own children.
  const bool alone = outcome.peers > 1 && outcome.peers <= case_.cpus.size();
  const double delayed = alone && windows > 0 ? waited / windows : 0;
  const double share = std::max({share_of(foreign), share_of(stolen), delayed});
  outcome.counters["foreign_share"] = std::min(share, 1.0);
  if (share <= kDisturbed) return;
  outcome.labels.push_back(
      fmt::format("disturbed: others had {:.0f} % of its CPU time", share * 100));
}

void Surroundings::judge_pauses(Outcome& outcome) const {
  std::int64_t shortest = INT64_MAX, longest = 0;
  for (const Repetition& one : outcome.repetitions) {
    shortest = std::min(shortest, one.elapsed_ns);
    longest = std::max(longest, one.elapsed_ns);
  }
  const auto text = [](std::int64_t ns) {
    return fmt::format("stood still for {:.1f} s", static_cast<double>(ns) / kSecond_ns);
  };
  if (longest > shortest + kPause_ns)
    outcome.not_comparable.push_back(text(longest - shortest));
  else if (outcome.stood_still.count() > 0)
    outcome.labels.push_back(text(outcome.stood_still.count()) + " between its windows");
}

void Surroundings::judge_topology(Outcome& outcome) const {
  if (!line_before_ns_) return;
  const double before = *line_before_ns_, after = *probe();
  outcome.line_ns = {before, after};
  outcome.counters["line_ns_before"] = before;
  outcome.counters["line_ns_after"] = after;
  if (std::max(before, after) > kSameDistance * std::min(before, after))
    outcome.not_comparable.push_back(fmt::format(
        "the CPUs' distance changed: a cache line took {:.0f}, then {:.0f} ns", before, after));
}

void Surroundings::judge_modes(Outcome& outcome) {
  if (!outcome.histogram) return;
  std::vector<statistics::Bucket> buckets;
  for (const auto& [value, count] : outcome.histogram->buckets())
    buckets.push_back({static_cast<double>(value), count});
  const auto modes = statistics::modes(buckets);
  outcome.counters["modes"] = static_cast<double>(modes.size());
  if (modes.size() < 2) return;
  std::string text = fmt::format("{} modes:", modes.size());
  for (const auto& mode : modes)
    text += fmt::format(" {:.4g} ns ({:.0f} %)",
                        mode.location / static_cast<double>(outcome.operations_per_sample),
                        mode.share * 100);
  outcome.labels.push_back(text);
}

}  // namespace bench
