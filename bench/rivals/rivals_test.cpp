// The comparison with rivals: its arithmetic, its rounds, and the program as a whole.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "bench/harness/command.hpp"
#include "bench/harness/json_file.hpp"
#include "bench/rivals/contests.hpp"
#include "bench/rivals/table.hpp"
#include "ipc/os/test_support.hpp"

namespace bench::rivals {
namespace {

namespace fs = std::filesystem;

Side side(const std::string& name, std::function<double()> ns) {
  return {name, Waiting::blocking, {}, [ns](const Window&, Placement) { return ns(); }};
}

TEST(Figures, AreReachedOnTheRightSideOfTheirGoal) {
  const Figure slower = at_most(1.05, "ours", "rival"), faster = at_least(10, "ours", "rival");
  EXPECT_DOUBLE_EQ(slower.ratio(210, 200), 1.05);
  EXPECT_TRUE(slower.is_reached_by(1.05));
  EXPECT_FALSE(slower.is_reached_by(1.06));
  EXPECT_DOUBLE_EQ(faster.ratio(20, 200), 10);
  EXPECT_TRUE(faster.is_reached_by(10));
  EXPECT_FALSE(faster.is_reached_by(9.9));
  EXPECT_DOUBLE_EQ(shown("rival", "other").ratio(20, 200), 10);
}

TEST(Figures, OfTwoThatMeasureTheSameAreReachedNearOne) {
  const Figure same = agrees(0.05, "ours", "tool");
  EXPECT_DOUBLE_EQ(same.ratio(210, 200), 1.05);
  EXPECT_TRUE(same.is_reached_by(1.049));
  EXPECT_TRUE(same.is_reached_by(0.951));
  EXPECT_FALSE(same.is_reached_by(1.06));
  EXPECT_FALSE(same.is_reached_by(0.94));
}

TEST(Figures, HaveTheirSpreadInterpolated) {
  const Spread of = spread_of({5, 1, 4, 2, 3});
  EXPECT_DOUBLE_EQ(of.p10, 1.4);
  EXPECT_DOUBLE_EQ(of.p50, 3);
  EXPECT_DOUBLE_EQ(of.p90, 4.6);
  EXPECT_DOUBLE_EQ(spread_of({7}).p90, 7);
}

TEST(Rounds, DivideOnlyTimesOfOneRound) {
  int round = 0;
  const std::vector<Contest> contests{{"work",
                                       Placement::unpinned,
                                       {side("ours", [&] { return 10.0 * (round + 1); }),
                                        side("rival", [&] { return 100.0 * (round + 1); })},
                                       {at_least(2, "ours", "rival")}}};
  Schedule schedule;
  schedule.rounds = 4;
  schedule.before_round = [&](int now) { round = now; };
  const auto scores = hold(contests, schedule);
  EXPECT_EQ(scores.at(0).ratios(contests[0].figures[0]), std::vector<double>(4, 10));
}

TEST(Rounds, TakeSidesInAnOrderThatTheSeedGives) {
  const auto order_with = [](std::uint64_t seed) {
    std::string order;
    std::vector<Contest> contests;
    for (const char* name : {"a", "b", "c"})
      contests.push_back({name,
                          Placement::unpinned,
                          {side("1", [&order, name] { return order += name, order += "1", 1.0; }),
                           side("2", [&order, name] { return order += name, order += "2", 1.0; })},
                          {at_most(1, "1", "2")}});
    Schedule schedule;
    schedule.rounds = 5;
    schedule.seed = seed;
    hold(contests, schedule);
    return order;
  };
  const std::string order = order_with(3);
  EXPECT_EQ(order, order_with(3));
  EXPECT_NE(order, order_with(4));
  // The sides of one contest directly follow each other.
  for (std::size_t i = 0; i < order.size(); i += 4) EXPECT_EQ(order[i], order[i + 2]) << order;
}

TEST(Rounds, AreToldApartByHowFarTheCpusWere) {
  int round = 0;
  const std::vector<Contest> contests{
      {"work",
       Placement::cross_core,
       {side("ours", [&] { return round < 2 ? 10.0 : 50.0; }), side("rival", [] { return 100.0; })},
       {at_least(5, "ours", "rival")}}};
  Schedule schedule;
  schedule.rounds = 6;
  schedule.before_round = [&](int now) { round = now; };
  schedule.probe_line_ns = [&](Placement) { return round < 2 ? 70.0 + round : 290.0 + round; };
  const auto scores = hold(contests, schedule);
  const auto modes = two_modes(scores);
  ASSERT_TRUE(modes);
  EXPECT_EQ(modes->first.most, 71);
  EXPECT_EQ(modes->second.least, 292);
  EXPECT_EQ(scores[0].ratios(contests[0].figures[0], modes->first), std::vector<double>(2, 10));
  EXPECT_EQ(scores[0].ratios(contests[0].figures[0], modes->second), std::vector<double>(4, 2));
  EXPECT_NE(table(scores).find("10 (2)     2.000 (4)"), std::string::npos) << table(scores);
}

TEST(Rounds, HaveOneModeWhereTheCpusStayWhereTheyAre) {
  const std::vector<Contest> contests{
      {"work", Placement::cross_core, {side("ours", [] { return 1.0; })}, {}}};
  Schedule schedule;
  schedule.rounds = 6;
  schedule.probe_line_ns = [ns = 200.0](Placement) mutable { return ns += 5; };
  EXPECT_FALSE(two_modes(hold(contests, schedule)));
  schedule.probe_line_ns = nullptr;
  EXPECT_FALSE(two_modes(hold(contests, schedule)));
}

TEST(Rounds, GoOnAfterASideFailedAndSayWhy) {
  int calls = 0;
  const std::vector<Contest> contests{{"work",
                                       Placement::unpinned,
                                       {side("ours",
                                             [&] {
                                               if (++calls == 2) throw CaseFailed("it broke");
                                               return 1.0;
                                             }),
                                        side("rival", [] { return 2.0; })},
                                       {at_least(2, "ours", "rival")}}};
  Schedule schedule;
  schedule.rounds = 3;
  const auto scores = hold(contests, schedule);
  EXPECT_EQ(scores[0].ratios(contests[0].figures[0]).size(), 2u);
  EXPECT_TRUE(has_failures(scores));
  EXPECT_NE(table(scores).find("failed in 1 of 3 rounds: work, unpinned, ours: it broke"),
            std::string::npos)
      << table(scores);
}

TEST(Contests, AreEachNamedOnceAndSayWhatWaits) {
  std::set<std::string> names;
  for (const auto& theme :
       {ring_contests(), queue_contests(), semaphore_contests(), lock_contests(), kernel_contests(),
        tool_contests(), python_contests("/nonexistent", "")})
    for (const Contest& contest : theme)
      for (const Figure& figure : contest.figures) {
        const std::string ours(name(contest.side(figure.ours).waiting));
        EXPECT_TRUE(names
                        .insert(fmt::format("{}/{}/{}/{}/{}", contest.name, name(contest.placement),
                                            figure.ours, ours, figure.rival))
                        .second)
            << contest.name;
        EXPECT_GT(figure.goal.value_or(1), 0);
      }
  EXPECT_GT(names.size(), 50u);
}

TEST(Tools, AreReadInTheirOwnWords) {
  EXPECT_DOUBLE_EQ(
      perf_operation_ns("# Running 'sched/pipe' benchmark:\n# Executed 10000 pipe "
                        "operations between two processes\n\n     Total time: 0.043 "
                        "[sec]\n\n       4.344000 usecs/op\n         230202 ops/sec\n"),
      4344);
  EXPECT_DOUBLE_EQ(hackbench_total_ns("Running in process mode with 1 groups using 2 file "
                                      "descriptors each (== 2 tasks)\nEach sender will pass 5 "
                                      "messages of 64 bytes\nTime: 0.213\n"),
                   213e6);
  for (const char* nothing : {"", "usecs/op", "\n  many usecs/op", "Time: ", "Time: soon"}) {
    EXPECT_THROW(perf_operation_ns(nothing), CaseFailed) << nothing;
    EXPECT_THROW(hackbench_total_ns(nothing), CaseFailed) << nothing;
  }
}

class Program : public ipc::test::LeavesNothing {
 protected:
  void SetUp() override {
    LeavesNothing::SetUp();
    json_ = fs::temp_directory_path() / fmt::format("rivals_test.{}.json", ::getpid());
  }
  void TearDown() override {
    fs::remove(json_);
    LeavesNothing::TearDown();
  }

  static CommandResult run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     fs::read_symlink("/proc/self/exe").parent_path() / "rivals");
    return run_command(arguments, ipc::os::Deadline::never());
  }
  static int code_of(const CommandResult& result) {
    return result.status.exited() ? result.status.code() : -1;
  }

  fs::path json_;
};

TEST_F(Program, MeasuresEverySideAndWritesEachRound) {
  const CommandResult result = run({"--rounds=2", "--window_ms=2", "--seed=7", "--filter",
                                    "^semaphore|^pipe .* 64 B|^Value", "--json=" + json_.string()});
  ASSERT_EQ(code_of(result), 0) << result.errors << result.output;
  EXPECT_NE(result.output.find("seed 7"), std::string::npos) << result.output;
  const Json json = read_json(json_);
  EXPECT_EQ(json.at("seed"), 7);
  std::set<std::string> verdicts;
  for (const Json& contest : json.at("contests")) {
    for (const Json& one : contest.at("sides"))
      EXPECT_EQ(one.at("operation_ns").size(), 2u) << contest;
    for (const Json& figure : contest.at("figures"))
      verdicts.insert(figure.at("verdict").get<std::string>());
  }
  EXPECT_GE(json.at("contests").size(), 3u);
  EXPECT_FALSE(verdicts.empty());
}

TEST_F(Program, SaysWhyThereIsNoPython) {
  const CommandResult result =
      run({"--rounds=1", "--window_ms=2", "--filter", "^Value", "--python=/nonexistent/python3"});
  EXPECT_EQ(code_of(result), 0) << result.errors;
  EXPECT_NE(result.output.find("not measured: CPython: /nonexistent/python3"), std::string::npos)
      << result.output;
}

/// With no tool in PATH, or with them: then they are measured.
TEST_F(Program, NamesThePackageOfAToolThatIsMissing) {
  const char* path = std::getenv("PATH");
  const std::string before = path ? path : "";
  ::setenv("PATH", "/nonexistent", 1);
  const CommandResult result = run({"--rounds=1", "--window_ms=2", "--filter", "perf|hackbench"});
  ::setenv("PATH", before.c_str(), 1);
  EXPECT_EQ(code_of(result), 0) << result.errors;
  for (const char* reason : {"perf does not run here: apt-get install linux-perf",
                             "hackbench does not run here: apt-get install rt-tests"})
    EXPECT_NE(result.output.find(reason), std::string::npos) << result.output;
}

TEST_F(Program, ComparesWithToolsThatAreThere) {
  for (const std::vector<std::string>& tool :
       {std::vector<std::string>{"perf", "bench", "sched", "pipe", "-l", "1"},
        {"hackbench", "-p", "-g", "1", "-f", "1", "-l", "1"}})
    if (run_command(tool, ipc::os::Deadline::never()).status != ipc::os::ExitStatus::from_code(0))
      GTEST_SKIP() << tool[0] << " is missing: apt-get install linux-perf rt-tests";
  const CommandResult result = run({"--rounds=1", "--window_ms=5", "--filter",
                                    "(perf|hackbench)/same_core", "--json=" + json_.string()});
  EXPECT_EQ(code_of(result), 0) << result.errors << result.output;
  const Json json = read_json(json_);
  EXPECT_EQ(json.at("contests").size(), 2u);
  for (const Json& contest : json.at("contests")) {
    EXPECT_NE(contest.at("note"), "");
    for (const Json& one : contest.at("sides")) EXPECT_GT(one.at("operation_ns").at(0), 0) << one;
  }
}

TEST_F(Program, RefusesBadInputInOneLine) {
  for (const std::vector<std::string>& input : {std::vector<std::string>{"--rounds=0"},
                                                {"--filter=nothing is called so"},
                                                {"--filter=("},
                                                {"--no_such_flag"}}) {
    const CommandResult result = run(input);
    EXPECT_EQ(code_of(result), 2) << input[0];
    EXPECT_FALSE(result.errors.empty()) << input[0];
  }
}

}  // namespace
}  // namespace bench::rivals
