// The labels of a run, on literal environments.
#include "bench/run/contamination.hpp"

#include <gtest/gtest.h>

#include "bench/harness/environment.hpp"

namespace bench::run {
namespace {

using Labels = std::vector<std::string>;

/// A quiet machine with two CPUs over a run of 100 s that used 150 s of CPU time.
Json quiet_run() {
  return Json::parse(R"({
    "start": {
      "machine": {"cpus": 2}, "boot": {"boot_id": "a", "uptime_s": 5000},
      "topology": {"online": "0-1"}, "cpu_power": {"governor": "performance", "throttle_count": 3},
      "container": {"cpu_quota_cpus": "none", "throttled_periods": 0, "cpuset": "0-1"},
      "process": {"affinity": [0, 1]},
      "clock": {"realtime_s": 1700000000.5, "monotonic_s": 5000.5, "boottime_s": 6000.5},
      "memory": {"pages_swapped_in": 0, "pages_swapped_out": 7},
      "load": {"average": [0.1, 0, 0], "cpu_pressure_percent": 0.5, "cpu_s": 10000.0,
               "busy_s": 1000.0, "steal_s": 10.0, "own_s": 0.5, "own_pid": 7}},
    "end": {
      "machine": {"cpus": 2}, "boot": {"boot_id": "a", "uptime_s": 5100},
      "topology": {"online": "0-1"}, "cpu_power": {"governor": "performance", "throttle_count": 3},
      "container": {"cpu_quota_cpus": "none", "throttled_periods": 0, "cpuset": "0-1"},
      "process": {"affinity": [0, 1]},
      "clock": {"realtime_s": 1700000100.5, "monotonic_s": 5100.5, "boottime_s": 6100.5},
      "memory": {"pages_swapped_in": 0, "pages_swapped_out": 7},
      "load": {"average": [2.5, 2, 1], "cpu_pressure_percent": 40.5, "cpu_s": 10200.0,
               "busy_s": 1152.0, "steal_s": 10.1, "own_s": 150.5, "own_pid": 7}}})");
}

TEST(Contamination, AQuietRunHasNoLabelsThoughItLoadedTheMachineItself) {
  EXPECT_EQ(contaminations(quiet_run()), Labels{});
}

TEST(Contamination, KnowsNothingOfAMachineThatHidesEverything) {
  EXPECT_EQ(contaminations(Json::parse(R"({"start": {}, "end": {}})")), Labels{});
  EXPECT_EQ(contaminations(Json::parse(R"({"start": {}, "end": null})")), Labels{});
  EXPECT_EQ(contaminations(Json::parse(R"({"start": {}})")), Labels{});
}

struct Disturbed {
  const char* name;
  const char* pointer;  ///< into the environment
  const char* value;
  const char* label;
};

class Disturbance : public testing::TestWithParam<Disturbed> {};

TEST_P(Disturbance, HasItsOneLabelWithFigureAndLimit) {
  Json environment = quiet_run();
  environment[Json::json_pointer(GetParam().pointer)] = Json::parse(GetParam().value);
  EXPECT_EQ(contaminations(environment), Labels{GetParam().label});
}

INSTANTIATE_TEST_SUITE_P(
    Runs, Disturbance,
    testing::Values(
        Disturbed{"load", "/start/load/average/0", "0.84",
                  "at the start: load average 0.84, limit 0.20 (0.1 a CPU)"},
        Disturbed{"pressure", "/start/load/cpu_pressure_percent", "12.5",
                  "at the start: tasks waited for a CPU 12.5 % of the last 10 s, limit 2 %"},
        Disturbed{"uptime", "/start/boot/uptime_s", "40", "at the start: up for 40 s, limit 120 s"},
        Disturbed{"steal", "/end/load/steal_s", "13", "1.50 % steal over the run, limit 0.5 %"},
        Disturbed{"others", "/end/load/busy_s", "1200",
                  "other processes used 0.50 CPUs on average, limit 0.20 (0.1 a CPU)"},
        Disturbed{"throttled", "/end/cpu_power/throttle_count", "5",
                  "2 thermal throttling events during the run, limit 0"},
        Disturbed{"quota_hit", "/end/container/throttled_periods", "9",
                  "9 periods stopped by the CPU quota during the run, limit 0"},
        Disturbed{"swapped", "/end/memory/pages_swapped_out", "10",
                  "3 pages swapped out during the run, limit 0"},
        Disturbed{"clock_back", "/end/clock/realtime_s", "1699996500.5",
                  "the wall clock was stepped by -3600.0 s, limit 1 s"},
        Disturbed{"clock_forth", "/end/clock/realtime_s", "1700000102.0",
                  "the wall clock was stepped by +1.5 s, limit 1 s"},
        Disturbed{"affinity", "/end/process/affinity", "[0]",
                  "CPUs changed: process.affinity changed from 0 1 to 0 during the run"},
        Disturbed{"online", "/end/topology/online", "\"0\"",
                  "CPUs changed: topology.online changed from 0-1 to 0 during the run"},
        Disturbed{"cpuset", "/end/container/cpuset", "\"1\"",
                  "CPUs changed: container.cpuset changed from 0-1 to 1 during the run"},
        Disturbed{"governor", "/end/cpu_power/governor", "\"powersave\"",
                  "cpu_power.governor changed from performance to powersave during the run"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Contamination, AQuotaCountsWhetherItStoppedAnythingOrNot) {
  Json environment = quiet_run();
  for (const char* moment : {"start", "end"})
    environment[moment]["container"]["cpu_quota_cpus"] = 1.5;
  EXPECT_EQ(contaminations(environment),
            Labels{"CPU quota 1.5: the kernel stops the processes in the middle of a measurement"});
}

TEST(Contamination, WhatFollowsTheCpusIsNotToldBesideThem) {
  Json environment = quiet_run();
  environment["end"]["process"]["affinity"] = Json::array({0});
  environment["end"]["machine"]["cpus"] = 1;
  environment["start"]["topology"]["layout"] = Json::array({"cpu 0", "cpu 1"});
  environment["end"]["topology"]["layout"] = Json::array({"cpu 0"});
  EXPECT_EQ(contaminations(environment),
            Labels{"CPUs changed: process.affinity changed from 0 1 to 0 during the run"});
}

TEST(Contamination, AStepWithinASecondIsNone) {
  Json environment = quiet_run();
  environment["end"]["clock"]["realtime_s"] = 1700000101.4;
  EXPECT_EQ(contaminations(environment), Labels{});
}

TEST(Contamination, SuspendIsNoStepOfTheClock) {
  Json environment = quiet_run();
  environment["end"]["clock"]["realtime_s"] = 1700000160.5;
  environment["end"]["clock"]["boottime_s"] = 6160.5;
  EXPECT_EQ(contaminations(environment), Labels{"the machine was suspended for 60.0 s"});
}

TEST(Contamination, AfterARebootOnlyThatCounts) {
  Json environment = quiet_run();
  environment["end"]["boot"]["boot_id"] = "b";
  environment["end"]["clock"]["monotonic_s"] = 10.0;
  environment["end"]["load"]["steal_s"] = 0.0;
  EXPECT_EQ(contaminations(environment), Labels{"the machine was booted anew during the run"});
}

TEST(Contamination, AContinuedRunIsNotToldFromOthersByItsCpuTime) {
  Json environment = quiet_run();
  environment["end"]["load"]["own_pid"] = 8;
  environment["end"]["load"]["own_s"] = 1.0;
  EXPECT_EQ(contaminations(environment), Labels{});
}

TEST(Contamination, TakesTheChangesThatWereStored) {
  Json environment = quiet_run();
  environment["changes"] = Json::parse(
      R"([{"group": "memory", "key": "thp", "start": "always", "end": "never"},
          {"group": "boot", "key": "cmdline", "start": "quiet", "end": {"unknown": "why"}},
          {"group": "interrupts", "key": "LOC", "delta": 1}])");
  EXPECT_EQ(contaminations(environment),
            Labels{"memory.thp changed from always to never during the run"});
}

TEST(Contamination, ARunInProgressIsJudgedByItsStart) {
  Json environment = quiet_run();
  environment["end"] = nullptr;
  environment["start"]["kernel"]["config"] = Json::array({"CONFIG_KASAN=y"});
  const auto labels = contaminations(environment);
  ASSERT_EQ(labels.size(), 1u);
  EXPECT_EQ(labels[0].find("CONFIG_KASAN=y: "), 0u) << labels[0];
}

TEST(Contamination, JudgesThisMachineWithoutFail) {
  const Json now = read_environment();
  EXPECT_NO_THROW(contaminations({{"start", now}, {"end", read_environment()}}));
}

}  // namespace
}  // namespace bench::run
