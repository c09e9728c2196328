#include <fmt/format.h>

#include <algorithm>

#include "bench/run/selftest_record.hpp"

namespace bench::run {

namespace stats = bench::statistics;

namespace {

std::string change(const std::optional<double>& percent) {
  return percent ? fmt::format("{:.3g} %", *percent) : "none";
}

std::string signed_percent(double log_ratio) {
  return fmt::format("{:+.1f} %", stats::percent_of(log_ratio));
}

std::string line(const FamilyRecord& one, std::size_t width) {
  const auto& noise = *one.study.of(one.study.chosen);
  return fmt::format("{:<{}} {:>6} {:<9} {:>8} {:>9} {:>10} {:>10} {:>12}\n", one.family, width,
                     one.study.pairs, name(one.study.chosen),
                     fmt::format("{:.1f} %", 100 * noise.pair_sd),
                     fmt::format("{:.1f} %", stats::percent_of(noise.threshold())),
                     change(noise.detectable_80_percent), change(noise.detectable_95_percent),
                     fmt::format("{}/{}", noise.false_alarms.alarms, noise.false_alarms.windows));
}

std::string line(const stats::FalseAlarms& all, double alpha) {
  return fmt::format(
      "false alarms: {:.1f} % of comparisons without a change, {:.3g} % by design; from {} "
      "independent windows, so between {:.1f} and {:.1f} %\n",
      100 * all.rate, 100 * alpha, all.independent, 100 * all.interval.low,
      100 * all.interval.high);
}

const char* words(ControlVerdict verdict) {
  switch (verdict) {
    case ControlVerdict::found:
      return "found";
    case ControlVerdict::wrong_size:
      return "found, of another size";
    case ControlVerdict::too_small:
      return "too small to show here";
    case ControlVerdict::missed:
      return "MISSED";
  }
  return "?";
}

std::string line(const SelfTestRecord& record, const ControlRecord& one, std::size_t width) {
  const auto& interval = one.control.interval;
  return fmt::format(
      "{:<{}} {:>6} {:<9} {:>8} {:>9} {:>21} {:>12}\n", one.family, width, one.control.pairs,
      name(one.estimator), signed_percent(one.control.claimed), signed_percent(one.control.effect),
      interval
          ? fmt::format("{}..{}", signed_percent(interval->low), signed_percent(interval->high))
          : "-",
      words(verdict(record, one)));
}

}  // namespace

std::string to_text(const SelfTestRecord& record) {
  std::size_t width = 6;
  for (const auto& one : record.families) width = std::max(width, one.family.size());
  for (const auto& one : record.controls) width = std::max(width, one.family.size());
  std::string text = fmt::format(
      "The same against the same: {} pairs of processes a family; what {} pairs can show\n"
      "{:<{}} {:>6} {:<9} {:>8} {:>9} {:>10} {:>10} {:>12}\n",
      record.settings.pairs, record.settings.study.window, "family", width, "pairs", "estimator",
      "pair sd", "threshold", "seen 80 %", "seen 95 %", "alarms");
  for (const auto& one : record.families) text += line(one, width);
  text += line(record.false_alarms(), record.settings.study.alpha);
  if (record.controls.empty()) return text;
  text += fmt::format("\nA delay made on purpose\n{:<{}} {:>6} {:<9} {:>8} {:>9} {:>21} {:>12}\n",
                      "family", width, "pairs", "estimator", "claimed", "effect", "95 % interval",
                      "verdict");
  for (const auto& one : record.controls) text += line(record, one, width);
  return text;
}

}  // namespace bench::run
