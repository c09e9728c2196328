// Few numbers, slopes, rates, fairness, planned looks and false discoveries, on literals.
#include "bench/statistics/summary.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "bench/statistics/false_discovery.hpp"
#include "bench/statistics/looks.hpp"
#include "bench/statistics/ranks.hpp"
#include "bench/statistics/rate.hpp"
#include "bench/statistics/slope.hpp"

namespace bench::statistics {
namespace {

// numpy.quantile([7, 1, 3, 10], [.25, .5, .9]) and numpy.std(..., ddof=1)
TEST(Summary, HasTheQuantilesAndTheDeviationOfNumPy) {
  const std::vector<double> values{7, 1, 3, 10};
  EXPECT_DOUBLE_EQ(quantile(values, 0.25), 2.5);
  EXPECT_DOUBLE_EQ(median(values), 5);
  EXPECT_DOUBLE_EQ(quantile(values, 0.9), 9.1);
  EXPECT_DOUBLE_EQ(quantile(values, 1), 10);
  EXPECT_DOUBLE_EQ(standard_deviation(values), 4.031128874149275);
  EXPECT_EQ(standard_deviation(std::vector<double>{3}), 0);
}

TEST(Summary, CallsEqualSharesFairAndOneTakerUnfair) {
  EXPECT_DOUBLE_EQ(jain_index(std::vector<double>{5, 5, 5, 5}), 1);
  EXPECT_DOUBLE_EQ(jain_index(std::vector<double>{8, 0, 0, 0}), 0.25);
  EXPECT_DOUBLE_EQ(jain_index(std::vector<double>{1, 3}), 0.8);
  EXPECT_EQ(jain_index(std::vector<double>{0, 0}), 1);
}

// scipy.stats.theilslopes([2, 4.1, 5.9, 8.2, 0], [1, 2, 3, 4, 10])
TEST(Slope, IsTheOneOfSciPyAndIgnoresAnOutlier) {
  const std::vector<Point> line{{1, 2}, {2, 4.1}, {3, 5.9}, {4, 8.2}, {10, 0}};
  EXPECT_DOUBLE_EQ(*theil_sen(std::span(&line, 1)), 1.875);
}

TEST(Slope, ComparesOnlyPointsOfOneGroupThatAreFarEnoughApart) {
  const std::vector<std::vector<Point>> groups{{{0, 0}, {1, 2}}, {{0, 100}, {1, 102}}};
  EXPECT_DOUBLE_EQ(*theil_sen(groups), 2);
  EXPECT_FALSE(theil_sen(groups, 1.5));
  const std::vector<std::vector<Point>> upright{{{1, 0}, {1, 2}}};
  EXPECT_FALSE(theil_sen(upright));
}

// scipy.stats.binomtest(k, n).proportion_ci(method='exact')
TEST(Rate, HasTheIntervalOfClopperAndPearson) {
  EXPECT_EQ(rate_interval(0, 20).low, 0);
  EXPECT_NEAR(rate_interval(0, 20).high, 0.16843347098308548, 1e-12);
  EXPECT_NEAR(rate_interval(3, 60).low, 0.01043232964434822, 1e-12);
  EXPECT_NEAR(rate_interval(3, 60).high, 0.13924324672110006, 1e-12);
  EXPECT_NEAR(rate_interval(20, 20).low, 0.8315665290169145, 1e-12);
  EXPECT_EQ(rate_interval(20, 20).high, 1);
  EXPECT_EQ(rate_interval(0, 0).low, 0);
  EXPECT_EQ(rate_interval(0, 0).high, 1);
  EXPECT_TRUE(rate_interval(1.5, 30).holds(0.05));
}

// By hand: p * 6 / rank from the largest down, never rising.
TEST(FalseDiscovery, GivesEveryTestItsQ) {
  const auto q = q_values(std::vector<double>{.01, .04, .03, .005, .55, .04});
  const std::vector<double> expected{.03, .048, .048, .03, .55, .048};
  ASSERT_EQ(q.size(), expected.size());
  for (std::size_t i = 0; i < q.size(); ++i) EXPECT_NEAR(q[i], expected[i], 1e-12) << i;
  EXPECT_TRUE(q_values({}).empty());
}

TEST(Looks, FindSomethingOnlyWhereOneIsPlanned) {
  EXPECT_EQ(decide(kRigorousLooks, 11, 0.0001), Decision::go_on);
  EXPECT_EQ(decide(kRigorousLooks, 12, 0.0049), Decision::significant);
  EXPECT_EQ(decide(kRigorousLooks, 12, 0.005), Decision::go_on);
  EXPECT_EQ(decide(kRigorousLooks, 24, 0.01), Decision::significant);
  EXPECT_EQ(decide(kRigorousLooks, 30, 0.0001), Decision::go_on);
  EXPECT_EQ(decide(kRigorousLooks, 40, 0.044), Decision::significant);
  EXPECT_EQ(decide(kRigorousLooks, 40, 0.046), Decision::ended);
  EXPECT_EQ(decide(kRigorousLooks, 41, 0.0001), Decision::ended);
}

/// Whether looking at noise at the planned looks, or after every pair, ends with a find.
struct Peeks {
  bool planned = false;
  bool always = false;
};

Peeks look_at_noise(std::mt19937_64& random) {
  std::normal_distribution<double> noise;
  std::vector<double> pairs;
  Peeks found;
  bool running = true;
  while (pairs.size() < 40) {
    pairs.push_back(noise(random));
    if (pairs.size() < 6) continue;
    const double p = signed_rank(pairs).p;
    found.always |= p < 0.05;
    const auto decision = decide(kRigorousLooks, pairs.size(), p);
    if (running && decision == Decision::significant) found.planned = true;
    running &= decision == Decision::go_on;
  }
  return found;
}

TEST(Looks, KeepFalseAlarmsNearFivePercentWherePeekingDoesNot) {
  std::mt19937_64 random(11);
  constexpr int kTrials = 1000;
  int planned = 0, always = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    const Peeks found = look_at_noise(random);
    planned += found.planned;
    always += found.always;
  }
  EXPECT_GT(planned, kTrials * 3 / 100);
  EXPECT_LT(planned, kTrials * 7 / 100);
  EXPECT_GT(always, kTrials * 15 / 100);
}

}  // namespace
}  // namespace bench::statistics
