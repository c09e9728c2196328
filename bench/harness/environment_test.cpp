// The facts of the machine, and how they are read.
#include "bench/harness/environment.hpp"

#include <sys/utsname.h>

#include "bench/harness/build_info.hpp"
#include "bench/harness/fact.hpp"
#include "bench/harness/fake_root.hpp"
#include "bench/harness/machine_facts.hpp"
#include "ipc/os/cpu.hpp"
#include "ipc/os/test_support.hpp"

namespace bench {
namespace {

class Environment : public ipc::test::LeavesNothing {};

bool is_scalar(const Json& value) {
  return value.is_string() || value.is_number() || value.is_boolean();
}

bool is_fact(const Json& value) {
  if (value.is_object()) return value.size() == 1 && value.value("unknown", "") != "";
  if (value.is_array()) return std::all_of(value.begin(), value.end(), is_scalar);
  return is_scalar(value);
}

TEST_F(Environment, HoldsScalarsListsAndReasonsOnly) {
  const Json groups = read_environment();
  for (const char* group : {"identity", "machine", "topology", "kernel", "boot", "perf",
                            "scheduler", "cpu_power", "clock", "memory", "limits", "container",
                            "process", "ulimits", "load", "interrupts", "vulnerabilities", "build"})
    EXPECT_TRUE(groups.contains(group)) << group;
  for (const auto& [group, facts] : groups.items())
    for (const auto& [key, value] : facts.items())
      EXPECT_TRUE(is_fact(value)) << group << "." << key << ": " << value;
}

TEST_F(Environment, KnowsWhatEveryLinuxTells) {
  const Json groups = read_environment();
  utsname name{};
  ASSERT_EQ(::uname(&name), 0);
  EXPECT_EQ(known_fact(groups, "kernel", "release"), name.release);
  EXPECT_EQ(known_fact(groups, "machine", "host_name"), name.nodename);
  EXPECT_GE(known_fact(groups, "machine", "cpus"), 1);
  EXPECT_GT(known_fact(groups, "clock", "read_ns"), 0);
  EXPECT_EQ(known_fact(groups, "build", "git_sha"), build_info().git_sha);
}

TEST(Facts, KnownFactIsNullForWhatIsHidden) {
  const Json groups = Json::parse(R"({"a": {"b": {"unknown": "why"}, "c": 1}})");
  EXPECT_TRUE(known_fact(groups, "a", "b").is_null());
  EXPECT_TRUE(known_fact(groups, "a", "x").is_null());
  EXPECT_TRUE(known_fact(groups, "x", "b").is_null());
  EXPECT_EQ(known_fact(groups, "a", "c"), 1);
  EXPECT_EQ(why_unknown(groups, "a", "b"), "why");
  EXPECT_EQ(why_unknown(groups, "a", "x"), "not recorded");
  EXPECT_EQ(why_unknown(groups, "a", "c"), "");
}

/// A machine whose fixed facts are always the same, and whose moving ones follow `moment`.
void fill(FakeRoot& machine, int moment) {
  const std::string now = std::to_string(moment);
  machine.with("/proc/cpuinfo", "model name\t: Abacus 3\ncpu MHz\t\t: " + now +
                                    "\nbogomips\t: 106" + now + "\nmicrocode\t: 0x1\n");
  machine.with("/proc/meminfo", "MemTotal: 1000 kB\nMemFree: " + now + " kB\n");
  machine.with("/proc/loadavg", now + ".00 1.00 1.00 1/2 " + now + "\n");
  machine.with("/proc/uptime", now + ".5 1.0\n");
  machine.with("/proc/sys/kernel/random/boot_id", "boot-" + now + "\n");
  machine.with("/proc/stat", "cpu 1 2 3 4 5 6 7 " + now + " 0 0\nintr " + now + " 1\n");
  machine.with("/sys/devices/system/cpu/present", "0-7\n");
  machine.with("/sys/devices/system/cpu/online", moment % 2 ? "0-7\n" : "0-3\n");
  machine.with("/sys/class/dmi/id/sys_vendor", "Example Corp\n");
  machine.with("/sys/class/dmi/id/product_name", "Frame 9\n");
  machine.with("/sys/class/dmi/id/board_name", "B1\n");
}

TEST_F(Environment, IdentityHoldsNothingThatMoves) {
  FakeRoot machine;
  fill(machine, 1);
  const Json first = read_environment({}, machine.root());
  fill(machine, 4242);
  const Json second = read_environment({}, machine.root());
  EXPECT_NE(first["load"]["average"], second["load"]["average"]);
  EXPECT_NE(first["boot"]["boot_id"], second["boot"]["boot_id"]);
  EXPECT_EQ(first["identity"], second["identity"]);
  EXPECT_EQ(first["identity"]["cpus"], 8);
  const auto key = first["identity"]["key"].get<std::string>();
  EXPECT_NE(key.find(" | Abacus 3 | 8 | Example Corp | Frame 9 | B1 | "), std::string::npos) << key;
}

TEST_F(Environment, AnotherMachineHasAnotherIdentity) {
  FakeRoot machine;
  fill(machine, 1);
  const Json first = read_environment({}, machine.root());
  machine.with("/sys/class/dmi/id/product_name", "Frame 10\n");
  EXPECT_NE(first["identity"]["key"], read_environment({}, machine.root())["identity"]["key"]);
}

TEST_F(Environment, AMachineThatHidesEverythingIsReadAllTheSame) {
  const FakeRoot machine;
  const Json groups = read_environment({}, machine.root());
  for (const auto& [group, facts] : groups.items())
    for (const auto& [key, value] : facts.items())
      EXPECT_TRUE(is_fact(value)) << group << "." << key << ": " << value;
  EXPECT_EQ(groups["kernel"]["version"],
            unknown("hidden: there is no /proc, as in a bare chroot or container"));
  EXPECT_EQ(groups["vulnerabilities"]["all"],
            unknown("hidden: there is no /sys, as in a bare chroot or container"));
}

/// Writes the same text into every file that a real machine's facts are read from.
void spoil(FakeRoot& machine, const std::string& text) {
  const std::string cpu = cpu_folder(ipc::os::allowed_cpus().front().id);
  for (const std::string path : {"/proc/cpuinfo",
                                 "/proc/meminfo",
                                 "/proc/stat",
                                 "/proc/loadavg",
                                 "/proc/uptime",
                                 "/proc/version",
                                 "/proc/cmdline",
                                 "/proc/interrupts",
                                 "/proc/vmstat",
                                 "/proc/config.gz",
                                 "/proc/self/status",
                                 "/proc/self/cgroup",
                                 "/proc/self/cmdline",
                                 "/proc/pressure/cpu",
                                 "/proc/sys/kernel/tainted",
                                 "/proc/sys/kernel/sem",
                                 "/proc/sys/kernel/randomize_va_space",
                                 "/sys/kernel/notes",
                                 "/sys/devices/system/cpu/present",
                                 "/sys/devices/system/cpu/smt/active",
                                 "/sys/devices/system/cpu/vulnerabilities/meltdown",
                                 "/sys/devices/system/node/node0/cpulist",
                                 "/sys/fs/cgroup/cpu.max",
                                 "/sys/fs/cgroup/cpu.stat",
                                 "/sys/class/dmi/id/sys_vendor",
                                 "/sys/class/thermal/thermal_zone0/temp",
                                 "/sys/class/power_supply/BAT0/type",
                                 "/sys/kernel/mm/transparent_hugepage/enabled",
                                 "/sys/kernel/debug/sched/preempt"})
    machine.with(path, text);
  for (const std::string path :
       {"topology/thread_siblings_list", "topology/core_id", "cpuidle/state0/latency",
        "cpufreq/scaling_governor", "thermal_throttle/core_throttle_count"})
    machine.with(cpu + path, text);
}

TEST_F(Environment, FilesThatAreEmptyGarbageOrHugeSpoilNoOther) {
  using namespace std::string_literals;
  for (const auto& text : {""s, "\n\n\n"s, "\0\xff\xfe\x1b[2J:[]-,\0"s, "0::/\n"s, "-1"s, "0-"s,
                           "cpu \nintr \n"s, "99999999999999999999 9"s, std::string(9000, '['),
                           std::string(Root::kMostBytes + 1, 'a')}) {
    FakeRoot machine;
    spoil(machine, text);
    const Json groups = read_environment({}, machine.root());
    for (const auto& [group, facts] : groups.items())
      for (const auto& [key, value] : facts.items())
        EXPECT_TRUE(is_fact(value)) << group << "." << key << ": " << to_line(value).substr(0, 99);
    EXPECT_NO_THROW(Json::parse(groups.dump())) << "what was read is not UTF-8";
  }
}

Json with(const char* text) {
  return Json::parse(text);
}

TEST(Difference, IsEmptyBetweenAReadingAndItself) {
  const Json once = with(R"({"memory": {"thp": "always", "aslr": {"unknown": "x"}}})");
  EXPECT_EQ(difference(once, once), Json::array());
}

TEST(Difference, TellsWhatShouldHaveStayed) {
  EXPECT_EQ(difference(with(R"({"cpu_power": {"governor": "performance"}})"),
                       with(R"({"cpu_power": {"governor": "powersave"}})")),
            with(R"([{"group": "cpu_power", "key": "governor", "start": "performance",
                      "end": "powersave"}])"));
}

TEST(Difference, SubtractsCounters) {
  EXPECT_EQ(difference(with(R"({"interrupts": {"LOC": 10}, "load": {"steal_s": 1.5}})"),
                       with(R"({"interrupts": {"LOC": 17}, "load": {"steal_s": 1.5}})")),
            with(R"([{"group": "interrupts", "key": "LOC", "delta": 7},
                     {"group": "load", "key": "steal_s", "delta": 0.0}])"));
}

TEST(Difference, HasNoCountersBetweenTwoBoots) {
  EXPECT_EQ(difference(with(R"({"boot": {"boot_id": "a"}, "interrupts": {"LOC": 10}})"),
                       with(R"({"boot": {"boot_id": "b"}, "interrupts": {"LOC": 3}})")),
            with(R"([{"group": "boot", "key": "boot_id", "start": "a", "end": "b"}])"));
}

TEST(Difference, LeavesOutWhatIsOfTheMoment) {
  EXPECT_EQ(difference(with(R"({"load": {"average": [1]}, "memory": {"free_bytes": 1}})"),
                       with(R"({"load": {"average": [2]}, "memory": {"free_bytes": 2}})")),
            Json::array());
}

TEST(Difference, TellsWhatCameAndWentAndWhatIsHiddenAtOneEnd) {
  EXPECT_EQ(
      difference(with(R"({"memory": {"thp": "always"}})"),
                 with(R"({"memory": {"thp": {"unknown": "y"}}, "scheduler": {"autogroup": 1}})")),
      with(R"([{"group": "memory", "key": "thp", "start": "always", "end": {"unknown": "y"}},
                     {"group": "scheduler", "key": "autogroup", "start": null, "end": 1}])"));
}

TEST_F(Environment, TwoReadingsInARowDifferInCountersAlone) {
  const Json once = read_environment();
  for (const auto& change : difference(once, read_environment()))
    EXPECT_TRUE(change.contains("delta")) << change;
}

}  // namespace
}  // namespace bench
