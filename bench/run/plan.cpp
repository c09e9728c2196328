#include "bench/run/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "bench/harness/perf_counters.hpp"
#include "bench/run/unusable.hpp"

namespace bench::run {

using std::chrono::milliseconds;

namespace {

constexpr double kCaseOverheadMs = 9;      // forks, pinning, proofs and the record of one case
constexpr double kWindowOverheadMs = 0.5;  // what is read between two windows
constexpr double kProbesMs = 5;            // of the distance of two CPUs, before and after

bool asked_for(const Case& one, const Settings& settings) {
  if (settings.has_fixed_counts()) return one.off_path.empty();
  return settings.preset != "quick" || one.quick;
}

/// Left out of the preset path by what it measures, though the preset quick has it there.
bool has_no_fixed_form(const Case& one, const Settings& settings) {
  return settings.has_fixed_counts() && one.quick && one.operations == 0 &&
         one.placement == "same_core" && !one.reason;
}

[[noreturn]] void throw_nothing_left(const Settings& settings, const Plan& plan) {
  const std::string what =
      settings.filter.empty() ? "preset " + settings.preset : "--filter '" + settings.filter + "'";
  if (plan.not_measurable.empty() || settings.has_fixed_counts())
    throw Unusable(what + " matches no case of preset " + settings.preset +
                   (plan.not_measurable.empty()
                        ? ": `ipcmark list` shows them all"
                        : fmt::format(", e.g. {}: {}", plan.not_measurable[0].name,
                                      plan.not_measurable[0].reason)));
  throw Unusable(
      fmt::format("{} leaves nothing to measure: none of its {} cases can run here, "
                  "e.g. {}: {}",
                  what, plan.not_measurable.size(), plan.not_measurable[0].name,
                  plan.not_measurable[0].reason));
}

}  // namespace

Settings preset_settings(const std::string& preset) {
  if (preset == Settings::kPath) return {preset, "", 1, 3, 0, 0, 0, 1};
  if (preset == "quick") return {preset, "", 6, 4, 12, 10, 500, 0};
  return {preset, "", preset == "rigorous" ? 40 : 20, 8, 50, 100, 1000, 0};
}

std::size_t Plan::cases() const {
  std::size_t count = 0;
  for (const auto& part : binaries) count += part.cases.size();
  return count;
}

Plan make_plan(const Catalogue& catalogue, const Settings& settings) {
  Plan plan{settings, {}, {}};
  std::set<std::string> asked;
  for (const auto& one : matching(catalogue, settings.filter))
    if (asked_for(one, settings))
      asked.insert(one.name);
    else if (has_no_fixed_form(one, settings))
      plan.not_measurable.push_back({one.name, one.off_path});
  bool any = false;
  for (const auto& one : catalogue) {
    const bool wanted = asked.contains(one.name);
    if (!wanted && !(one.control && asked_for(one, settings))) continue;
    if (one.reason) {
      if (wanted) plan.not_measurable.push_back({one.name, *one.reason});
      continue;
    }
    any |= wanted;
    if (plan.binaries.empty() || plan.binaries.back().binary != one.binary)
      plan.binaries.push_back({one.binary, {}});
    plan.binaries.back().cases.push_back(one);
  }
  if (!any) throw_nothing_left(settings, plan);
  return plan;
}

std::vector<Case> shuffled(const Plan& plan, int round) {
  std::vector<Case> order;
  for (const auto& part : plan.binaries)
    order.insert(order.end(), part.cases.begin(), part.cases.end());
  std::seed_seq seed{static_cast<std::uint32_t>(plan.settings.seed),
                     static_cast<std::uint32_t>(plan.settings.seed >> 32),
                     static_cast<std::uint32_t>(round)};
  std::mt19937_64 random(seed);
  std::ranges::shuffle(order, random);
  return order;
}

milliseconds predicted(const Case& one, const Settings& settings) {
  const double anchor_ms = settings.anchor_us / 1000.0;
  const double windows =
      settings.repetitions * (settings.window_ms + anchor_ms + kWindowOverheadMs) + anchor_ms;
  const double timed = kCaseOverheadMs + settings.warmup_ms + windows + one.setup_ms;
  // Where the processor's events can be counted, that takes a window of its own.
  const double counted =
      settings.has_fixed_counts() || hardware_plan().counters.empty()
          ? 0
          : kCaseOverheadMs + settings.warmup_ms + settings.window_ms + one.setup_ms;
  return milliseconds(std::lround(timed + counted + (one.cpus > 1 ? kProbesMs : 0)));
}

std::string to_text(milliseconds time) {
  const auto seconds = (time.count() + 999) / 1000;
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

std::string counted(std::size_t number, const char* one, const char* many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

}  // namespace bench::run
