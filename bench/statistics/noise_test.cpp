// The self-test's analysis on made-up machines, always the same ones.
#include "bench/statistics/noise.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

#include "bench/statistics/summary.hpp"

namespace bench::statistics {
namespace {

std::vector<double> noise_of(std::size_t pairs, double deviation, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise(0, deviation);
  std::vector<double> differences(pairs);
  for (double& one : differences) one = noise(random);
  return differences;
}

std::vector<double> plus(std::vector<double> differences, double shift) {
  for (double& one : differences) one += shift;
  return differences;
}

TEST(Noise, OfIndependentPairsGivesFalseAlarmsAtTheNominalRate) {
  const auto study = study_noise(noise_of(4000, .03, 1), {.draws = 1});
  EXPECT_EQ(study.false_alarms.window, 20u);
  EXPECT_EQ(study.false_alarms.windows, 3981u);
  EXPECT_EQ(study.false_alarms.independent, 200u);
  EXPECT_GT(study.false_alarms.rate, .02);
  EXPECT_LT(study.false_alarms.rate, .08);
  EXPECT_TRUE(study.false_alarms.interval.holds(study.false_alarms.rate));
  EXPECT_NEAR(study.pair_sd, .03, .001);
}

TEST(Noise, ThatFavoursOneSideForLongShowsInTheFalseAlarms) {
  auto drifting = noise_of(4000, .03, 1);
  for (std::size_t i = 0; i < drifting.size(); ++i)
    drifting[i] += .03 * std::sin(2 * std::numbers::pi * static_cast<double>(i) / 200);
  EXPECT_GT(study_noise(drifting, {.draws = 1}).false_alarms.interval.low, .05);
}

TEST(Noise, WithFewPairsSaysHowLittleItKnows) {
  const auto few = study_noise(noise_of(8, .03, 1), {.draws = 10}).false_alarms;
  EXPECT_EQ(few.window, 8u);
  EXPECT_EQ(few.windows, 1u);
  EXPECT_EQ(few.independent, 1u);
  EXPECT_GT(few.interval.high, .95);
}

TEST(Noise, IsKnownBetterFromManyFamilies) {
  std::vector<FalseAlarms> families;
  for (std::uint64_t seed = 0; seed < 100; ++seed)
    families.push_back(study_noise(noise_of(20, .03, seed), {.draws = 1}).false_alarms);
  const auto all = pooled(families);
  EXPECT_EQ(all.independent, 100u);
  EXPECT_EQ(all.windows, 100u);
  EXPECT_LT(all.rate, .12);
  EXPECT_LT(all.interval.high, .2);
  EXPECT_TRUE(all.interval.holds(.05));
  EXPECT_EQ(pooled({}).interval.high, 1);
}

/// How often a change of this size is found in fresh pairs, not in those of the study.
double power(double percent, std::size_t pairs, double deviation) {
  int found = 0;
  constexpr std::uint64_t kTrials = 1000;
  for (std::uint64_t seed = kTrials; seed < 2 * kTrials; ++seed) {
    const auto fresh = plus(noise_of(pairs, deviation, seed), log_of_percent(percent));
    found += try_control(fresh, percent).found;
  }
  return found / static_cast<double>(kTrials);
}

TEST(Noise, PredictsWhatFreshPairsFind) {
  const auto study = study_noise(noise_of(400, .03, 2), {});
  ASSERT_TRUE(study.detectable_95_percent);
  EXPECT_EQ(*study.detectable_95_percent, 3);
  EXPECT_LT(*study.detectable_80_percent, 3);
  EXPECT_GT(power(*study.detectable_95_percent, 20, .03), .93);
  EXPECT_LT(power(2, 20, .03), .95);
  EXPECT_GT(power(*study.detectable_80_percent, 20, .03), .75);
  EXPECT_LT(power(1.5, 20, .03), .80);
}

TEST(Noise, PredictsForMorePairsThanItHas) {
  const auto study = study_noise(noise_of(15, .03, 4), {});
  EXPECT_EQ(study.false_alarms.window, 15u);
  ASSERT_TRUE(study.detectable_95_percent);
  EXPECT_GE(*study.detectable_95_percent, 1.5);
  EXPECT_LE(*study.detectable_95_percent, 5);
}

TEST(Noise, OfTooFewPairsAComparisonDetectsNothing) {
  const auto study = study_noise(noise_of(40, .03, 2), {.window = 5});
  EXPECT_FALSE(study.detectable_80_percent);
  EXPECT_FALSE(study.detectable_95_percent);
}

TEST(Noise, SetsTheThresholdButNeverBelowTwoPercent) {
  const auto quiet = study_noise(noise_of(100, .002, 1), {});
  EXPECT_NEAR(percent_of(quiet.threshold()), 2, 1e-9);
  const auto loud = study_noise(noise_of(100, .2, 1), {});
  EXPECT_EQ(loud.threshold(), loud.effect_q95);
  EXPECT_NEAR(loud.effect_q95, 1.96 * .2 / std::sqrt(20), .02);
}

TEST(Noise, IsStudiedAlikeEveryTime) {
  const auto differences = noise_of(40, .03, 2);
  EXPECT_EQ(study_noise(differences, {}).effect_q95, study_noise(differences, {}).effect_q95);
}

/// Processes on a host that slows some repetitions: by `slowing` the anchor, by the square root of
/// it the operation; and others that disturb all but the fastest operations of some repetitions.
struct Machine {
  double slowed = 0;  ///< share of the repetitions
  double disturbed = 0;
  double deviation = .01;
  std::mt19937_64 random{9};

  Process process() {
    std::normal_distribution<double> noise(0, deviation);
    std::bernoulli_distribution is_slowed(slowed), is_disturbed(disturbed);
    Process one;
    const bool is_slow = is_slowed(random);  // for the whole process
    for (int repetition = 0; repetition < 8; ++repetition) {
      const double slowing = is_slow ? 1.8 + .05 * repetition : 1;
      const double ns = 5000 * std::sqrt(slowing) * std::exp(noise(random));
      one.anchor_ns.push_back(270 * slowing);
      one.p10_ns.push_back(ns * .95 * std::exp(noise(random)));
      one.p50_ns.push_back(ns * (is_disturbed(random) ? 2 : 1));
    }
    one.anchor_ns.push_back(one.anchor_ns.back());
    one.tail_ns = 20'000 * std::exp(20 * noise(random));
    return one;
  }
  std::vector<Process> processes(int count) {
    std::vector<Process> all;
    while (count-- > 0) all.push_back(process());
    return all;
  }
};

TEST(Estimators, SumUpAProcess) {
  const Process one{.p10_ns = {9, 8, 12},
                    .p50_ns = {10, 20, 40},
                    .anchor_ns = {100, 100, 400, 400},
                    .tail_ns = 77};
  EXPECT_EQ(anchor_floor(std::span(&one, 1)), 100);
  EXPECT_DOUBLE_EQ(log_slowness(one, 0, 100), 0);
  EXPECT_DOUBLE_EQ(log_slowness(one, 1, 100), std::log(2));
  EXPECT_DOUBLE_EQ(anchor_slope(std::span(&one, 1)), 1);
  const auto sums = estimates(one, 1, 100);
  EXPECT_EQ(sums[index(Estimator::quiet)], 8);
  EXPECT_EQ(sums[index(Estimator::typical)], 20);
  EXPECT_NEAR(sums[index(Estimator::adjusted)], 10, 1e-9);
  EXPECT_EQ(sums[index(Estimator::tail)], 77);
  for (const auto estimator : kEstimators) EXPECT_EQ(estimator_of(name(estimator)), estimator);
  EXPECT_FALSE(estimator_of("mean"));
}

TEST(Estimators, DoNotAdjustWhereAnchorsHardlyDiffer) {
  const Process steady{.p10_ns = {9, 8}, .p50_ns = {10, 20}, .anchor_ns = {100, 101, 102}};
  EXPECT_EQ(anchor_slope(std::span(&steady, 1)), 0);
}

TEST(Family, ChoosesTheAdjustedEstimatorOnAHostThatSlowsIt) {
  Machine machine{.slowed = .5};
  const auto a = machine.processes(20), b = machine.processes(20);
  const auto study = study_family(a, b, {});
  EXPECT_EQ(study.pairs, 20u);
  EXPECT_NEAR(study.anchor_slope, .5, .05);
  EXPECT_EQ(study.anchor_floor_ns, 270);
  EXPECT_EQ(study.chosen, Estimator::adjusted);
  EXPECT_LT(study.of(Estimator::adjusted)->pair_sd, .2 * study.of(Estimator::typical)->pair_sd);
}

TEST(Family, ChoosesTheQuietEstimatorWhereOthersUseTheCpus) {
  Machine machine{.disturbed = .5};
  const auto a = machine.processes(20), b = machine.processes(20);
  const auto study = study_family(a, b, {});
  EXPECT_EQ(study.chosen, Estimator::quiet);
  EXPECT_EQ(study.anchor_slope, 0);
  EXPECT_GT(study.of(Estimator::tail)->threshold(), study.of(Estimator::quiet)->threshold());
}

TEST(Family, HasNoTailWhereNoSingleOperationsWereTimed) {
  Machine machine;
  auto a = machine.processes(6), b = machine.processes(6);
  a[3].tail_ns = 0;
  const auto study = study_family(a, b, {.draws = 10});
  EXPECT_FALSE(study.of(Estimator::tail));
  EXPECT_TRUE(study.of(Estimator::typical));
}

TEST(Control, IsFoundAtTheSizeItClaims) {
  const auto injected = plus(noise_of(20, .03, 3), log_of_percent(5));
  const auto control = try_control(injected, 5);
  EXPECT_TRUE(control.found);
  EXPECT_TRUE(control.holds_claim);
  EXPECT_NEAR(percent_of(control.effect), 5, 2);
  EXPECT_FALSE(try_control(injected, 20).holds_claim);
}

TEST(Control, ThatWasNotInjectedOrWentTheOtherWayIsNotFound) {
  EXPECT_FALSE(try_control(noise_of(20, .03, 3), 5).found);
  EXPECT_FALSE(try_control(plus(noise_of(20, .03, 3), log_of_percent(-10)), 5).found);
  const auto few = try_control(std::vector<double>{.05, .05, .05}, 5);
  EXPECT_FALSE(few.found);
  EXPECT_FALSE(few.interval);
  EXPECT_FALSE(few.holds_claim);
}

TEST(Percent, IsTheSameThereAndBack) {
  EXPECT_NEAR(percent_of(std::log(1.1)), 10, 1e-9);
  EXPECT_NEAR(percent_of(log_of_percent(-50)), -50, 1e-9);
}

}  // namespace
}  // namespace bench::statistics
