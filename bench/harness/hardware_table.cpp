// The facts of the hardware: what it is, how its CPUs are related, clocked and cooled.
#include "bench/harness/fact_table.hpp"
#include "bench/harness/machine_facts.hpp"

namespace bench {

namespace {

constexpr auto setting = FactKind::setting;
constexpr auto trait = FactKind::trait;
constexpr auto mark = FactKind::mark;
constexpr auto counter = FactKind::counter;
constexpr auto reading = FactKind::reading;

Reader throttles(const char* what) {
  return [what](const Root& root) { return facts::throttle_count(root, what); };
}

Reader parameter(const char* name) {
  return [name](const Root& root) { return facts::boot_parameter(root, name); };
}

}  // namespace

const std::vector<Fact>& hardware_facts() {
  static const std::string dmi = "/sys/class/dmi/id/";
  static const std::string cpu = "/sys/devices/system/cpu/";
  static const std::vector<Fact> table{
      // What a machine is told by, at every boot: nothing that moves may get in here.
      {"identity", "architecture", setting, asked(facts::architecture)},
      {"identity", "cpu_model", setting, facts::cpu_model},
      {"identity", "cpus", setting, facts::cpus_present},
      {"identity", "vendor", setting, line_of(dmi + "sys_vendor")},
      {"identity", "product", setting, line_of(dmi + "product_name")},
      {"identity", "board", setting, line_of(dmi + "board_name")},
      {"identity", "hypervisor", setting, facts::hypervisor},

      {"machine", "host_name", mark, asked(facts::host_name)},
      {"machine", "cpu_model", mark, facts::cpu_model},
      {"machine", "cpus", setting, asked(facts::cpus)},
      {"machine", "microcode", setting, field_of("/proc/cpuinfo", "microcode")},
      {"machine", "stepping", setting, field_of("/proc/cpuinfo", "stepping")},
      {"machine", "memory_bytes", trait, field_of("/proc/meminfo", "MemTotal")},
      {"machine", "hypervisor", mark, facts::hypervisor},
      {"machine", "emulator", setting, facts::emulator},
      {"machine", "systemd_detect_virt", trait, asked(facts::detected_virtualization)},
      {"machine", "vendor", mark, line_of(dmi + "sys_vendor")},
      {"machine", "product", mark, line_of(dmi + "product_name")},
      {"machine", "product_version", trait, line_of(dmi + "product_version")},
      {"machine", "board", mark, line_of(dmi + "board_name")},
      {"machine", "bios_version", setting, line_of(dmi + "bios_version")},
      {"machine", "bios_date", trait, line_of(dmi + "bios_date")},

      {"topology", "layout", setting, facts::layout},
      {"topology", "present", trait, line_of(cpu + "present")},
      {"topology", "online", setting, line_of(cpu + "online")},
      {"topology", "smt_active", setting, number_of(cpu + "smt/active")},
      {"topology", "smt_control", setting, line_of(cpu + "smt/control")},
      {"topology", "share_a_core", setting, facts::paired_cpus},
      {"topology", "isolated", setting,
       first_of({line_of(cpu + "isolated"), parameter("isolcpus")})},
      {"topology", "nohz_full", setting,
       first_of({line_of(cpu + "nohz_full"), parameter("nohz_full")})},
      {"topology", "rcu_nocbs", setting, parameter("rcu_nocbs")},
      {"topology", "l3_shared_by", setting, of_every_cpu("cache/index3/shared_cpu_list")},
      {"topology", "l3_size", setting, of_every_cpu("cache/index3/size")},
      {"topology", "numa_nodes", setting, line_of("/sys/devices/system/node/online")},
      {"topology", "numa_cpus", setting, facts::numa_cpus},

      {"cpu_power", "driver", setting, of_every_cpu("cpufreq/scaling_driver")},
      {"cpu_power", "governor", setting, of_every_cpu("cpufreq/scaling_governor")},
      {"cpu_power", "min_khz", setting, of_every_cpu("cpufreq/scaling_min_freq")},
      {"cpu_power", "max_khz", setting, of_every_cpu("cpufreq/scaling_max_freq")},
      {"cpu_power", "hardware_min_khz", trait, of_every_cpu("cpufreq/cpuinfo_min_freq")},
      {"cpu_power", "hardware_max_khz", trait, of_every_cpu("cpufreq/cpuinfo_max_freq")},
      {"cpu_power", "base_khz", trait, of_every_cpu("cpufreq/base_frequency")},
      {"cpu_power", "current_khz", reading, of_every_cpu("cpufreq/scaling_cur_freq")},
      {"cpu_power", "preference", setting, of_every_cpu("cpufreq/energy_performance_preference")},
      {"cpu_power", "energy_bias", setting, of_every_cpu("power/energy_perf_bias")},
      {"cpu_power", "boost", setting,
       first_of({number_of(cpu + "cpufreq/boost"), of_every_cpu("cpufreq/boost"),
                 of_every_cpu("cpufreq/cpb")})},
      {"cpu_power", "no_turbo", setting, number_of(cpu + "intel_pstate/no_turbo")},
      {"cpu_power", "pstate_status", setting,
       first_of({line_of(cpu + "amd_pstate/status"), line_of(cpu + "intel_pstate/status")})},
      {"cpu_power", "platform_profile", setting, line_of("/sys/firmware/acpi/platform_profile")},
      {"cpu_power", "idle_driver", setting, line_of(cpu + "cpuidle/current_driver")},
      {"cpu_power", "idle_governor", setting,
       first_of({line_of(cpu + "cpuidle/current_governor"),
                 line_of(cpu + "cpuidle/current_governor_ro")})},
      {"cpu_power", "idle_states", setting, facts::idle_states},
      {"cpu_power", "deepest_idle_us", setting, facts::deepest_idle_us},
      {"cpu_power", "dma_latency_us", setting, asked(facts::dma_latency_us)},
      {"cpu_power", "on_battery", setting, facts::on_battery},
      {"cpu_power", "temperatures", reading, facts::temperatures},
      {"cpu_power", "throttle_count", counter, throttles("core")},
      {"cpu_power", "package_throttle_count", counter, throttles("package")},
  };
  return table;
}

}  // namespace bench
