#include "bench/rivals/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace bench::rivals {

namespace {

std::string with_unit(double ns) {
  if (ns < 1e3) return fmt::format("{:.3g} ns", ns);
  if (ns < 1e6) return fmt::format("{:.3g} us", ns / 1e3);
  return fmt::format("{:.3g} ms", ns / 1e6);
}

std::string median_of(const std::vector<double>& ns) {
  std::vector<double> measured;
  std::ranges::copy_if(ns, std::back_inserter(measured), [](double one) { return one > 0; });
  return measured.empty() ? "-" : with_unit(spread_of(measured).p50);
}

/// At least three digits, and two behind the point where the ratio is near one.
std::string ratio_text(double ratio) {
  if (ratio < 10) return fmt::format("{:.3f}", ratio);
  return fmt::format("{:.3g}", ratio);
}

std::string named(const Side& side) {
  if (side.waiting == Waiting::none) return side.name;
  return fmt::format("{}, {}", side.name, name(side.waiting));
}

/// Why a side takes no part, or nothing.
std::string why_absent(const Contest& contest, const Side& side) {
  if (!spread(contest.placement, machine())) return why_not(contest.placement);
  return side.reason.value_or("");
}

std::string asked(const Figure& figure) {
  if (!figure.goal) return "-";
  if (figure.kind == Figure::Kind::agrees) return fmt::format("1 +-{:g}%", 100 * *figure.goal);
  const bool is_upper = figure.kind == Figure::Kind::times_as_long;
  return fmt::format("{} {}x", is_upper ? "<=" : ">=", *figure.goal);
}

std::string verdict(const Figure& figure, const std::vector<double>& ratios) {
  if (ratios.empty()) return "not measured";
  if (!figure.goal) return "shown";
  return figure.is_reached_by(spread_of(ratios).p50) ? "reached" : "missed";
}

std::string line(const Score& score, const Figure& figure) {
  const Contest& contest = *score.contest;
  const auto ratios = score.ratios(figure);
  std::string ratio = "-", range = "-";
  if (!ratios.empty()) {
    const Spread of = spread_of(ratios);
    ratio = ratio_text(of.p50);
    range = fmt::format("{}..{}", ratio_text(of.p10), ratio_text(of.p90));
  }
  return fmt::format("{:<36} {:<11} {:<31} {:<29} {:>8} {:>8} {:>7} {:>14} {:>8}  {}\n",
                     contest.name, name(contest.placement), named(contest.side(figure.ours)),
                     named(contest.side(figure.rival)), median_of(score.ns_of(figure.ours)),
                     median_of(score.ns_of(figure.rival)), ratio, range, asked(figure),
                     verdict(figure, ratios));
}

std::string ratio_in(const Score& score, const Figure& figure, Range line) {
  const auto ratios = score.ratios(figure, line);
  if (ratios.empty()) return "-";
  return fmt::format("{} ({})", ratio_text(spread_of(ratios).p50), ratios.size());
}

/// The figures across cores again, by where the CPUs were.
std::string by_mode(const std::vector<Score>& scores) {
  const auto modes = two_modes(scores);
  if (!modes) return "";
  const auto range = [](Range line) {
    return fmt::format("{:.0f}..{:.0f} ns", line.least, line.most);
  };
  std::string text = fmt::format(
      "\nThe CPUs were near each other in some rounds and far in others: a cache line took {} "
      "there "
      "and back, or {}.\nMedian of the ratios (rounds):\n{:<36} {:<31} {:<29} {:>13} {:>13} "
      "{:>8}\n",
      range(modes->first), range(modes->second), "operation", "ours", "rival", "near", "far",
      "asked");
  for (const Score& score : scores)
    for (const Figure& figure : score.contest->figures)
      if (score.contest->placement == Placement::cross_core)
        text += fmt::format("{:<36} {:<31} {:<29} {:>13} {:>13} {:>8}\n", score.contest->name,
                            named(score.contest->side(figure.ours)),
                            named(score.contest->side(figure.rival)),
                            ratio_in(score, figure, modes->first),
                            ratio_in(score, figure, modes->second), asked(figure));
  return text;
}

/// Each reason and each note once.
std::string remarks(const std::vector<Score>& scores) {
  std::set<std::string> lines;
  for (const Score& score : scores)
    for (std::size_t i = 0; i < score.side_ns.size(); ++i) {
      const Side& side = score.contest->sides[i];
      if (const auto why = why_absent(*score.contest, side); !why.empty())
        lines.insert(fmt::format("not measured: {}: {}\n", side.name, why));
      const auto failed =
          std::ranges::count_if(score.side_ns[i], [](double ns) { return !(ns > 0); });
      if (!score.failures[i].empty())
        lines.insert(fmt::format("failed in {} of {} rounds: {}, {}, {}: {}\n", failed,
                                 score.side_ns[i].size(), score.contest->name,
                                 name(score.contest->placement), side.name, score.failures[i]));
    }
  std::string text;
  for (const auto& one : lines) text += one;
  std::set<std::string> notes;
  for (const Score& score : scores)
    if (const auto& note = score.contest->note; !note.empty() && notes.insert(note).second)
      text += fmt::format("\n{}: {}\n", score.contest->name, note);
  return text;
}

Json round_values(const std::vector<double>& ns) {
  Json values = Json::array();
  for (const double one : ns) values.push_back(std::isnan(one) ? Json() : Json(one));
  return values;
}

Json to_json(const Score& score, const Figure& figure) {
  const auto ratios = score.ratios(figure);
  Json json{{"ours", figure.ours},
            {"rival", figure.rival},
            {"ratio", figure.kind == Figure::Kind::times_as_fast ? "rival/ours" : "ours/rival"},
            {"asked", asked(figure)},
            {"verdict", verdict(figure, ratios)},
            {"rounds", ratios.size()}};
  if (ratios.empty()) return json;
  const Spread of = spread_of(ratios);
  json["p10"] = of.p10;
  json["p50"] = of.p50;
  json["p90"] = of.p90;
  return json;
}

Json to_json(const Score& score) {
  const Contest& contest = *score.contest;
  Json sides = Json::array(), figures = Json::array();
  for (std::size_t i = 0; i < contest.sides.size(); ++i) {
    const Side& side = contest.sides[i];
    Json one{{"name", side.name}, {"waiting", name(side.waiting)}};
    if (const auto why = why_absent(contest, side); !why.empty()) one["not_measured"] = why;
    if (!score.failures[i].empty()) one["failure"] = score.failures[i];
    one["operation_ns"] = round_values(score.side_ns[i]);
    sides.push_back(std::move(one));
  }
  for (const Figure& figure : contest.figures) figures.push_back(to_json(score, figure));
  return {{"name", contest.name},
          {"placement", name(contest.placement)},
          {"line_ns", round_values(score.line_ns)},
          {"note", contest.note},
          {"sides", std::move(sides)},
          {"figures", std::move(figures)}};
}

}  // namespace

std::string table(const std::vector<Score>& scores) {
  std::string text =
      fmt::format("{:<36} {:<11} {:<31} {:<29} {:>8} {:>8} {:>7} {:>14} {:>8}\n", "operation",
                  "placement", "ours", "rival", "ours", "rival", "ratio", "p10..p90", "asked");
  for (const Score& score : scores)
    for (const Figure& figure : score.contest->figures) text += line(score, figure);
  return text + remarks(scores) + by_mode(scores);
}

Json to_json(const std::vector<Score>& scores, const Schedule& schedule) {
  Json contests = Json::array();
  for (const Score& score : scores) contests.push_back(to_json(score));
  return {{"seed", schedule.seed},
          {"rounds", schedule.rounds},
          {"window_ms", std::chrono::duration<double, std::milli>(schedule.window.timed).count()},
          {"contests", std::move(contests)}};
}

bool has_failures(const std::vector<Score>& scores) {
  return std::ranges::any_of(scores, [](const Score& score) {
    return std::ranges::any_of(score.failures, [](const auto& text) { return !text.empty(); });
  });
}

}  // namespace bench::rivals
