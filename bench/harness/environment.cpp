#include "bench/harness/environment.hpp"

#include <boost/version.hpp>
#include <fmt/core.h>
#include <gnu/libc-version.h>
#include <sys/resource.h>

#include <string>

#include "bench/harness/build_info.hpp"
#include "bench/harness/fact.hpp"
#include "bench/harness/machine_facts.hpp"

namespace bench {

namespace {

struct Fact {
  const char* group;
  const char* key;
  Reader read;
};

/// A folder whose every small file is a fact of the group.
struct FactFolder {
  const char* group;
  const char* path;
  const char* prefix;
};

Reader constant(Json value) {
  return [value = std::move(value)] { return value; };
}

const std::vector<Fact>& machine_table() {
  static const std::string dmi = "/sys/class/dmi/id/";
  static const std::string cpu = "/sys/devices/system/cpu/";
  static const std::vector<Fact> table{
      {"machine", "host_name", facts::host_name},
      {"machine", "cpu_model", facts::cpu_model},
      {"machine", "cpus", facts::cpus},
      {"machine", "memory_bytes", field_of("/proc/meminfo", "MemTotal")},
      {"machine", "hypervisor", facts::hypervisor},
      {"machine", "microcode", field_of("/proc/cpuinfo", "microcode")},
      {"machine", "vendor", line_of(dmi + "sys_vendor")},
      {"machine", "product", line_of(dmi + "product_name")},
      {"machine", "board", line_of(dmi + "board_name")},
      {"machine", "bios_version", line_of(dmi + "bios_version")},
      {"topology", "layout", facts::layout},
      {"topology", "online", line_of(cpu + "online")},
      {"topology", "smt_active", number_of(cpu + "smt/active")},
      {"topology", "smt_control", line_of(cpu + "smt/control")},
      {"topology", "isolated", line_of(cpu + "isolated")},
      {"topology", "nohz_full", line_of(cpu + "nohz_full")},
      {"topology", "l3_shared_by", of_every_cpu("cache/index3/shared_cpu_list")},
      {"topology", "numa_nodes", line_of("/sys/devices/system/node/online")},
      {"kernel", "uname", facts::kernel_name},
      {"kernel", "release", facts::kernel_release},
      {"kernel", "version", line_of("/proc/version")},
      {"kernel", "cmdline", line_of("/proc/cmdline")},
      {"kernel", "tainted", number_of("/proc/sys/kernel/tainted")},
      {"kernel", "livepatches", facts::livepatches},
      {"kernel", "config", facts::kernel_config},
      {"kernel", "boot_id", line_of("/proc/sys/kernel/random/boot_id")},
      {"kernel", "uptime_s", number_of("/proc/uptime")},
      {"kernel", "nmi_watchdog", number_of("/proc/sys/kernel/nmi_watchdog")},
      {"kernel", "perf_event_paranoid", number_of("/proc/sys/kernel/perf_event_paranoid")},
      {"scheduler", "autogroup", number_of("/proc/sys/kernel/sched_autogroup_enabled")},
      {"scheduler", "rt_runtime_us", number_of("/proc/sys/kernel/sched_rt_runtime_us")},
      {"scheduler", "timer_migration", number_of("/proc/sys/kernel/timer_migration")},
      {"scheduler", "numa_balancing", number_of("/proc/sys/kernel/numa_balancing")},
      {"scheduler", "preempt", choice_of("/sys/kernel/debug/sched/preempt")},
      {"scheduler", "features", line_of("/sys/kernel/debug/sched/features")},
      {"scheduler", "base_slice_ns", number_of("/sys/kernel/debug/sched/base_slice_ns")},
      {"cpu_power", "governor", of_every_cpu("cpufreq/scaling_governor")},
      {"cpu_power", "driver", of_every_cpu("cpufreq/scaling_driver")},
      {"cpu_power", "min_khz", of_every_cpu("cpufreq/scaling_min_freq")},
      {"cpu_power", "max_khz", of_every_cpu("cpufreq/scaling_max_freq")},
      {"cpu_power", "preference", of_every_cpu("cpufreq/energy_performance_preference")},
      {"cpu_power", "boost", number_of(cpu + "cpufreq/boost")},
      {"cpu_power", "no_turbo", number_of(cpu + "intel_pstate/no_turbo")},
      {"cpu_power", "idle_driver", line_of(cpu + "cpuidle/current_driver")},
      {"cpu_power", "idle_governor", line_of(cpu + "cpuidle/current_governor")},
      {"cpu_power", "idle_states", facts::idle_states},
      {"cpu_power", "on_battery", facts::on_battery},
      {"cpu_power", "throttle_count", facts::throttle_count},
  };
  return table;
}

const std::vector<Fact>& system_table() {
  static const std::string kernel = "/proc/sys/kernel/";
  static const std::string clock = "/sys/devices/system/clocksource/clocksource0/";
  static const std::string huge = "/sys/kernel/mm/transparent_hugepage/";
  static const std::vector<Fact> table{
      {"clock", "utc", facts::utc_now},
      {"clock", "source", line_of(clock + "current_clocksource")},
      {"clock", "sources", line_of(clock + "available_clocksource")},
      {"clock", "read_ns", facts::clock_read_ns},
      {"memory", "free_bytes", field_of("/proc/meminfo", "MemFree")},
      {"memory", "available_bytes", field_of("/proc/meminfo", "MemAvailable")},
      {"memory", "swap_free_bytes", field_of("/proc/meminfo", "SwapFree")},
      {"memory", "huge_pages", field_of("/proc/meminfo", "HugePages_Total")},
      {"memory", "thp", choice_of(huge + "enabled")},
      {"memory", "thp_shmem", choice_of(huge + "shmem_enabled")},
      {"memory", "aslr", number_of(kernel + "randomize_va_space")},
      {"memory", "personality", facts::personality},
      {"memory", "overcommit", number_of("/proc/sys/vm/overcommit_memory")},
      {"limits", "pipe_max_bytes", number_of("/proc/sys/fs/pipe-max-size")},
      {"limits", "pipe_user_pages_soft", number_of("/proc/sys/fs/pipe-user-pages-soft")},
      {"limits", "mqueue", facts::mqueue},
      {"limits", "mqueue_queues_max", number_of("/proc/sys/fs/mqueue/queues_max")},
      {"limits", "mqueue_msg_max", number_of("/proc/sys/fs/mqueue/msg_max")},
      {"limits", "mqueue_msgsize_max", number_of("/proc/sys/fs/mqueue/msgsize_max")},
      {"limits", "msgmax", number_of(kernel + "msgmax")},
      {"limits", "msgmnb", number_of(kernel + "msgmnb")},
      {"limits", "msgmni", number_of(kernel + "msgmni")},
      {"limits", "sem", numbers_of(kernel + "sem")},
      {"limits", "shmmax", line_of(kernel + "shmmax")},
      {"limits", "shmall", line_of(kernel + "shmall")},
      {"limits", "shmmni", number_of(kernel + "shmmni")},
      {"limits", "shm_free_bytes", facts::shared_memory_free_bytes},
      {"limits", "wmem_max", number_of("/proc/sys/net/core/wmem_max")},
      {"limits", "rmem_max", number_of("/proc/sys/net/core/rmem_max")},
      {"limits", "pid_max", number_of(kernel + "pid_max")},
      {"limits", "open_files", [] { return facts::soft_limit(RLIMIT_NOFILE); }},
      {"limits", "processes", [] { return facts::soft_limit(RLIMIT_NPROC); }},
      {"limits", "locked_bytes", [] { return facts::soft_limit(RLIMIT_MEMLOCK); }},
      {"limits", "mqueue_bytes", [] { return facts::soft_limit(RLIMIT_MSGQUEUE); }},
      {"limits", "pending_signals", [] { return facts::soft_limit(RLIMIT_SIGPENDING); }},
      {"limits", "stack_bytes", [] { return facts::soft_limit(RLIMIT_STACK); }},
      {"limits", "file_bytes", [] { return facts::soft_limit(RLIMIT_FSIZE); }},
      {"container", "kind", facts::container},
      {"container", "cgroup", lines_of("/proc/self/cgroup")},
      {"container", "cpu_quota_cpus", facts::cpu_quota_cpus},
      {"container", "affinity", facts::affinity},
      {"container", "seccomp", field_of("/proc/self/status", "Seccomp")},
      {"container", "lsm", line_of("/sys/kernel/security/lsm")},
      {"container", "lsm_label", line_of("/proc/self/attr/current")},
      {"container", "nice", facts::nice},
      {"container", "policy", facts::policy},
      {"container", "argument_bytes", facts::argument_bytes},
      {"load", "average", facts::load_average},
      {"load", "cpu_pressure_percent", [] { return facts::pressure("cpu"); }},
      {"load", "memory_pressure_percent", [] { return facts::pressure("memory"); }},
      {"load", "io_pressure_percent", [] { return facts::pressure("io"); }},
      {"load", "steal_percent", facts::steal_percent},
      {"load", "steal_ticks", facts::steal_ticks},
      {"load", "interrupts", facts::interrupts},
      {"load", "context_switches", facts::context_switches},
  };
  return table;
}

std::string fmt_version() {
  return fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
}

const std::vector<Fact>& build_table() {
  static const BuildInfo& info = build_info();
  static const std::vector<Fact> table{
      {"build", "version", constant(info.version)},
      {"build", "git_sha", constant(info.git_sha)},
      {"build", "git_dirty", constant(info.git_dirty)},
      {"build", "type", constant(info.build_type)},
      {"build", "debug", constant(is_debug_build())},
      {"build", "compiler", constant(info.compiler)},
      {"build", "flags", constant(info.compiler_flags)},
      {"build", "glibc", constant(gnu_get_libc_version())},
      {"build", "libstdcxx", constant(__GLIBCXX__)},
      {"build", "boost", constant(BOOST_LIB_VERSION)},
      {"build", "fmt", constant(fmt_version())},
      {"build", "google_benchmark", constant(info.benchmark_version)},
  };
  return table;
}

constexpr FactFolder kFolders[] = {
    {"vulnerabilities", "/sys/devices/system/cpu/vulnerabilities/", ""},
    {"cpu_power", "/sys/module/haltpoll/parameters/", "haltpoll_"},
};

}  // namespace

Json read_environment() {
  Json groups = Json::object();
  for (const auto* table : {&machine_table(), &system_table(), &build_table()})
    for (const auto& fact : *table) groups[fact.group][fact.key] = fact_or_reason(fact.read);
  for (const auto& folder : kFolders)
    for (const auto& name : names_in(folder.path))
      groups[folder.group][folder.prefix + name] = fact_or_reason(line_of(folder.path + name));
  return groups;
}

const Json& known_fact(const Json& groups, const char* group, const char* key) {
  static const Json none;
  const auto in_group = groups.find(group);
  if (in_group == groups.end() || !in_group->contains(key)) return none;
  const Json& value = (*in_group)[key];
  return value.is_object() ? none : value;
}

}  // namespace bench
