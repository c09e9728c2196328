#include "bench/statistics/noise.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <random>

#include "bench/statistics/ranks.hpp"
#include "bench/statistics/rate.hpp"
#include "bench/statistics/summary.hpp"

namespace bench::statistics {

namespace {

constexpr double kLeastThresholdPercent = 2;

void set_rate(FalseAlarms& alarms, double rate) {
  alarms.rate = rate;
  const auto trials = static_cast<double>(alarms.independent);
  alarms.interval = rate_interval(rate * trials, trials);
}

FalseAlarms count_false_alarms(std::span<const double> differences, const StudySettings& settings) {
  FalseAlarms result{.window = std::min(settings.window, differences.size())};
  result.windows = differences.size() - result.window + 1;
  result.independent = differences.size() / result.window;
  for (std::size_t first = 0; first < result.windows; ++first)
    if (signed_rank(differences.subspan(first, result.window)).p < settings.alpha) ++result.alarms;
  set_rate(result, static_cast<double>(result.alarms) / static_cast<double>(result.windows));
  return result;
}

/// From 0 to below `end`; the same everywhere, which std::uniform_int_distribution is not.
std::size_t draw_below(std::size_t end, std::mt19937_64& random) {
  return static_cast<std::size_t>(random() % end);
}

std::vector<double> imagined(std::span<const double> differences, std::size_t window,
                             std::mt19937_64& random) {
  std::vector<double> drawn(window);
  const bool in_a_row = differences.size() >= window;
  const std::size_t first = in_a_row ? draw_below(differences.size() - window + 1, random) : 0;
  for (std::size_t i = 0; i < window; ++i) {
    drawn[i] = differences[in_a_row ? first + i : draw_below(differences.size(), random)];
    if (random() & 1) drawn[i] = -drawn[i];
  }
  return drawn;
}

bool finds(std::span<const double> differences, double shift, double alpha) {
  std::vector<double> changed(differences.begin(), differences.end());
  for (double& one : changed) one += shift;
  const SignedRank test = signed_rank(changed);
  const auto n = static_cast<double>(test.pairs);
  return test.p < alpha && test.w_plus > n * (n + 1) / 4;
}

/// The place in kChanges of the first change found; larger ones are then found as well.
std::size_t first_found(std::span<const double> differences, double alpha) {
  const auto at = std::ranges::partition_point(kChanges, [&](double percent) {
    return !finds(differences, log_of_percent(percent), alpha);
  });
  return static_cast<std::size_t>(at - kChanges.begin());
}

/// The change by which `share` of the comparisons have found theirs.
std::optional<double> detectable(std::span<const std::size_t> sorted, double share) {
  const double wanted = std::ceil(share * static_cast<double>(sorted.size()) - 1e-9);
  const std::size_t at = sorted[static_cast<std::size_t>(wanted) - 1];
  if (at == kChanges.size()) return std::nullopt;
  return kChanges[at];
}

}  // namespace

double percent_of(double log_ratio) {
  return 100 * std::expm1(log_ratio);
}

double log_of_percent(double percent) {
  return std::log1p(percent / 100);
}

FalseAlarms pooled(std::span<const FalseAlarms> families) {
  FalseAlarms all;
  double expected = 0;
  for (const FalseAlarms& one : families) {
    all.window = std::max(all.window, one.window);
    all.windows += one.windows;
    all.alarms += one.alarms;
    all.independent += one.independent;
    expected += one.rate * static_cast<double>(one.independent);
  }
  if (all.independent > 0) set_rate(all, expected / static_cast<double>(all.independent));
  return all;
}

double NoiseStudy::threshold() const {
  return std::max(effect_q95, log_of_percent(kLeastThresholdPercent));
}

NoiseStudy study_noise(std::span<const double> differences, const StudySettings& settings) {
  assert(!differences.empty() && settings.window > 0 && settings.draws > 0);
  std::mt19937_64 random(settings.seed);
  std::vector<double> effects;
  std::vector<std::size_t> found;
  for (int draw = 0; draw < settings.draws; ++draw) {
    const auto comparison = imagined(differences, settings.window, random);
    effects.push_back(std::abs(hodges_lehmann(comparison)));
    found.push_back(first_found(comparison, settings.alpha));
  }
  std::ranges::sort(found);
  return {.pair_sd = standard_deviation(differences),
          .false_alarms = count_false_alarms(differences, settings),
          .effect_q95 = quantile(effects, 0.95),
          .detectable_80_percent = detectable(found, 0.80),
          .detectable_95_percent = detectable(found, 0.95)};
}

std::vector<double> differences(std::span<const Process> a, std::span<const Process> b,
                                Estimator estimator, double slope, double anchor_floor_ns) {
  assert(a.size() == b.size());
  std::vector<double> logs;
  for (std::size_t i = 0; i < a.size(); ++i)
    logs.push_back(std::log(estimates(b[i], slope, anchor_floor_ns)[index(estimator)] /
                            estimates(a[i], slope, anchor_floor_ns)[index(estimator)]));
  return logs;
}

FamilyStudy study_family(std::span<const Process> a, std::span<const Process> b,
                         const StudySettings& settings) {
  std::vector<Process> both(a.begin(), a.end());
  both.insert(both.end(), b.begin(), b.end());
  FamilyStudy study{
      .pairs = a.size(), .anchor_slope = anchor_slope(both), .anchor_floor_ns = anchor_floor(both)};
  const bool have_tails = std::ranges::all_of(
      both, [](double ns) { return ns > 0; }, &Process::tail_ns);
  for (const Estimator one : kEstimators)
    if (one != Estimator::tail || have_tails)
      study.noise[index(one)] =
          study_noise(differences(a, b, one, study.anchor_slope, study.anchor_floor_ns), settings);
  study.chosen = *std::ranges::min_element(kLocations, {},
                                           [&](Estimator one) { return study.of(one)->pair_sd; });
  return study;
}

Control try_control(std::span<const double> differences, double claimed_percent, double alpha) {
  const SignedRank test = signed_rank(differences);
  Control control{.claimed = log_of_percent(claimed_percent),
                  .pairs = differences.size(),
                  .p = test.p,
                  .effect = hodges_lehmann(differences),
                  .interval = shift_interval(differences)};
  control.found = test.p < alpha && control.effect * control.claimed > 0;
  control.holds_claim = control.interval && control.interval->holds(control.claimed);
  return control;
}

}  // namespace bench::statistics
