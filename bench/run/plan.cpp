#include "bench/run/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/run/unusable.hpp"

namespace bench::run {

using std::chrono::milliseconds;

namespace {

constexpr int kCaseOverheadMs = 15;  // forks, pinning and checks of one case

bool asked_for(const Case& one, const Settings& settings) {
  return settings.preset != "quick" || one.quick;
}

[[noreturn]] void throw_nothing_left(const Settings& settings, const Plan& plan) {
  const std::string what =
      settings.filter.empty() ? "preset " + settings.preset : "--filter '" + settings.filter + "'";
  if (plan.not_measurable.empty())
    throw Unusable(what + " matches no case of preset " + settings.preset +
                   ": `ipcmark list` shows them all");
  throw Unusable(
      fmt::format("{} leaves nothing to measure: none of its {} cases can run here, "
                  "e.g. {}: {}",
                  what, plan.not_measurable.size(), plan.not_measurable[0].name,
                  plan.not_measurable[0].reason));
}

}  // namespace

Settings preset_settings(const std::string& preset) {
  if (preset == "quick") return {preset, "", 3, 50, 20};
  return {preset, "", 5, 100, 50};
}

std::size_t Plan::cases() const {
  std::size_t count = 0;
  for (const auto& part : binaries) count += part.cases.size();
  return count;
}

Plan make_plan(const Catalogue& catalogue, const Settings& settings) {
  Plan plan{settings, {}, {}};
  for (const auto& one : matching(catalogue, settings.filter)) {
    if (!asked_for(one, settings)) continue;
    if (one.reason) {
      plan.not_measurable.push_back({one.name, *one.reason});
      continue;
    }
    if (plan.binaries.empty() || plan.binaries.back().binary != one.binary)
      plan.binaries.push_back({one.binary, {}});
    plan.binaries.back().cases.push_back(one);
  }
  if (plan.binaries.empty()) throw_nothing_left(settings, plan);
  return plan;
}

milliseconds predicted(const Case& one, const Settings& settings) {
  return milliseconds(kCaseOverheadMs + settings.window_ms + settings.warmup_ms +
                      std::lround(one.setup_ms));
}

milliseconds predicted(const BinaryPlan& part, const Settings& settings) {
  milliseconds sum{0};
  for (const auto& one : part.cases) sum += predicted(one, settings);
  return sum;
}

milliseconds stall_limit(const BinaryPlan& part, const Settings& settings, milliseconds patience) {
  milliseconds longest{0};
  for (const auto& one : part.cases) longest = std::max(longest, predicted(one, settings));
  return patience + longest;
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
