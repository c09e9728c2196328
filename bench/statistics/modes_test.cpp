// Modes that are there, and modes that are not: tails, chance and clocks.
#include "bench/statistics/modes.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <random>

namespace bench::statistics {
namespace {

using Draw = std::function<double(std::mt19937_64&)>;

/// As the harness counts them: whole ns, and above 2047 three digits.
double rounded(double ns) {
  if (ns < 2048) return std::floor(ns);
  const double step = std::exp2(std::floor(std::log2(ns)) - 10);
  return (std::floor(ns / step) + 1) * step - 1;
}

std::vector<Bucket> histogram(int samples, std::uint64_t seed, const Draw& draw) {
  std::mt19937_64 random(seed);
  std::map<double, std::uint64_t> counts;
  for (int i = 0; i < samples; ++i) ++counts[rounded(draw(random))];
  std::vector<Bucket> buckets;
  buckets.reserve(counts.size());
  for (const auto& [value, count] : counts) buckets.push_back({value, count});
  return buckets;
}

Draw lognormal(double middle, double deviation) {
  return [=](std::mt19937_64& random) {
    return std::lognormal_distribution<double>(std::log(middle), deviation)(random);
  };
}

/// One of several draws, by their shares.
Draw mixed(const std::vector<double>& shares, const std::vector<Draw>& draws) {
  return [=](std::mt19937_64& random) {
    std::discrete_distribution<std::size_t> which(shares.begin(), shares.end());
    return draws[which(random)](random);
  };
}

/// A tenth of the samples waited for anything up to 200 times as long.
Draw with_tail(double middle, double deviation) {
  return mixed({0.9, 0.1}, {lognormal(middle, deviation), [=](std::mt19937_64& random) {
                              std::uniform_real_distribution<double> log(0, std::log(200));
                              return middle * std::exp(log(random));
                            }});
}

int in_percent(int samples, std::size_t wanted, const Draw& draw, int trials = 100) {
  int found = 0;
  for (int seed = 0; seed < trials; ++seed)
    found += modes(histogram(samples, static_cast<std::uint64_t>(seed), draw)).size() == wanted;
  return found * 100 / trials;
}

TEST(Modes, IsOneForOneHumpWithATailWhateverItsWidthAndNumberOfSamples) {
  for (const int samples : {10, 30, 100, 1000, 10'000, 100'000})
    for (const double deviation : {0.01, 0.05, 0.2, 0.5}) {
      const int trials = samples < 10'000 ? 200 : 10;
      EXPECT_GE(in_percent(samples, 1, with_tail(5000, deviation), trials), 95)
          << samples << " samples, deviation " << deviation;
      EXPECT_GE(in_percent(samples, 1, lognormal(5000, deviation), trials), 95)
          << samples << " samples, deviation " << deviation;
    }
}

TEST(Modes, FindsThePlacesOfAVirtualCpu) {
  const Draw places =
      mixed({0.5, 0.3, 0.2}, {lognormal(55, .04), lognormal(104, .05), lognormal(427, .06)});
  for (const int samples : {200, 1000, 100'000}) {
    const auto found = modes(histogram(samples, 3, places));
    ASSERT_EQ(found.size(), 3u) << samples;
    EXPECT_NEAR(found[0].location, 55, 3);
    EXPECT_NEAR(found[1].location, 104, 5);
    EXPECT_NEAR(found[2].location, 427, 25);
    EXPECT_NEAR(found[0].share, 0.5, 0.1);
    EXPECT_NEAR(found[1].share, 0.3, 0.1);
    EXPECT_NEAR(found[2].share, 0.2, 0.1);
    EXPECT_LT(found[0].high, found[1].low);
  }
}

TEST(Modes, FindsTwoPathsAThirdApart) {
  const Draw paths = mixed({0.7, 0.3}, {lognormal(10'737, .05), lognormal(10'737 * 1.35, .05)});
  for (const int samples : {200, 1000, 10'000})
    EXPECT_GE(in_percent(samples, 2, paths, 50), 90) << samples;
  const auto found = modes(histogram(10'000, 1, paths));
  EXPECT_NEAR(found[0].location, 10'737, 400);
  EXPECT_NEAR(found[1].location, 14'495, 500);
  EXPECT_NEAR(found[1].share, 0.3, 0.03);
}

TEST(Modes, DoesNotBelieveTenSamples) {
  EXPECT_EQ(modes(std::vector<Bucket>{{100, 5}, {300, 5}}).size(), 1u);
  EXPECT_EQ(modes(std::vector<Bucket>{{100, 10}, {300, 10}}).size(), 2u);
}

TEST(Modes, CountsLessThanATwentiethToTheModeBeside) {
  const Draw rare = mixed({0.97, 0.03}, {lognormal(5000, .05), lognormal(3e6, .05)});
  const auto found = modes(histogram(10'000, 1, rare));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NEAR(found[0].location, 5000, 100);
  EXPECT_EQ(found[0].share, 1);
}

Draw ticking(double step, const Draw& draw) {
  return [=](std::mt19937_64& random) { return std::round(draw(random) / step) * step; };
}

TEST(Modes, DoesNotTakeTheStepsOfAClockForModes) {
  for (const double step : {1.0, 10.0, 40.0, 1000 / 24.0, 100.0})
    for (const double middle : {2.5, 5.0, 20.0})
      for (const int samples : {100, 1000, 100'000})
        EXPECT_EQ(modes(histogram(samples, 2, ticking(step, lognormal(middle * step, .25)))).size(),
                  1u)
            << "step " << step << ", middle " << middle << " steps, " << samples << " samples";
}

TEST(Modes, BelievesWhatItIsToldOfTheClock) {
  const std::vector<Bucket> two{{40, 700}, {80, 300}};
  EXPECT_EQ(modes(two).size(), 2u);
  EXPECT_EQ(modes(two, 40).size(), 1u);
}

TEST(Modes, FindsModesThatAreFarAboveTheStepOfTheClock) {
  const Draw paths = mixed({0.6, 0.4}, {lognormal(1000, .05), lognormal(2000, .05)});
  EXPECT_EQ(modes(histogram(5000, 2, ticking(40, paths))).size(), 2u);
}

TEST(Modes, HasNoneWithoutSamplesAndLeavesOutWhatIsNotAboveZero) {
  EXPECT_TRUE(modes({}).empty());
  EXPECT_TRUE(modes(std::vector<Bucket>{{0, 5}, {7, 0}}).empty());
  const auto one = modes(std::vector<Bucket>{{0, 5}, {7, 1}});
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].low, 7);
  EXPECT_EQ(one[0].high, 7);
  EXPECT_EQ(one[0].share, 1);
}

TEST(GapModes, SplitsWhereTheNextValueIsMuchLarger) {
  EXPECT_EQ(gap_modes(std::vector<double>{104, 55, 427, 57, 101, 410}),
            (std::vector<int>{1, 0, 2, 0, 1, 2}));
  EXPECT_EQ(gap_modes(std::vector<double>{100, 134, 180}), (std::vector<int>{0, 0, 0}));
  EXPECT_EQ(gap_modes(std::vector<double>{100, 136}), (std::vector<int>{0, 1}));
  EXPECT_EQ(gap_modes(std::vector<double>{100, 136}, 2), (std::vector<int>{0, 0}));
}

TEST(GapModes, GivesNoModeToWhatIsNoTime) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(gap_modes(std::vector<double>{nan, 55, 0, 110}), (std::vector<int>{-1, 0, -1, 1}));
  EXPECT_TRUE(gap_modes({}).empty());
}

}  // namespace
}  // namespace bench::statistics
