#include "bench/run/verdicts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/harness/topology_probe.hpp"
#include "bench/statistics/false_discovery.hpp"
#include "bench/statistics/noise.hpp"
#include "bench/statistics/ranks.hpp"
#include "bench/statistics/summary.hpp"

namespace bench::run {

namespace stats = bench::statistics;

namespace {

constexpr double kAlpha = 0.05;
constexpr double kLeastThreshold_percent = 2;

/// Whether two probes of a cache line saw the same distance; so it is where there were none.
bool same_distance(double a, double b) {
  return a <= 0 || b <= 0 || std::max(a, b) <= kSameDistance * std::min(a, b);
}

/// The pairs of one case that may be held against each other.
struct Pairs {
  std::vector<stats::Process> base, versus;
  std::vector<double> switches_base, switches_versus;
  std::size_t left_out = 0;

  void add(const ProcessRecord& ours, const ProcessRecord& theirs) {
    if (!ours.comparable || !theirs.comparable || !same_distance(ours.line_ns, theirs.line_ns)) {
      ++left_out;
      return;
    }
    base.push_back(ours.measured);
    versus.push_back(theirs.measured);
    switches_base.push_back(ours.involuntary_per_operation);
    switches_versus.push_back(theirs.involuntary_per_operation);
  }
};

Pairs pairs_of(const std::vector<ProcessRecord>& base, const std::vector<ProcessRecord>& versus,
               int rounds) {
  Pairs pairs;
  for_each_pair(base, versus, [&](const ProcessRecord& ours, const ProcessRecord& theirs) {
    if (ours.round <= rounds) pairs.add(ours, theirs);
  });
  return pairs;
}

/// log(versus / base), pair by pair; the anchors' floor is that of both sides together.
std::vector<double> differences_of(const Pairs& pairs, const Yardstick& yardstick) {
  auto all = pairs.base;
  all.insert(all.end(), pairs.versus.begin(), pairs.versus.end());
  return stats::differences(pairs.base, pairs.versus, yardstick.estimator, yardstick.anchor_slope,
                            stats::anchor_floor(all));
}

Cell cell_of(const std::string& name, const Pairs& pairs, const Yardstick& yardstick) {
  Cell cell;
  cell.name = name;
  cell.yardstick = yardstick;
  cell.pairs = pairs.base.size();
  cell.left_out = pairs.left_out;
  if (cell.pairs == 0) return cell;
  const auto differences = differences_of(pairs, yardstick);
  cell.effect = stats::hodges_lehmann(differences);
  cell.interval = stats::shift_interval(differences);
  cell.p = stats::signed_rank(differences).p;
  cell.switches_base = stats::median(pairs.switches_base);
  cell.switches_versus = stats::median(pairs.switches_versus);
  return cell;
}

std::string percent(double log_ratio) {
  return fmt::format("{:+.1f} %", stats::percent_of(log_ratio));
}

std::string line(const Cell& cell, std::size_t width) {
  std::string text = fmt::format(
      "{:<{}} {:>5} {:<9} {:>8} {:>19} {:>7.3f} {:>7.3f} {:>6} {}{}\n", cell.name, width,
      cell.pairs, name(cell.yardstick.estimator), percent(cell.effect),
      cell.interval ? percent(cell.interval->low) + ".." + percent(cell.interval->high) : "-",
      cell.p, cell.q, fmt::format("{:.1f} %", stats::percent_of(cell.yardstick.threshold)),
      cell.verdict(), cell.starred() ? " *" : "");
  if (std::abs(cell.switches_base - cell.switches_versus) > 0.1)
    text += fmt::format(
        "  another mix of paths: {:.2f} involuntary switches an operation, then {:.2f}\n",
        cell.switches_base, cell.switches_versus);
  if (cell.left_out)
    text += fmt::format("  {} left out: their sides do not compare\n",
                        counted(cell.left_out, "pair", "pairs"));
  return text;
}

}  // namespace

Yardstick default_yardstick() {
  return {stats::Estimator::quiet, stats::log_of_percent(kLeastThreshold_percent), 0};
}

Yardstick yardstick_of(const Json& record, const std::string& family) {
  const auto all = record.find("estimators");
  if (all == record.end() || !all->contains(family)) return default_yardstick();
  const Json& one = (*all)[family];
  const auto estimator = stats::estimator_of(one.at("estimator").get<std::string>());
  if (!estimator) return default_yardstick();
  return {*estimator, stats::log_of_percent(one.at("threshold_percent")),
          one.at("anchor_slope").get<double>()};
}

bool Cell::starred_alone() const {
  return p < kAlpha && std::abs(effect) > yardstick.threshold;
}

bool Cell::starred() const {
  return q < kAlpha && std::abs(effect) > yardstick.threshold;
}

const char* Cell::verdict() const {
  if (starred()) return effect > 0 ? "regression" : "improvement";
  const bool inside =
      interval && interval->low > -yardstick.threshold && interval->high < yardstick.threshold;
  return inside ? "equivalent" : "inconclusive";
}

std::vector<Cell> compare(const RunDirectory& base, const RunDirectory& versus, const Plan& plan,
                          int rounds) {
  const auto ours = read_processes(base, plan), theirs = read_processes(versus, plan);
  std::vector<Cell> cells;
  for (const auto& part : plan.binaries)
    for (const Case& one : part.cases) {
      const auto our = ours.find(one.name), their = theirs.find(one.name);
      if (our == ours.end() || their == theirs.end()) continue;
      cells.push_back(cell_of(one.name, pairs_of(our->second, their->second, rounds),
                              yardstick_of(base.record(), family_of(one))));
    }
  std::vector<double> p_values;
  for (const Cell& cell : cells) p_values.push_back(cell.p);
  const auto q_values = stats::q_values(p_values);
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i].q = q_values[i];
  return cells;
}

bool is_look(int rounds) {
  return std::ranges::any_of(stats::kRigorousLooks, [&](const stats::Look& look) {
    return look.pairs == static_cast<std::size_t>(rounds);
  });
}

std::set<std::string> decided(const std::vector<Cell>& cells, int rounds) {
  std::set<std::string> names;
  for (const Cell& cell : cells)
    if (stats::decide(stats::kRigorousLooks, static_cast<std::size_t>(rounds), cell.p) ==
            stats::Decision::significant &&
        std::abs(cell.effect) > cell.yardstick.threshold)
      names.insert(cell.name);
  return names;
}

std::string to_text(const std::vector<Cell>& cells, const Plan& plan) {
  std::set<std::string> controls;
  for (const auto& part : plan.binaries)
    for (const Case& one : part.cases)
      if (one.control) controls.insert(one.name);
  std::size_t width = 4, alone = 0, starred = 0;
  std::string moved, lines;
  for (const Cell& cell : cells) width = std::max(width, cell.name.size());
  for (const Cell& cell : cells) {
    alone += cell.starred_alone();
    starred += cell.starred();
    lines += line(cell, width);
    if (controls.contains(cell.name) && cell.starred_alone())
      moved += fmt::format(
          "NEGATIVE CONTROL MOVED: {} {}: what changed is the machine, or how it was "
          "measured; believe no verdict below\n",
          cell.name, percent(cell.effect));
  }
  const std::string head =
      fmt::format("{:<{}} {:>5} {:<9} {:>8} {:>19} {:>7} {:>7} {:>6} verdict on `versus`\n", "case",
                  width, "pairs", "by", "change", "95 % interval", "p", "q", "least");
  return moved + head + lines +
         fmt::format(
             "{}: {} starred before correction (at 5 %, {:.1f} expected of nothing), {} after it\n",
             counted(cells.size(), "case", "cases"), alone,
             kAlpha * static_cast<double>(cells.size()), starred);
}

}  // namespace bench::run
