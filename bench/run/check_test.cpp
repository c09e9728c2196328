// The judgement of a machine, on made-up machines.
#include "bench/run/check.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "bench/harness/environment.hpp"

namespace bench::run {
namespace {

Finding finding(const Json& environment, const std::string& topic) {
  const auto all = findings(environment);
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const Finding& one) { return one.topic == topic; });
  if (at != all.end()) return *at;
  ADD_FAILURE() << "no check " << topic;
  return {};
}

struct Sample {
  const char* topic;
  const char* environment;
  Grade grade;
};

class Check : public testing::TestWithParam<Sample> {};

TEST_P(Check, Grades) {
  const auto& [topic, environment, grade] = GetParam();
  const auto found = finding(Json::parse(environment), topic);
  EXPECT_EQ(found.grade, grade) << found.found;
  if (grade >= Grade::kWarn) {
    EXPECT_FALSE(found.found.empty() || found.effect.empty() || found.remedy.empty());
  }
}

constexpr Grade kOk = Grade::kOk;
constexpr Grade kWarn = Grade::kWarn;
constexpr Grade kBlock = Grade::kBlock;

INSTANTIATE_TEST_SUITE_P(
    Machines, Check,
    testing::Values(
        Sample{"governor", R"({"cpu_power": {"governor": "performance"}})", kOk},
        Sample{"governor", R"({"cpu_power": {"governor": "powersave"}})", kWarn},
        Sample{"governor", R"({"cpu_power": {"governor": ["performance", "ondemand"]}})", kWarn},
        Sample{"governor", R"({"cpu_power": {"governor": {"unknown": "x"}}})", Grade::kUnknown},
        Sample{"governor", R"({})", Grade::kUnknown},
        Sample{"boost", R"({"cpu_power": {"boost": 1}})", kWarn},
        Sample{"turbo", R"({"cpu_power": {"no_turbo": 1}})", kOk},
        Sample{"turbo", R"({"cpu_power": {"no_turbo": 0}})", kWarn},
        Sample{"SMT", R"({"topology": {"share_a_core": ["0,1"]}})", kWarn},
        Sample{"battery", R"({"cpu_power": {"on_battery": true}})", kWarn},
        Sample{"load", R"({"load": {"average": [0.3, 9, 9]}, "machine": {"cpus": 4}})", kOk},
        Sample{"load", R"({"load": {"average": [0.5, 0, 0]}, "machine": {"cpus": 4}})", kWarn},
        Sample{"CPU pressure", R"({"load": {"cpu_pressure_percent": 2.5}})", kWarn},
        Sample{"steal", R"({"load": {"steal_percent": 0.4}})", kOk},
        Sample{"steal", R"({"load": {"steal_percent": 0.6}})", kWarn},
        Sample{"CPU quota", R"({"container": {"cpu_quota_cpus": "none"}})", kOk},
        Sample{"CPU quota", R"({"container": {"cpu_quota_cpus": 1.5}})", kBlock},
        Sample{"clock source", R"({"clock": {"source": "tsc"}})", kOk},
        Sample{"clock source", R"({"clock": {"source": "hpet"}})", kWarn},
        Sample{"clock cost", R"({"clock": {"read_ns": 900.5}})", kWarn},
        Sample{"debug kernel", R"({"kernel": {"config": ["CONFIG_HZ=250"]}})", kOk},
        Sample{"debug kernel", R"({"kernel": {"config": ["CONFIG_PROVE_LOCKING=y"]}})", kBlock},
        Sample{"taint", R"({"boot": {"tainted": 512}})", kWarn},
        Sample{"live patches", R"({"boot": {"livepatches": []}})", kOk},
        Sample{"live patches", R"({"boot": {"livepatches": ["fix"]}})", kWarn},
        Sample{"uptime", R"({"boot": {"uptime_s": 119}})", kWarn},
        Sample{"emulation", R"({"machine": {"emulator": "none"}})", kOk},
        Sample{"emulation", R"({"machine": {"emulator": "qemu-aarch64-static"}})", kBlock},
        Sample{"hypervisor", R"({"machine": {"hypervisor": "none"}})", kOk},
        Sample{"hypervisor", R"({"machine": {"hypervisor": "KVM"}})", kWarn},
        Sample{"haltpoll", R"({"cpu_power": {"idle_driver": "haltpoll"}})", kWarn},
        Sample{"suite build", R"({"build": {"debug": true}})", kBlock},
        Sample{"suite commit", R"({"build": {"git_dirty": true}})", kWarn},
        Sample{"CPUs", R"({"machine": {"cpus": 1}})", kWarn},
        Sample{"ASLR", R"({"memory": {"aslr": 0}})", kWarn},
        Sample{"seccomp", R"({"container": {"seccomp": 2}})", kWarn},
        Sample{"POSIX queues", R"({"limits": {"mqueue": "mq_open: Function not implemented"}})",
               kWarn},
        Sample{"queue depth", R"({"limits": {"mqueue_msg_max": 4}})", kWarn},
        Sample{"shared memory", R"({"limits": {"shm_free_bytes": 67108864}})", kWarn},
        Sample{"memory", R"({"memory": {"available_bytes": 1000}})", kWarn},
        Sample{"open files", R"({"ulimits": {"open_files": [-1, -1]}})", kOk},
        Sample{"open files", R"({"ulimits": {"open_files": [100, 4096]}})", kWarn},
        Sample{"SMT", R"({"topology": {"share_a_core": []}})", kOk},
        Sample{"memory pressure", R"({"load": {"memory_pressure_percent": 3}})", kWarn},
        Sample{"I/O pressure", R"({"load": {"io_pressure_percent": 1.9}})", kOk},
        Sample{"boost", R"({"cpu_power": {"boost": [0, 1]}})", kWarn},
        Sample{"boost", R"({"cpu_power": {"boost": 0}})", kOk},
        Sample{"energy preference", R"({"cpu_power": {"preference": "balance_power"}})", kWarn},
        Sample{"energy preference", R"({"cpu_power": {"preference": "performance"}})", kOk},
        Sample{"clock limit", R"({"cpu_power": {"max_khz": 2000000, "hardware_max_khz": 3600000}})",
               kWarn},
        Sample{"clock limit", R"({"cpu_power": {"max_khz": 3600000, "hardware_max_khz": 3600000}})",
               kOk},
        Sample{"throttling", R"({"cpu_power": {"throttle_count": 4}})", kWarn},
        Sample{"idle states", R"({"cpu_power": {"deepest_idle_us": 133}})", kWarn},
        Sample{"idle states", R"({"cpu_power": {"deepest_idle_us": 2}})", kOk},
        Sample{"clock resolution", R"({"clock": {"resolution_ns": 10}})", kOk},
        Sample{"clock resolution", R"({"clock": {"resolution_ns": 41}})", kWarn},
        Sample{"personality", R"({"process": {"personality": "0x40000"}})", kWarn},
        Sample{"personality", R"({"process": {"personality": "0x0"}})", kOk},
        Sample{"NUMA balancing",
               R"({"scheduler": {"numa_balancing": 1}, "topology": {"numa_nodes": "0-1"}})", kWarn},
        Sample{"NUMA balancing",
               R"({"scheduler": {"numa_balancing": 1}, "topology": {"numa_nodes": "0"}})", kOk},
        Sample{"scheduler extension", R"({"scheduler": {"extension": "enabled"}})", kWarn},
        Sample{"nice", R"({"process": {"nice": 5}})", kWarn},
        Sample{"scheduling policy", R"({"process": {"policy": "fifo"}})", kWarn},
        Sample{"hardware counters", R"({"perf": {"hardware_counters": "none"}})", kOk}));

TEST(CheckText, HasOneLineAFindingThatMattersAndACount) {
  const auto all = findings(Json::parse(R"({"machine": {"cpus": 1}, "boot": {"tainted": 0}})"));
  const auto brief = to_text(all, false);
  EXPECT_EQ(std::count(brief.begin(), brief.end(), '\n'), 2) << brief;
  EXPECT_EQ(brief.find("warn    CPUs: 1 CPUs usable; placements on two CPUs"), 0u) << brief;
  const auto verbose = to_text(all, true);
  EXPECT_EQ(static_cast<std::size_t>(std::count(verbose.begin(), verbose.end(), '\n')),
            all.size() + 1);
}

TEST(CheckReasons, AnUnknownFindingSaysWhy) {
  const auto found =
      finding(Json::parse(R"({"cpu_power": {"governor": {"unknown": "hidden: /sys is empty"}}})"),
              "governor");
  EXPECT_EQ(found.found, "hidden: /sys is empty");
}

TEST(CheckTaint, NamesTheLetters) {
  const auto found = finding(Json::parse(R"({"boot": {"tainted": 12289}})"), "taint");
  EXPECT_EQ(found.found, "kernel taint 12289 (POE)");
}

/// Every rule on facts of every shape: none may trip over one that it did not expect.
TEST(CheckShapes, NoFactIsTooOddToBeJudged) {
  for (const char* value : {"null", "true", "-1", "1e300", "18446744073709551615", "\"\"", "\"x\"",
                            "[]", "[[]]", "[\"x\", 1]", "{\"unknown\": 3}", "{}", "{\"a\": 1}"}) {
    Json environment = read_environment();
    for (auto& group : environment)
      for (auto& fact : group) fact = Json::parse(value);
    EXPECT_NO_THROW(findings(environment)) << value;
  }
}

TEST(CheckHere, JudgesThisMachineWithoutFail) {
  EXPECT_NO_THROW(findings(read_environment()));
}

}  // namespace
}  // namespace bench::run
