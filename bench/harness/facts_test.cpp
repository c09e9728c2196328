// Facts that take some working out, on literal texts and made-up machines.
#include <fmt/format.h>

#include "bench/harness/fact.hpp"
#include "bench/harness/fake_root.hpp"
#include "bench/harness/machine_facts.hpp"
#include "ipc/os/cpu.hpp"
#include "ipc/os/test_support.hpp"

namespace bench {
namespace {

using namespace std::string_literals;

class Facts : public ipc::test::LeavesNothing {
 protected:
  /// The same file for every CPU that this process may use.
  void with_cpus(const std::string& suffix, const std::string& text) {
    for (const int cpu : ipc::os::allowed_cpu_ids()) machine_->with(cpu_folder(cpu) + suffix, text);
  }
  Json read(const Reader& reader) { return fact_or_reason(reader, machine_->root()); }
  std::string why(const Reader& reader) { return read(reader).value("unknown", "known"); }
  void TearDown() override {
    machine_.reset();
    LeavesNothing::TearDown();
  }
  std::unique_ptr<FakeRoot> machine_ = std::make_unique<FakeRoot>();
};

TEST_F(Facts, ReadersTakeTheShapesOfProcAndSys) {
  const auto with = [&](const std::string& text) {
    machine_->with("/proc/x", text);
    return "/proc/x"s;
  };
  EXPECT_EQ(read(line_of(with("first \nsecond\n"))), "first");
  EXPECT_EQ(read(number_of(with("12.75 3\n"))), 12);
  EXPECT_EQ(read(numbers_of(with("250\t32000 32 128\n"))), Json::array({250, 32000, 32, 128}));
  EXPECT_EQ(read(choice_of(with("always [madvise] never\n"))), "madvise");
  EXPECT_EQ(read(choice_of(with("voluntary\n"))), "voluntary");
  EXPECT_EQ(read(choice_of(with("] odd [\n"))), "] odd [");
  EXPECT_EQ(read(field_of(with("MemTotal:  2 kB\nSeccomp:\t2\n"), "MemTotal")), 2048);
  EXPECT_EQ(read(field_of(with("MemTotal:  2 kB\nSeccomp:\t2\n"), "Seccomp")), 2);
  EXPECT_EQ(read(field_of(with("model name\t: Abacus 3\n"), "model name")), "Abacus 3");
  EXPECT_EQ(read(lines_of(with("a\nb\n"))), Json::array({"a", "b"}));
}

TEST_F(Facts, WhatCannotBeReadGivesItsReason) {
  machine_->with("/proc/x", "many\n");
  machine_->with("/proc/empty", "\n");
  EXPECT_EQ(why(number_of("/proc/x")), "odd: /proc/x holds no number");
  EXPECT_EQ(why(line_of("/proc/empty")), "empty: /proc/empty says nothing");
  EXPECT_EQ(why(field_of("/proc/x", "b")), "not here: no b in /proc/x");
  EXPECT_EQ(why(line_of("/proc/y")), "not here: this kernel or hardware has no /proc/y");
}

TEST_F(Facts, GarbageComesOutPrintable) {
  machine_->with("/proc/x", "\xff\x1b[31m\x00red"s);
  EXPECT_EQ(read(line_of("/proc/x")), "\xef\xbf\xbd?[31m?red");
}

TEST_F(Facts, EveryCpuIsOneTextWhereAllAgree) {
  with_cpus("cpufreq/scaling_governor", "performance\n");
  EXPECT_EQ(read(of_every_cpu("cpufreq/scaling_governor")), "performance");
  if (ipc::os::allowed_cpu_ids().size() < 2) GTEST_SKIP() << "one CPU agrees with itself";
  machine_->with(cpu_folder(ipc::os::allowed_cpu_ids().front()) + "cpufreq/scaling_governor",
                 "powersave\n");
  EXPECT_EQ(read(of_every_cpu("cpufreq/scaling_governor")).front(), "powersave");
}

TEST_F(Facts, TheFirstThatTellsIsTaken) {
  machine_->with("/proc/b", "2\n");
  EXPECT_EQ(read(first_of({number_of("/proc/a"), number_of("/proc/b")})), 2);
  EXPECT_EQ(why(first_of({number_of("/proc/a"), number_of("/proc/c")})),
            "not here: this kernel or hardware has no /proc/a");
}

TEST_F(Facts, AnEmulatorIsNamedByTheLinkThatItForgets) {
  const auto link = [&](const std::string& path, const std::string& to) {
    std::filesystem::create_directories(machine_->root().at("/proc/self"));
    std::filesystem::create_directories(machine_->root().at("/proc/thread-self"));
    std::filesystem::create_symlink(to, machine_->root().at(path));
  };
  link("/proc/self/exe", "/home/a/ipcmark");
  EXPECT_NE(why(facts::emulator), "known");
  link("/proc/thread-self/exe", "/usr/bin/qemu-aarch64-static");
  EXPECT_EQ(read(facts::emulator), "qemu-aarch64-static");
}

TEST_F(Facts, ThisProcessIsReadByItsProcessor) {
  EXPECT_EQ(fact_or_reason(facts::emulator, Root()), "none");
}

TEST(FactText, ListsOfCpusAreRead) {
  EXPECT_EQ(cpus_in("0-2,5\n"), (std::vector<int>{0, 1, 2, 5}));
  EXPECT_EQ(cpus_in(""), std::vector<int>{});
  EXPECT_THROW(cpus_in("0-"), std::runtime_error);
  EXPECT_THROW(cpus_in("5-1"), std::runtime_error);
  EXPECT_THROW(cpus_in("0-99999999"), std::runtime_error);
}

/// A note as elf(5) has it, on a machine of this byte order.
std::string note(std::uint32_t type, const std::string& name, const std::string& content) {
  const std::uint32_t header[] = {static_cast<std::uint32_t>(name.size()),
                                  static_cast<std::uint32_t>(content.size()), type};
  std::string text(reinterpret_cast<const char*>(header), sizeof header);
  for (const auto& part : {name, content})
    text += part + std::string((4 - part.size() % 4) % 4, '\0');
  return text;
}

TEST(KernelNotes, HoldTheBuildIdAmongOthers) {
  const auto xen = note(6, "Xen\0"s, "\1\2\3"s);
  const auto id = note(3, "GNU\0"s, "\x48\xdc\x00\x0c"s);
  EXPECT_EQ(facts::build_id_in(id), "48dc000c");
  EXPECT_EQ(facts::build_id_in(xen + id + xen), "48dc000c");
  EXPECT_EQ(facts::build_id_in(xen), std::nullopt);
}

TEST(KernelNotes, CutShortOrGarbageHoldNone) {
  const auto id = note(3, "GNU\0"s, "\x48\xdc\x00\x0c"s);
  for (std::size_t bytes = 0; bytes < id.size(); ++bytes)
    EXPECT_EQ(facts::build_id_in(std::string_view(id).substr(0, bytes)), std::nullopt) << bytes;
  EXPECT_EQ(facts::build_id_in(std::string(1000, '\xff')), std::nullopt);
  EXPECT_EQ(facts::build_id_in(note(3, "GNU\0"s, "")), std::nullopt);
}

TEST(KernelVersion, NamesItsCompiler) {
  EXPECT_EQ(facts::compiler_in("Linux version 6.1.0 (debian-kernel@lists.debian.org) (gcc-12 "
                               "(Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils) 2.40) #1 SMP"),
            "gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils) 2.40");
  EXPECT_EQ(facts::compiler_in("Linux version 4.4.0 #1 SMP"), "");
  EXPECT_EQ(facts::compiler_in("Linux (a) (never closed"), "");
}

TEST_F(Facts, KernelConfigKeepsWhatMatters) {
  const auto config = "/boot/config-" + facts::kernel_release().get<std::string>();
  machine_->with(config,
                 "CONFIG_HZ=250\n# CONFIG_HZ_1000 is not set\nCONFIG_USB=y\n"
                 "CONFIG_FUNCTION_ALIGNMENT=16\nCONFIG_KASAN=y\n");
  EXPECT_EQ(read(facts::kernel_config),
            Json::array({"CONFIG_HZ=250", "CONFIG_FUNCTION_ALIGNMENT=16", "CONFIG_KASAN=y"}));
  EXPECT_EQ(read(facts::function_alignment), 16);
}

TEST_F(Facts, PackedKernelConfigThatIsGarbageGivesItsReason) {
  machine_->with("/proc/config.gz", "no gzip file");
  EXPECT_EQ(why(facts::kernel_config).substr(0, 37), "unreadable: gzip -dc /proc/config.gz:");
}

TEST_F(Facts, BootParametersAreFoundByName) {
  machine_->with("/proc/cmdline", "quiet xrcu_nocbs=7 rcu_nocbs=2-3 isolcpus=1\n");
  const auto parameter = [](const char* name) {
    return [name](const Root& root) { return facts::boot_parameter(root, name); };
  };
  EXPECT_EQ(read(parameter("rcu_nocbs")), "2-3");
  EXPECT_EQ(read(parameter("nohz_full")), "none");
}

TEST_F(Facts, IdleStatesTellWhatTheyCost) {
  for (const char* file : {"state0/name", "state1/name"})
    with_cpus("cpuidle/"s + file, file[5] == '0' ? "POLL\n" : "C6\n");
  with_cpus("cpuidle/state0/latency", "0\n");
  with_cpus("cpuidle/state1/latency", "133\n");
  with_cpus("cpuidle/state1/residency", "400\n");
  with_cpus("cpuidle/state1/disable", "0\n");
  EXPECT_EQ(read(facts::idle_states),
            Json::array({"POLL latency 0 us residency ? us; C6 latency 133 us residency 400 us"}));
  EXPECT_EQ(read(facts::deepest_idle_us), 133);
  with_cpus("cpuidle/state1/disable", "1\n");
  EXPECT_EQ(read(facts::deepest_idle_us), 0);
}

TEST_F(Facts, ABatteryCountsWithoutMains) {
  machine_->with("/sys/class/power_supply/BAT0/type", "Battery\n");
  EXPECT_EQ(read(facts::on_battery), true);
  machine_->with("/sys/class/power_supply/AC/type", "Mains\n");
  machine_->with("/sys/class/power_supply/AC/online", "1\n");
  EXPECT_EQ(read(facts::on_battery), false);
}

TEST_F(Facts, AMousesBatteryDoesNotCount) {
  machine_->with("/sys/class/power_supply/mouse/type", "Battery\n");
  machine_->with("/sys/class/power_supply/mouse/scope", "Device\n");
  EXPECT_EQ(read(facts::on_battery), false);
}

TEST_F(Facts, TemperaturesAreInDegrees) {
  machine_->with("/sys/class/thermal/thermal_zone0/type", "x86_pkg_temp\n");
  machine_->with("/sys/class/thermal/thermal_zone0/temp", "45500\n");
  machine_->with("/sys/class/hwmon/hwmon0/name", "k10temp\n");
  machine_->with("/sys/class/hwmon/hwmon0/temp1_input", "-1000\n");
  EXPECT_EQ(read(facts::temperatures), Json::array({"x86_pkg_temp 45.5 C", "k10temp -1.0 C"}));
}

TEST_F(Facts, ThrottlingIsSummedOverTheCpus) {
  with_cpus("thermal_throttle/core_throttle_count", "3\n");
  const auto count = [](const Root& root) { return facts::throttle_count(root, "core"); };
  EXPECT_EQ(read(count), 3 * ipc::os::allowed_cpu_ids().size());
}

TEST_F(Facts, ThreadsOfOneCoreAreFound) {
  const auto usable = ipc::os::allowed_cpu_ids();
  for (const int cpu : usable)
    machine_->with(cpu_folder(cpu) + "topology/thread_siblings_list", std::to_string(cpu) + "\n");
  EXPECT_EQ(read(facts::paired_cpus), Json::array());
  if (usable.size() < 2) GTEST_SKIP() << "one CPU shares its core with none";
  const auto pair = fmt::format("{},{}", usable[0], usable[1]);
  for (int i = 0; i < 2; ++i)
    machine_->with(
        cpu_folder(usable[static_cast<std::size_t>(i)]) + "topology/thread_siblings_list",
        pair + "\n");
  EXPECT_EQ(read(facts::paired_cpus), Json::array({pair}));
}

TEST_F(Facts, QuotaOfVersion2IsTheTightestOnTheWayUp) {
  machine_->with("/proc/self/cgroup", "0::/job/part\n");
  machine_->with("/sys/fs/cgroup/job/part/cpu.max", "max 100000\n");
  EXPECT_EQ(read(facts::cpu_quota_cpus), "none");
  machine_->with("/sys/fs/cgroup/job/cpu.max", "50000 100000\n");
  machine_->with("/sys/fs/cgroup/cpu.max", "200000 100000\n");
  EXPECT_EQ(read(facts::cpu_quota_cpus), 0.5);
  EXPECT_EQ(read(facts::cpu_controls).size(), 3u);
}

TEST_F(Facts, QuotaOfVersion1IsRead) {
  machine_->with("/proc/self/cgroup", "4:cpu,cpuacct:/docker/1\n3:cpuset:/docker/1\n");
  machine_->with("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "150000\n");
  machine_->with("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  machine_->with("/sys/fs/cgroup/cpu,cpuacct/cpu.stat", "nr_periods 9\nnr_throttled 7\n");
  machine_->with("/sys/fs/cgroup/cpuset/cpuset.effective_cpus", "0-3\n");
  EXPECT_EQ(read(facts::cpu_quota_cpus), 1.5);
  EXPECT_EQ(read(facts::throttled_periods), 7);
  EXPECT_EQ(read(facts::cgroup_cpuset), "0-3");
}

TEST_F(Facts, QuotaIsUnknownWhereTheGroupsAreHidden) {
  machine_->with("/proc/self/cgroup", "0::/\n");
  machine_->with("/sys/kernel/x", "");
  EXPECT_EQ(why(facts::cpu_quota_cpus),
            "not here: this kernel or hardware has no /sys/fs/cgroup/cpu");
  machine_->with("/proc/self/cgroup", ":::\n::\n0\n\n");
  EXPECT_NE(why(facts::cpu_quota_cpus), "known");
}

TEST_F(Facts, InterruptsAreCountedByKind) {
  machine_->with("/proc/stat", "intr 100 1 2 3\nctxt 55\nbtime 1000\n");
  machine_->with("/proc/interrupts",
                 "            CPU0       CPU1\n 24:  1  2  IO-APIC 5-edge ACPI:Ged\n"
                 " 25:  4  0  PCI-MSI 0\nLOC:  10  20  Local timer interrupts\nERR:  3\n");
  EXPECT_EQ(read(facts::interrupts),
            Json::parse(R"({"total": 100, "ERR": 3, "LOC": 30, "devices": 7})"));
  EXPECT_EQ(read(facts::context_switches), 55);
  EXPECT_EQ(read(facts::booted_at_s), 1000);
}

TEST_F(Facts, CpuTimeIsThatOfTheUsableCpus) {
  std::string stat = "cpu 900 900 900 900 900 900 900 900 900 0\n";
  for (const int cpu : ipc::os::allowed_cpu_ids())
    stat += fmt::format("cpu{} 100 200 300 400 500 0 0 600 700 0\n", cpu);
  machine_->with("/proc/stat", stat);
  const auto cpus = static_cast<double>(ipc::os::allowed_cpu_ids().size());
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto time = [&](facts::CpuTime kind) {
    return read([kind](const Root& root) { return facts::cpu_time_s(root, kind); });
  };
  EXPECT_EQ(time(facts::CpuTime::all), 2100 * cpus / ticks);
  EXPECT_EQ(time(facts::CpuTime::busy), 600 * cpus / ticks);
  EXPECT_EQ(time(facts::CpuTime::steal), 600 * cpus / ticks);
  EXPECT_EQ(read(facts::steal_percent), 12.5);
}

TEST_F(Facts, PressureIsTheTenSecondAverage) {
  machine_->with("/proc/pressure/cpu", "some avg10=2.50 avg60=1.00 avg300=0.00 total=5\n");
  EXPECT_EQ(read([](const Root& root) { return facts::pressure(root, "cpu"); }), 2.5);
}

TEST(ClockResolution, IsTheStepOfAClockThatStandsStill) {
  EXPECT_EQ(facts::resolution_in({0, 0, 42, 0, 41, 0, 83}), 41);
  EXPECT_EQ(facts::resolution_in({0, 0, 4'000'000}), 4'000'000);
}

TEST(ClockResolution, IsTheGapBetweenStepsOfOneThatMovesAtEveryRead) {
  EXPECT_EQ(facts::resolution_in({20, 30, 20, 40, 30, 110}), 10);
  // HPET: 69.84 ns, rounded now up and now down.
  EXPECT_EQ(facts::resolution_in({558, 559, 628, 629, 698, 699}), 70);
}

TEST(ClockResolution, IsOneNanosecondWhereStepsOfEveryLengthAreSeen) {
  EXPECT_EQ(facts::resolution_in({20, 21, 22, 25, 31}), 1);
}

TEST_F(Facts, HashesAreThoseOfSha256) {
  const std::string file = machine_->with("/bin/pro\\gram", "abc");
  const auto found = facts::hashes({file, "/nowhere/latency"});
  // FIPS 180-2, appendix B.1
  EXPECT_EQ(found.at("pro\\gram"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(found.at("latency"), unknown("not here: no program /nowhere/latency"));
}

}  // namespace
}  // namespace bench
