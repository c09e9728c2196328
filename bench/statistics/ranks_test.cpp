// The signed-rank test against SciPy 1.10 and against counting by hand.
#include "bench/statistics/ranks.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace bench::statistics {
namespace {

const std::vector<double> kTwelve{.031, -.012, .044, .027,  -.003, .051,
                                  .018, .009,  .036, -.021, .014,  .022};

TEST(Ranks, SharesTheRanksOfEqualValues) {
  EXPECT_EQ(mid_ranks(std::vector<double>{3, 1, 3, 2}), (std::vector<double>{3.5, 1, 3.5, 2}));
  EXPECT_TRUE(mid_ranks({}).empty());
}

// scipy.stats.wilcoxon(x, mode='exact')
TEST(SignedRank, HasTheExactPOfSciPy) {
  const SignedRank test = signed_rank(kTwelve);
  EXPECT_EQ(test.w_plus, 68);
  EXPECT_EQ(test.pairs, 12u);
  EXPECT_TRUE(test.exact);
  EXPECT_DOUBLE_EQ(test.p, 0.02099609375);
}

TEST(SignedRank, CountsSixtyPairs) {
  std::vector<double> sixty;
  for (int i = 1; i <= 60; ++i) sixty.push_back((i * 37 % 61 - 24) / 10.0 + i * 1e-4);
  const SignedRank test = signed_rank(sixty);
  EXPECT_EQ(test.w_plus, 1278);
  EXPECT_TRUE(test.exact);
  EXPECT_NEAR(test.p, 0.006978757595705352, 1e-12);
}

// Of the 1024 signs that ten ranks can have, 26 are as far from even (counted one by one).
TEST(SignedRank, LeavesZerosOutAndIsExactWithTies) {
  const SignedRank test = signed_rank(std::vector<double>{1, 2, 2, -2, 3, 3, -1, 4, 5, 0, 0, 5});
  EXPECT_EQ(test.w_plus, 49.5);
  EXPECT_EQ(test.pairs, 10u);
  EXPECT_EQ(test.zeros, 2u);
  EXPECT_DOUBLE_EQ(test.p, 26.0 / 1024);
}

// scipy.stats.wilcoxon(x, mode='approx', correction=False); many ties, one zero
TEST(SignedRank, TakesManyPairsForNormal) {
  std::vector<double> seventy;
  for (int i = 1; i <= 70; ++i) seventy.push_back((i * 37 % 71 - 30) / 10.0);
  const SignedRank test = signed_rank(seventy);
  EXPECT_EQ(test.w_plus, 1559.5);
  EXPECT_EQ(test.zeros, 1u);
  EXPECT_FALSE(test.exact);
  EXPECT_NEAR(test.p, 0.035315210703019524, 1e-12);
}

TEST(SignedRank, NeedsSixPairs) {
  EXPECT_DOUBLE_EQ(signed_rank(std::vector<double>{1, 2, 3, 4, 5}).p, 2.0 / 32);
  EXPECT_DOUBLE_EQ(signed_rank(std::vector<double>{-1, -2, -3, -4, -5, -6}).p, 2.0 / 64);
  EXPECT_EQ(signed_rank({}).p, 1);
  EXPECT_EQ(signed_rank(std::vector<double>{0, 0}).p, 1);
}

// numpy.median of all means of pairs; the interval by scipy's distribution counted up
TEST(Shift, IsTheMedianOfTheMeansOfPairsWithTheIntervalThatTheTestAllows) {
  EXPECT_NEAR(hodges_lehmann(kTwelve), 0.01875, 1e-15);
  EXPECT_NEAR(shift_interval(kTwelve, 0.90)->low, 0.0055, 1e-15);
  EXPECT_NEAR(shift_interval(kTwelve, 0.90)->high, 0.031, 1e-15);
  EXPECT_NEAR(shift_interval(kTwelve)->low, 0.003, 1e-15);
  EXPECT_NEAR(shift_interval(kTwelve)->high, 0.033, 1e-15);
  EXPECT_NEAR(shift_interval(kTwelve, 0.99)->low, -0.003, 1e-15);
  EXPECT_NEAR(shift_interval(kTwelve, 0.99)->high, 0.0375, 1e-15);
}

TEST(Shift, HasNoIntervalForTooFewPairs) {
  const std::vector<double> eight{1, 2, 3, 4, 5, 6, 7, 8};
  const auto first = [&](std::size_t count) { return std::span(eight).first(count); };
  EXPECT_FALSE(shift_interval(first(0)));
  EXPECT_FALSE(shift_interval(first(5)));
  ASSERT_TRUE(shift_interval(first(6)));
  EXPECT_EQ(shift_interval(first(6))->low, 1);
  EXPECT_EQ(shift_interval(first(6))->high, 6);
  EXPECT_FALSE(shift_interval(first(7), 0.99));
  EXPECT_TRUE(shift_interval(first(8), 0.99));
}

/// Of intervals of noise about 0.05, the share that holds it.
double coverage(std::size_t pairs, int trials) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> noise(0.05, 0.1);
  int holding = 0;
  for (int trial = 0; trial < trials; ++trial) {
    std::vector<double> differences(pairs);
    for (double& one : differences) one = noise(random);
    holding += shift_interval(differences)->holds(0.05);
  }
  return holding / static_cast<double>(trials);
}

TEST(Shift, LiesInItsIntervalAsOftenAsTheLevelSays) {
  EXPECT_NEAR(coverage(12, 2000), 0.954, 0.015);  // what the steps of 12 pairs allow
  EXPECT_NEAR(coverage(80, 500), 0.95, 0.03);
}

}  // namespace
}  // namespace bench::statistics
