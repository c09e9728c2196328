// The facts of this process, of what else the machine does, and of the build.
#include <boost/version.hpp>
#include <fmt/core.h>
#include <gnu/libc-version.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/harness/build_info.hpp"
#include "bench/harness/fact_table.hpp"
#include "bench/harness/machine_facts.hpp"

namespace bench {

namespace {

constexpr auto setting = FactKind::setting;
constexpr auto trait = FactKind::trait;
constexpr auto mark = FactKind::mark;
constexpr auto counter = FactKind::counter;
constexpr auto reading = FactKind::reading;

Reader status(const char* key) {
  return field_of("/proc/self/status", key);
}

Reader limit(int resource) {
  return [resource](const Root&) { return facts::limits_of(resource); };
}

Reader pressure(const char* resource) {
  return [resource](const Root& root) { return facts::pressure(root, resource); };
}

Reader cpu_time(facts::CpuTime kind) {
  return [kind](const Root& root) { return facts::cpu_time_s(root, kind); };
}

std::string fmt_version() {
  return fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
}

}  // namespace

const std::vector<Fact>& process_facts() {
  static const std::vector<Fact> table{
      {"container", "kind", trait, facts::container},
      {"container", "cgroup", mark, lines_of("/proc/self/cgroup")},
      {"container", "cpu_quota_cpus", setting, facts::cpu_quota_cpus},
      {"container", "cpu_controls", setting, facts::cpu_controls},
      {"container", "cpuset", setting, facts::cgroup_cpuset},
      {"container", "throttled_periods", counter, facts::throttled_periods},
      {"container", "seccomp", setting, status("Seccomp")},
      {"container", "seccomp_filters", setting, status("Seccomp_filters")},
      {"container", "no_new_privileges", trait, status("NoNewPrivs")},
      {"container", "capabilities", trait, status("CapEff")},
      {"container", "lsm", setting, line_of("/sys/kernel/security/lsm")},
      {"container", "lsm_label", setting, line_of("/proc/self/attr/current")},

      {"process", "user_id", trait, asked(facts::user_id)},
      {"process", "affinity", setting, asked(facts::affinity)},
      {"process", "memory_nodes", setting, status("Mems_allowed_list")},
      {"process", "nice", setting, asked(facts::nice)},
      {"process", "policy", setting, asked(facts::policy)},
      {"process", "autogroup", mark, line_of("/proc/self/autogroup")},
      {"process", "timer_slack_ns", setting, asked(facts::timer_slack_ns)},
      {"process", "personality", setting, asked(facts::personality)},
      {"process", "store_bypass", setting, status("Speculation_Store_Bypass")},
      {"process", "indirect_branch", setting, status("SpeculationIndirectBranch")},
      {"process", "huge_pages_allowed", setting, status("THP_enabled")},
      {"process", "argument_bytes", reading, asked(facts::argument_bytes)},
      {"process", "environment_bytes", trait, asked(facts::environment_bytes)},

      {"ulimits", "address_space_bytes", trait, limit(RLIMIT_AS)},
      {"ulimits", "core_bytes", trait, limit(RLIMIT_CORE)},
      {"ulimits", "cpu_s", trait, limit(RLIMIT_CPU)},
      {"ulimits", "data_bytes", trait, limit(RLIMIT_DATA)},
      {"ulimits", "file_bytes", trait, limit(RLIMIT_FSIZE)},
      {"ulimits", "file_locks", trait, limit(RLIMIT_LOCKS)},
      {"ulimits", "locked_bytes", trait, limit(RLIMIT_MEMLOCK)},
      {"ulimits", "mqueue_bytes", trait, limit(RLIMIT_MSGQUEUE)},
      {"ulimits", "nice", trait, limit(RLIMIT_NICE)},
      {"ulimits", "open_files", trait, limit(RLIMIT_NOFILE)},
      {"ulimits", "processes", trait, limit(RLIMIT_NPROC)},
      {"ulimits", "resident_bytes", trait, limit(RLIMIT_RSS)},
      {"ulimits", "rt_priority", trait, limit(RLIMIT_RTPRIO)},
      {"ulimits", "rt_time_us", trait, limit(RLIMIT_RTTIME)},
      {"ulimits", "pending_signals", trait, limit(RLIMIT_SIGPENDING)},
      {"ulimits", "stack_bytes", setting, limit(RLIMIT_STACK)},
  };
  return table;
}

const std::vector<Fact>& load_facts() {
  static const std::vector<Fact> table{
      {"load", "average", reading, facts::load_average},
      {"load", "cpu_pressure_percent", reading, pressure("cpu")},
      {"load", "memory_pressure_percent", reading, pressure("memory")},
      {"load", "io_pressure_percent", reading, pressure("io")},
      {"load", "steal_percent", reading, facts::steal_percent},
      {"load", "cpu_s", counter, cpu_time(facts::CpuTime::all)},
      {"load", "busy_s", counter, cpu_time(facts::CpuTime::busy)},
      {"load", "steal_s", counter, cpu_time(facts::CpuTime::steal)},
      {"load", "own_s", reading, asked(facts::own_cpu_s)},
      {"load", "own_pid", reading, [](const Root&) -> Json { return ::getpid(); }},
      {"load", "context_switches", counter, facts::context_switches},
  };
  return table;
}

const std::vector<Fact>& build_facts() {
  static const BuildInfo& info = build_info();
  static const std::vector<Fact> table{
      {"build", "version", setting, constant(info.version)},
      {"build", "git_sha", setting, constant(info.git_sha)},
      {"build", "git_dirty", setting, constant(info.git_dirty)},
      {"build", "type", setting, constant(info.build_type)},
      {"build", "debug", setting, constant(is_debug_build())},
      {"build", "compiler", setting, constant(info.compiler)},
      {"build", "flags", setting, constant(info.compiler_flags)},
      {"build", "lto", setting, constant(info.lto)},
      {"build", "linked", setting, asked(facts::linked_libraries)},
      {"build", "glibc", setting, constant(gnu_get_libc_version())},
      {"build", "libstdcxx", setting,
       constant(fmt::format("{} of {}", _GLIBCXX_RELEASE, __GLIBCXX__))},
      {"build", "boost", setting, constant(BOOST_LIB_VERSION)},
      {"build", "fmt", setting, constant(fmt_version())},
      {"build", "google_benchmark", setting, constant(info.benchmark_version)},
  };
  return table;
}

namespace {

Reader folder(std::string path, const char* prefix) {
  return [path = std::move(path), prefix](const Root& root) {
    Json all = Json::object();
    for (const auto& name : root.some_names(path))
      all[prefix + name] = fact_or_reason(line_of(path + name), root);
    return all;
  };
}

}  // namespace

const std::vector<FactGroup>& fact_groups() {
  static const std::vector<FactGroup> groups{
      {"vulnerabilities", setting, folder("/sys/devices/system/cpu/vulnerabilities/", "")},
      {"haltpoll", setting, folder("/sys/module/haltpoll/parameters/", "")},
      {"interrupts", counter, facts::interrupts},
  };
  return groups;
}

}  // namespace bench
