#include "bench/statistics/ranks.hpp"

#include <boost/math/distributions/normal.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include "bench/statistics/summary.hpp"

namespace bench::statistics {

namespace {

using Doubled = std::vector<std::size_t>;  // ranks times two, which makes mid-ranks whole numbers

/// The probability of every sum of the ranks whose sign came out positive.
std::vector<double> distribution(const Doubled& ranks) {
  const std::size_t all = std::accumulate(ranks.begin(), ranks.end(), std::size_t{0});
  std::vector<double> probability(all + 1);
  probability[0] = 1;
  std::size_t reached = 0;
  for (const std::size_t rank : ranks) {
    reached += rank;
    for (std::size_t sum = reached + 1; sum-- > 0;)
      probability[sum] = (probability[sum] + (sum >= rank ? probability[sum - rank] : 0.0)) / 2;
  }
  return probability;
}

double two_sided(const Doubled& ranks, std::size_t positive) {
  const auto probability = distribution(ranks);
  // Symmetric: the other end is as far from the other side.
  const std::size_t end = std::min(positive, probability.size() - 1 - positive);
  double tail = 0;
  for (std::size_t sum = 0; sum <= end; ++sum) tail += probability[sum];
  return std::min(1.0, 2 * tail);
}

double normal_two_sided(const Doubled& ranks, std::size_t positive) {
  double all = 0, squares = 0;  // the variance of mid-ranks has the correction for ties in it
  for (const std::size_t rank : ranks) {
    const double single = static_cast<double>(rank) / 2;
    all += single;
    squares += single * single;
  }
  const double z = (static_cast<double>(positive) / 2 - all / 2) / std::sqrt(squares / 4);
  return 2 * boost::math::cdf(boost::math::normal(), -std::abs(z));
}

std::vector<double> sorted_pair_means(std::span<const double> differences) {
  std::vector<double> means;
  means.reserve(differences.size() * (differences.size() + 1) / 2);
  for (std::size_t i = 0; i < differences.size(); ++i)
    for (std::size_t j = i; j < differences.size(); ++j)
      means.push_back(std::midpoint(differences[i], differences[j]));
  std::ranges::sort(means);
  return means;
}

/// How many of the sorted means to leave out at either end: as many as there are sums so small that
/// both tails together are no likelier than 1 - level.
std::size_t left_out(std::size_t pairs, double level) {
  const double tail = (1 - level) / 2;
  if (pairs > kExactPairs) {
    const auto n = static_cast<double>(pairs);
    const double z = boost::math::quantile(boost::math::complement(boost::math::normal(), tail));
    return static_cast<std::size_t>(n * (n + 1) / 4 -
                                    z * std::sqrt(n * (n + 1) * (2 * n + 1) / 24));
  }
  Doubled ranks(pairs);
  for (std::size_t i = 0; i < pairs; ++i) ranks[i] = 2 * (i + 1);
  const auto probability = distribution(ranks);
  std::size_t sums = 0;
  for (double sum = probability[0]; sum <= tail; sum += probability[2 * sums]) ++sums;
  return sums;
}

}  // namespace

std::vector<double> mid_ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0, next = 0; first < order.size(); first = next) {
    while (next < order.size() && values[order[next]] == values[order[first]]) ++next;
    for (std::size_t i = first; i < next; ++i)
      ranks[order[i]] = static_cast<double>(first + 1 + next) / 2;
  }
  return ranks;
}

SignedRank signed_rank(std::span<const double> differences) {
  std::vector<double> kept, magnitudes;
  std::ranges::copy_if(differences, std::back_inserter(kept), [](double d) { return d != 0; });
  std::ranges::transform(kept, std::back_inserter(magnitudes),
                         [](double d) { return std::abs(d); });
  SignedRank result{.pairs = kept.size(), .zeros = differences.size() - kept.size()};
  if (kept.empty()) return result;
  Doubled ranks;
  std::size_t positive = 0;
  for (const double rank : mid_ranks(magnitudes)) {
    ranks.push_back(static_cast<std::size_t>(2 * rank));
    if (kept[ranks.size() - 1] > 0) positive += ranks.back();
  }
  result.w_plus = static_cast<double>(positive) / 2;
  result.exact = kept.size() <= kExactPairs;
  result.p = result.exact ? two_sided(ranks, positive) : normal_two_sided(ranks, positive);
  return result;
}

double hodges_lehmann(std::span<const double> differences) {
  return quantile_of_sorted(sorted_pair_means(differences), 0.5);
}

std::optional<Interval> shift_interval(std::span<const double> differences, double level) {
  assert(level > 0 && level < 1);
  if (differences.empty()) return std::nullopt;
  const std::size_t out = left_out(differences.size(), level);
  if (out == 0) return std::nullopt;
  const auto means = sorted_pair_means(differences);
  return Interval{means[out - 1], means[means.size() - out]};
}

}  // namespace bench::statistics
