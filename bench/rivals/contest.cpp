#include "bench/rivals/contest.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>

namespace bench::rivals {

std::string_view name(Waiting waiting) {
  switch (waiting) {
    case Waiting::none:
      return "";
    case Waiting::spinning:
      return "spinning";
    case Waiting::blocking:
      return "blocking";
    case Waiting::adaptive:
      return "adaptive";
  }
  return "?";
}

namespace {

std::size_t index_of(const Contest& contest, std::string_view wanted) {
  const auto at = std::ranges::find(contest.sides, wanted, &Side::name);
  if (at == contest.sides.end())
    throw std::logic_error(contest.name + " has no side " + std::string(wanted));
  return static_cast<std::size_t>(at - contest.sides.begin());
}

double percentile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - static_cast<double>(below));
}

std::vector<std::size_t> shuffled(std::size_t count, std::mt19937_64& random) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::shuffle(order, random);
  return order;
}

void measure(Score& score, std::size_t side, const Window& window) {
  const Side& one = score.contest->sides[side];
  double ns = std::numeric_limits<double>::quiet_NaN();
  if (!one.reason) {
    try {
      ns = one.operation_ns(window, score.contest->placement);
    } catch (const std::exception& error) {
      score.failures[side] = error.what();
    }
  }
  score.side_ns[side].push_back(ns);
}

}  // namespace

bool Figure::is_reached_by(double ratio) const {
  if (!goal) return true;
  switch (kind) {
    case Kind::times_as_long:
      return ratio <= *goal;
    case Kind::times_as_fast:
      return ratio >= *goal;
    case Kind::agrees:
      return std::abs(ratio - 1) <= *goal;
  }
  return false;
}

const Side& Contest::side(std::string_view wanted) const {
  return sides[index_of(*this, wanted)];
}

Spread spread_of(std::vector<double> values) {
  std::ranges::sort(values);
  return {percentile(values, 0.1), percentile(values, 0.5), percentile(values, 0.9)};
}

const std::vector<double>& Score::ns_of(std::string_view side) const {
  return side_ns[index_of(*contest, side)];
}

std::vector<double> Score::ratios(const Figure& figure, std::optional<Range> line) const {
  const auto& ours = ns_of(figure.ours);
  const auto& rival = ns_of(figure.rival);
  std::vector<double> ratios;
  for (std::size_t round = 0; round < ours.size(); ++round) {
    if (line && !(line_ns[round] >= line->least && line_ns[round] <= line->most)) continue;
    const double ratio = figure.ratio(ours[round], rival[round]);
    if (!std::isnan(ratio)) ratios.push_back(ratio);
  }
  return ratios;
}

std::optional<std::pair<Range, Range>> two_modes(const std::vector<Score>& scores) {
  std::vector<double> all;
  for (const Score& score : scores)
    std::ranges::copy_if(score.line_ns, std::back_inserter(all),
                         [](double ns) { return !std::isnan(ns); });
  if (all.size() < 2) return std::nullopt;
  std::ranges::sort(all);
  // Modes are far apart, and what lies about one is near it.
  constexpr double kApart = 2;
  const double between = std::sqrt(spread_of(all).p10 * spread_of(all).p90);
  const auto second = std::ranges::upper_bound(all, between);
  if (spread_of(all).p90 < kApart * spread_of(all).p10) return std::nullopt;
  return std::pair(Range{all.front(), *(second - 1)}, Range{*second, all.back()});
}

std::vector<Score> hold(const std::vector<Contest>& contests, const Schedule& schedule) {
  std::mt19937_64 random(schedule.seed);
  std::vector<Score> scores(contests.begin(), contests.end());
  for (int round = 0; round < schedule.rounds; ++round) {
    schedule.before_round(round);
    for (const std::size_t contest : shuffled(scores.size(), random)) {
      scores[contest].line_ns.push_back(
          schedule.probe_line_ns ? schedule.probe_line_ns(scores[contest].contest->placement)
                                 : std::numeric_limits<double>::quiet_NaN());
      for (const std::size_t side : shuffled(scores[contest].side_ns.size(), random))
        measure(scores[contest], side, schedule.window);
    }
  }
  return scores;
}

}  // namespace bench::rivals
