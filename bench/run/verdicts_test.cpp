// Two runs that took turns, held against each other on literal records.
#include "bench/run/verdicts.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "bench/statistics/noise.hpp"

namespace bench::run {
namespace {

namespace fs = std::filesystem;

constexpr int kRounds = 12;

Case a_case(const std::string& backend, bool control = false) {
  Case one;
  one.name = "latency/pipe/" + backend + "/placement:same_core";
  one.binary = "latency";
  one.measure = "latency";
  one.noun = "pipe";
  one.placement = "same_core";
  one.control = control;
  return one;
}

/// What one process of a case is to have measured.
struct Measured {
  double ns = 1000;
  double line_ns = 0;
  double switches = 0;  ///< involuntary, an operation
  bool comparable = true;
};

/// A temporary folder with two runs, base and versus.
class Verdicts : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "verdicts_test.XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    plan_.settings.rounds = kRounds;
    plan_.binaries = {{"latency", {a_case("pipe"), a_case("fifo"), a_case("loop", true)}}};
  }
  void TearDown() override { fs::remove_all(folder_); }

  using Measure = std::function<Measured(const Case&, int round)>;

  RunDirectory written(const char* side, const Measure& measure,
                       const Json& more = Json::object()) {
    RunDirectory directory = RunDirectory::create(folder_ / side, plan_, "test", folder_, more);
    for (int round = 1; round <= kRounds; ++round) {
      Json rows = Json::array(), cases = Json::array();
      for (const Case& one : plan_.binaries[0].cases) {
        const Measured it = measure(one, round);
        rows.push_back({{"name", one.name + "/manual_time"},
                        {"real_time", it.ns},
                        {"tail_ns", 3 * it.ns},
                        {"line_ns_before", 60 + 300 * (round % 2)},
                        {"line_ns_after", round == 4 ? 360 : 61 + 300 * (round % 2)}});
        cases.push_back(record_of(one, it));
      }
      const auto path = [&](const char* end) {
        return folder_ / side / ("latency." + std::to_string(round) + end);
      };
      write_json(path(".json"), {{"benchmarks", rows}});
      write_json(path(".hist.json"), {{"histograms", Json::array()}});
      write_json(path(".reps.json"), {{"cases", cases}});
    }
    return directory;
  }

  static Json record_of(const Case& one, const Measured& it) {
    const auto repetition = [&](double factor) {
      return Json{{"elapsed_ns", 50'000'000},
                  {"operations", 1000},
                  {"p10_ns", factor * it.ns},
                  {"p50_ns", 1.1 * factor * it.ns},
                  {"involuntary_switches", 1000 * it.switches}};
    };
    const Json look{{"min_ns", 1000}, {"median_ns", 1001}};
    return {{"case", one.name},
            {"repetitions", {repetition(1.2), repetition(1.0)}},
            {"anchors", {look, look, look}},
            {"line_ns", it.line_ns > 0 ? Json{it.line_ns, it.line_ns} : Json()},
            {"not_comparable", it.comparable ? Json::array() : Json{"stood still"}}};
  }

  /// A little of the noise that every process has, another one on each side.
  static double noise(int round, int side) {
    return 1 + 0.004 * std::sin(7.0 * round + 3.0 * side);
  }

  std::vector<Cell> compared(const Measure& base, const Measure& versus,
                             const Json& more = Json::object(), int rounds = kRounds) {
    const RunDirectory first = written("base", base, more), second = written("versus", versus);
    return compare(first, second, plan_, rounds);
  }
  static Measured plain(const Case&, int round) { return {1000 * noise(round, 0)}; }

  fs::path folder_;
  Plan plan_;
};

TEST_F(Verdicts, StarTheCaseThatChangedAndNoOther) {
  const auto cells = compared(&plain, [](const Case& one, int round) {
    return Measured{(one.name == a_case("fifo").name ? 1050 : 1000) * noise(round, 1)};
  });
  ASSERT_EQ(cells.size(), 3u);
  EXPECT_EQ(cells[0].pairs, 12u);
  EXPECT_STREQ(cells[0].verdict(), "equivalent");
  EXPECT_STREQ(cells[1].verdict(), "regression");
  EXPECT_NEAR(statistics::percent_of(cells[1].effect), 5, 0.5);
  EXPECT_TRUE(cells[1].starred());
  EXPECT_FALSE(cells[2].starred_alone());
  const auto text = to_text(cells, plan_);
  EXPECT_NE(text.find("3 cases: 1 starred before correction"), std::string::npos) << text;
  EXPECT_NE(text.find("regression *"), std::string::npos) << text;
  EXPECT_EQ(text.find("NEGATIVE CONTROL"), std::string::npos) << text;
}

TEST_F(Verdicts, SayFirstThatANegativeControlMoved) {
  const auto cells =
      compared(&plain, [](const Case&, int round) { return Measured{900 * noise(round, 1)}; });
  EXPECT_STREQ(cells[0].verdict(), "improvement");
  const auto text = to_text(cells, plan_);
  EXPECT_TRUE(text.starts_with("NEGATIVE CONTROL MOVED: latency/pipe/loop")) << text;
}

TEST_F(Verdicts, CallNothingThatIsBelowTheThreshold) {
  const auto with_threshold = [&](double percent) {
    const Json more{
        {"estimators",
         {{"latency/pipe/same_core",
           {{"estimator", "typical"}, {"threshold_percent", percent}, {"anchor_slope", 0.0}}}}}};
    const auto cells = compared(
        &plain, [](const Case&, int round) { return Measured{1050 * noise(round, 1)}; }, more);
    fs::remove_all(folder_ / "base");
    fs::remove_all(folder_ / "versus");
    EXPECT_EQ(cells[0].yardstick.estimator, statistics::Estimator::typical);
    return cells[0].starred();
  };
  EXPECT_TRUE(with_threshold(3));
  EXPECT_FALSE(with_threshold(8));
}

TEST_F(Verdicts, PairOnlyWhatSawTheSameDistanceAndCompares) {
  const auto cells = compared(
      [](const Case&, int round) {
        return Measured{1000 * noise(round, 0), 60, 0, round != 3};
      },
      [](const Case&, int round) {
        return Measured{1000 * noise(round, 1), round <= 2 ? 400.0 : 62.0};
      });
  EXPECT_EQ(cells[0].pairs, 9u);
  EXPECT_EQ(cells[0].left_out, 3u);
}

TEST_F(Verdicts, TellOfAnotherMixOfPaths) {
  const auto cells = compared(
      [](const Case&, int round) {
        return Measured{1000 * noise(round, 0), 0, 0.02};
      },
      [](const Case&, int round) {
        return Measured{1000 * noise(round, 1), 0, 0.88};
      });
  EXPECT_NE(to_text(cells, plan_)
                .find("another mix of paths: 0.02 involuntary switches an "
                      "operation, then 0.88"),
            std::string::npos);
}

TEST_F(Verdicts, AreDecidedAtPlannedLooksOnly) {
  const auto slower = [](const Case& one, int round) {
    return Measured{(one.name == a_case("fifo").name ? 1100 : 1000) * noise(round, 1)};
  };
  const auto cells = compared(&plain, slower);
  EXPECT_EQ(decided(cells, 12), std::set<std::string>{a_case("fifo").name});
  EXPECT_TRUE(decided(cells, 11).empty());
  EXPECT_TRUE(is_look(12) && is_look(24) && is_look(40) && !is_look(20));
}

TEST_F(Verdicts, OfFiveRoundsAreNone) {
  const auto cells = compared(
      &plain, [](const Case&, int round) { return Measured{1500 * noise(round, 1)}; },
      Json::object(), 5);
  EXPECT_EQ(cells[0].pairs, 5u);
  EXPECT_STREQ(cells[0].verdict(), "inconclusive") << "five pairs can never be enough";
  EXPECT_FALSE(cells[0].interval);
}

TEST_F(Verdicts, TopologyModesAreWrittenIntoTheRows) {
  const RunDirectory directory = written("base", &plain);
  const auto distances = directory.mark_topology_modes(plan_);
  ASSERT_EQ(distances.size(), 2u);
  EXPECT_NEAR(distances[0], 60, 1);
  EXPECT_NEAR(distances[1], 360, 1);
  EXPECT_EQ(directory.rows("latency", 1)["benchmarks"][0]["topology_mode"], 1);
  EXPECT_EQ(directory.rows("latency", 2)["benchmarks"][0]["topology_mode"], 0);
  EXPECT_EQ(directory.rows("latency", 4)["benchmarks"][0]["topology_mode"], -1) << "it changed";
}

}  // namespace
}  // namespace bench::run
