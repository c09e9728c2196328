// What a run measures: the catalogue, the filter, the presets, the prediction.
#include "bench/run/plan.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <thread>

#include "bench/harness/perf_counters.hpp"
#include "bench/run/progress.hpp"
#include "bench/run/round_file.hpp"
#include "bench/run/unusable.hpp"

namespace bench::run {
namespace {

using std::chrono::milliseconds;

Case a_case(const std::string& binary, const std::string& rest, bool quick) {
  Case one;
  one.name = binary + "/" + rest;
  one.binary = binary;
  one.quick = quick;
  return one;
}

Catalogue a_catalogue() {
  Catalogue all{a_case("fork_cost", "process/fork", true), a_case("latency", "pipe/pipe", true),
                a_case("latency", "pipe/fifo", false), a_case("latency", "pipe/tcp", true)};
  all.back().reason = "no network";
  return all;
}

TEST(Catalogue, ReadsWhatABinaryPrints) {
  const auto cases = parse_catalogue("latency", R"({"binary": "latency", "cases": [
    {"name": "latency/pipe/pipe/size:64/placement:same_core", "measure": "latency",
     "noun": "pipe", "backend": "pipe", "placement": "same_core", "quick": true,
     "control": false, "cpus": 1,
     "setup_ms": 2.5, "reason": null, "floor": "limits/wake_up/futex/placement:same_core",
     "no_floor": null, "bare": "limits/bare/pipe_round_trip/placement:same_core",
     "operations": 400, "off_path": ""}]})");
  ASSERT_EQ(cases.size(), 1u);
  EXPECT_EQ(cases[0].binary, "latency");
  EXPECT_EQ(cases[0].setup_ms, 2.5);
  EXPECT_FALSE(cases[0].reason);
  EXPECT_EQ(cases[0].floor, "limits/wake_up/futex/placement:same_core");
  EXPECT_EQ(cases[0].bare, "limits/bare/pipe_round_trip/placement:same_core");
  EXPECT_EQ(cases[0].operations, 400);
  const auto first = to_json(cases, {})["cases"][0];
  EXPECT_EQ(first["reason"], nullptr);
  EXPECT_EQ(first["no_floor"], nullptr);
}

TEST(Catalogue, SaysWhatTheBackendsOfItsCasesCannotDo) {
  Catalogue cases(2);
  cases[0].noun = "queue";
  cases[0].backend = "bare";
  cases[1].noun = "pipe";
  cases[1].backend = "full";
  const Backends backends{{"queue", "bare", "not here", {"no size", "no timed put"}},
                          {"pipe", "full", {}, {}},
                          {"pipe", "bare", {}, {"of no case"}}};
  const auto text = to_text(cases, backends);
  EXPECT_NE(text.find("what backends cannot do\n  queue bare: no size; no timed put\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("pipe full:"), std::string::npos);
  EXPECT_EQ(text.find("pipe bare:"), std::string::npos);
  const auto json = to_json(cases, backends)["backends"];
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0]["reason"], "not here");
  EXPECT_EQ(json[0]["lacks"], Json({"no size", "no timed put"}));
  EXPECT_EQ(json[1]["lacks"], Json::array());
  EXPECT_EQ(to_text({cases[1]}, backends).find("cannot do"), std::string::npos);
}

TEST(Catalogue, RefusesWhatIsNone) {
  for (const char* text : {"", "{", "[]", "{}", R"({"binary": "pool", "cases": []})",
                           R"({"binary": "latency", "cases": [{"name": 3}]})"})
    EXPECT_THROW(parse_catalogue("latency", text), Unusable) << text;
}

TEST(Plan, QuickTakesTheQuickCasesAndSetsAsideWhatCannotRun) {
  const Plan plan = make_plan(a_catalogue(), preset_settings("quick"));
  EXPECT_EQ(plan.cases(), 2u);
  ASSERT_EQ(plan.binaries.size(), 2u);
  EXPECT_EQ(plan.binaries[1].cases[0].name, "latency/pipe/pipe");
  ASSERT_EQ(plan.not_measurable.size(), 1u);
  EXPECT_EQ(plan.not_measurable[0].reason, "no network");
}

TEST(Plan, PathTakesWhatHasAFixedFormAndNamesWhatQuickHasBeyondIt) {
  Catalogue catalogue = a_catalogue();
  for (Case& one : catalogue) one.placement = "same_core";
  catalogue[0].operations = 20;
  catalogue[1].off_path = "its peers spin";
  catalogue[2].off_path = "not in quick";
  catalogue[2].operations = 400;
  const Settings settings = preset_settings("path");
  EXPECT_TRUE(settings.has_fixed_counts());
  EXPECT_EQ(settings.rounds, 1);
  EXPECT_EQ(settings.seed, 1u);
  const Plan plan = make_plan(catalogue, settings);
  EXPECT_EQ(plan.cases(), 1u);
  ASSERT_EQ(plan.not_measurable.size(), 2u);
  EXPECT_EQ(plan.not_measurable[0].reason, "its peers spin");
  EXPECT_EQ(plan.not_measurable[1].reason, "no network");
}

TEST(Plan, PathSaysWhyItLacksWhatTheFilterFinds) {
  Catalogue catalogue = a_catalogue();
  catalogue[1].placement = "same_core";
  catalogue[1].off_path = "its peers spin";
  Settings settings = preset_settings("path");
  settings.filter = "pipe/pipe";
  try {
    static_cast<void>(make_plan(catalogue, settings));
    FAIL() << "nothing is left";
  } catch (const Unusable& error) {
    EXPECT_NE(std::string(error.what()).find("its peers spin"), std::string::npos) << error.what();
  }
}

TEST(Plan, FilterSearchesAnywhereInTheName) {
  Settings settings = preset_settings("default");
  settings.filter = "pipe/f.fo$";
  EXPECT_EQ(make_plan(a_catalogue(), settings).cases(), 1u);
  settings.filter = "tcp";
  EXPECT_THROW(make_plan(a_catalogue(), settings), Unusable);
  settings.filter = "[";
  EXPECT_THROW(make_plan(a_catalogue(), settings), Unusable);
}

TEST(Plan, PredictsTimeFromWindowsAndSetup) {
  Settings settings{"default", "", 1, 2, 100, 50, 1000, 0};
  Case one = a_case("latency", "x", true);
  const auto without = predicted(one, settings);
  EXPECT_GE(without, milliseconds(50 + 2 * 100 + 3));
  one.setup_ms = 1000;
  const int times = hardware_plan().counters.empty() ? 1 : 2;
  EXPECT_EQ(predicted(one, settings) - without, times * milliseconds(1000));
}

TEST(Plan, HoldsTheNegativeControlsWhateverIsAskedFor) {
  Catalogue catalogue = a_catalogue();
  catalogue.insert(catalogue.begin(), a_case("limits", "alu/loop", true));
  catalogue.front().control = true;
  Settings settings = preset_settings("quick");
  settings.filter = "pipe/pipe";
  const Plan plan = make_plan(catalogue, settings);
  EXPECT_EQ(plan.cases(), 2u);
  EXPECT_EQ(plan.binaries[0].cases[0].name, "limits/alu/loop");
  settings.filter = "nothing";
  EXPECT_THROW(make_plan(catalogue, settings), Unusable) << "controls alone are no run";
}

TEST(Plan, ShufflesEveryRoundAnewAndTheSameSeedAlike) {
  Catalogue catalogue;
  for (int i = 0; i < 20; ++i) catalogue.push_back(a_case("latency", std::to_string(i), true));
  Settings settings = preset_settings("quick");
  settings.seed = 7;
  const auto names = [](const Plan& plan, int round) {
    std::vector<std::string> all;
    for (const Case& one : shuffled(plan, round)) all.push_back(one.name);
    return all;
  };
  const Plan plan = make_plan(catalogue, settings), same = make_plan(catalogue, settings);
  EXPECT_EQ(names(plan, 1), names(same, 1));
  EXPECT_NE(names(plan, 1), names(plan, 2));
  settings.seed = 8;
  EXPECT_NE(names(plan, 1), names(make_plan(catalogue, settings), 1));
  auto sorted = names(plan, 1), again = names(plan, 2);
  std::ranges::sort(sorted);
  std::ranges::sort(again);
  EXPECT_EQ(sorted, again);
}

TEST(Plan, SaysTimesForAPerson) {
  EXPECT_EQ(to_text(milliseconds(1)), "1 s");
  EXPECT_EQ(to_text(milliseconds(61'000)), "1 min 1 s");
  EXPECT_EQ(to_text(milliseconds(3'900'000)), "1 h 5 min");
}

TEST(RoundFile, TakesSingleMeasurementsByCaseName) {
  const auto rows = rows_of(Json::parse(R"({"benchmarks": [
    {"name": "latency/pipe/pipe/placement:same_core/manual_time", "run_type": "iteration"},
    {"name": "latency/pipe/pipe/placement:same_core/manual_time_mean", "run_type": "aggregate"},
    {"name": "latency/pipe/fifo/placement:same_core/iterations:1/manual_time",
     "error_occurred": true, "error_message": "gone"}]})"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].name, "latency/pipe/pipe/placement:same_core");
  EXPECT_FALSE(rows[0].failed);
  EXPECT_EQ(rows[1].name, "latency/pipe/fifo/placement:same_core");
  EXPECT_EQ(rows[1].message, "gone");
}

TEST(RoundFile, HoldsRowsAgainstTheMedianOfTheirFloor) {
  const Times limits = times_of(Json::parse(R"({"benchmarks": [
    {"name": "limits/a/b/placement:pair/manual_time", "real_time": 9.0},
    {"name": "limits/a/b/placement:pair/manual_time", "real_time": 2.0},
    {"name": "limits/a/b/placement:pair/manual_time", "real_time": 4.0},
    {"name": "limits/a/b/placement:pair/manual_time_mean", "run_type": "aggregate",
     "real_time": 5.0},
    {"name": "limits/a/c/placement:pair", "error_occurred": true, "real_time": 3.0},
    {"name": "limits/a/d/placement:pair", "real_time": 0.0}]})"));
  EXPECT_EQ(limits, (Times{{"limits/a/b/placement:pair", 4.0}}));
  Json rows = Json::parse(R"({"benchmarks": [
    {"name": "x/manual_time", "real_time": 6.0}, {"name": "y", "real_time": 6.0},
    {"name": "x", "error_occurred": true, "floor_ratio": 7.0}, {"name": "z", "real_time": 1.0}]})");
  const std::map<std::string, std::string> floors{{"x/manual_time", "limits/a/b/placement:pair"},
                                                  {"x", "limits/a/b/placement:pair"},
                                                  {"y", "limits/a/c/placement:pair"}};
  EXPECT_TRUE(set_floors(rows, floors, limits));
  EXPECT_EQ(rows["benchmarks"][0]["floor_ratio"], 1.5);
  EXPECT_EQ(rows["benchmarks"][1]["floor"], "limits/a/c/placement:pair");
  EXPECT_FALSE(rows["benchmarks"][1].contains("floor_ratio"));
  EXPECT_FALSE(rows["benchmarks"][2].contains("floor_ratio"));
  EXPECT_FALSE(rows["benchmarks"][3].contains("floor"));
  EXPECT_FALSE(set_floors(rows, floors, limits));
}

TEST(RoundFile, SaysByTheQuietTimesWhatARowTakesBeyondItsTwin) {
  const Times twins = quiet_times_of(Json::parse(R"({"benchmarks": [
    {"name": "limits/bare/b/placement:pair/manual_time", "real_time": 9.0, "quiet_ns": 2.0}]})"));
  Json rows = Json::parse(R"({"benchmarks": [
    {"name": "x/placement:pair", "real_time": 7.0, "quiet_ns": 6.0},
    {"name": "y/placement:pair", "real_time": 7.0}]})");
  EXPECT_TRUE(set_own(rows,
                      {{"x/placement:pair", "limits/bare/b/placement:pair"},
                       {"y/placement:pair", "limits/bare/c/placement:pair"}},
                      twins));
  EXPECT_EQ(rows["benchmarks"][0]["own"], 4.0);
  EXPECT_FALSE(rows["benchmarks"][1].contains("own")) << "its twin was not measured";
}

TEST(RoundFile, KeepsOnlyWhatGotATurnAndJoinsWhatWasThereBefore) {
  Json later = Json::parse(R"({"benchmarks": [
    {"name": "latency/b/placement:pair/manual_time", "real_time": 2},
    {"name": "latency/c/placement:pair/manual_time", "error_occurred": true}]})");
  keep_measured(later, kRows, {"latency/b/placement:pair"});
  ASSERT_EQ(later["benchmarks"].size(), 1u);
  join_rounds(later, Json::parse(R"({"benchmarks": [{"name": "latency/a/placement:pair"}]})"),
              kRows);
  ASSERT_EQ(later["benchmarks"].size(), 2u);
  EXPECT_EQ(later["benchmarks"][0]["name"], "latency/a/placement:pair");
  Json histograms = Json::parse(R"({"histograms": [{"case": "a"}, {"case": "b"}]})");
  keep_measured(histograms, kHistograms, {"b"});
  ASSERT_EQ(histograms["histograms"].size(), 1u);
  EXPECT_EQ(histograms["histograms"][0]["case"], "b");
}

std::string drawn_by(const std::function<void(Progress&)>& use) {
  std::FILE* stream = std::tmpfile();
  Progress progress(stream, true, 2, milliseconds(1000));
  use(progress);
  std::rewind(stream);
  std::string text(1 << 12, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stream));
  std::fclose(stream);
  return text;
}

TEST(ProgressBar, GrowsWithEveryCaseAndKeepsFailuresOnLinesOfTheirOwn) {
  const auto text = drawn_by([](Progress& progress) {
    progress.begin(1, 2);
    progress.case_failed("latency/a", "gone");
    progress.case_done("latency/a", milliseconds(250));
    EXPECT_GT(progress.left(), milliseconds(-1));
    progress.case_done("latency/b", milliseconds(250));
    progress.end();
  });
  EXPECT_NE(text.find("failed latency/a: gone\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  0 %  round 1/2 0/2"), std::string::npos) << text;
  EXPECT_NE(text.find(" 25 %  round 1/2 1/2"), std::string::npos) << text;
  EXPECT_NE(text.find(" 50 %  round 1/2 2/2"), std::string::npos) << text;
}

}  // namespace
}  // namespace bench::run
