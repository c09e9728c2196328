// The facts of the kernel: what it is, how it was booted, and how it is set.
#include "bench/harness/fact_table.hpp"
#include "bench/harness/machine_facts.hpp"

namespace bench {

namespace {

constexpr auto setting = FactKind::setting;
constexpr auto trait = FactKind::trait;
constexpr auto mark = FactKind::mark;
constexpr auto counter = FactKind::counter;
constexpr auto reading = FactKind::reading;

Reader counted(const char* name) {
  return [name](const Root& root) { return facts::vm_counter(root, name); };
}

const std::string kKernel = "/proc/sys/kernel/";
const std::string kVm = "/proc/sys/vm/";
const std::string kNet = "/proc/sys/net/";
const std::string kDebug = "/sys/kernel/debug/sched/";

/// A tunable of the scheduler: in debugfs, where older kernels had a sysctl.
Reader tunable(const std::string& name) {
  return first_of({number_of(kDebug + name), number_of(kKernel + "sched_" + name)});
}

}  // namespace

const std::vector<Fact>& kernel_facts() {
  static const std::string clock = "/sys/devices/system/clocksource/clocksource0/";
  static const std::string huge = "/sys/kernel/mm/transparent_hugepage/";
  static const std::vector<Fact> table{
      {"kernel", "uname", mark, asked(facts::kernel_name)},
      {"kernel", "release", setting, asked(facts::kernel_release)},
      {"kernel", "version", setting, line_of("/proc/version")},
      {"kernel", "compiler", setting, facts::kernel_compiler},
      {"kernel", "build_id", setting, facts::kernel_build_id},
      {"kernel", "function_alignment", setting, facts::function_alignment},
      {"kernel", "config", setting, facts::kernel_config},

      {"boot", "boot_id", mark, line_of(kKernel + "random/boot_id")},
      {"boot", "booted_at_s", reading, facts::booted_at_s},
      {"boot", "uptime_s", reading, number_of("/proc/uptime")},
      {"boot", "cmdline", setting, line_of("/proc/cmdline")},
      {"boot", "tainted", setting, number_of(kKernel + "tainted")},
      {"boot", "livepatches", setting, facts::livepatches},

      {"perf", "hardware_counters", trait, asked(facts::hardware_counters)},
      {"perf", "event_paranoid", trait, number_of(kKernel + "perf_event_paranoid")},
      {"perf", "nmi_watchdog", setting, number_of(kKernel + "nmi_watchdog")},

      {"scheduler", "preempt", setting, choice_of(kDebug + "preempt")},
      {"scheduler", "features", setting, line_of(kDebug + "features")},
      {"scheduler", "base_slice_ns", setting, tunable("base_slice_ns")},
      {"scheduler", "latency_ns", setting, tunable("latency_ns")},
      {"scheduler", "min_granularity_ns", setting, tunable("min_granularity_ns")},
      {"scheduler", "wakeup_granularity_ns", setting, tunable("wakeup_granularity_ns")},
      {"scheduler", "migration_cost_ns", setting, tunable("migration_cost_ns")},
      {"scheduler", "extension", setting, line_of("/sys/kernel/sched_ext/state")},
      {"scheduler", "autogroup", setting, number_of(kKernel + "sched_autogroup_enabled")},
      {"scheduler", "rt_runtime_us", setting, number_of(kKernel + "sched_rt_runtime_us")},
      {"scheduler", "timer_migration", setting, number_of(kKernel + "timer_migration")},
      {"scheduler", "numa_balancing", setting, number_of(kKernel + "numa_balancing")},
      {"scheduler", "schedstats", setting, number_of(kKernel + "sched_schedstats")},

      {"clock", "utc", reading, asked(facts::utc_now)},
      {"clock", "realtime_s", reading, asked(facts::realtime_s)},
      {"clock", "monotonic_s", reading, asked(facts::monotonic_s)},
      {"clock", "boottime_s", reading, asked(facts::boottime_s)},
      {"clock", "source", setting, line_of(clock + "current_clocksource")},
      {"clock", "sources", trait, line_of(clock + "available_clocksource")},
      {"clock", "read_ns", reading, asked(facts::clock_read_ns)},
      {"clock", "resolution_ns", reading, asked(facts::clock_resolution_ns)},

      {"memory", "free_bytes", reading, field_of("/proc/meminfo", "MemFree")},
      {"memory", "available_bytes", reading, field_of("/proc/meminfo", "MemAvailable")},
      {"memory", "swap_bytes", trait, field_of("/proc/meminfo", "SwapTotal")},
      {"memory", "swap_free_bytes", reading, field_of("/proc/meminfo", "SwapFree")},
      {"memory", "huge_pages", setting, field_of("/proc/meminfo", "HugePages_Total")},
      {"memory", "thp", setting, choice_of(huge + "enabled")},
      {"memory", "thp_shmem", setting, choice_of(huge + "shmem_enabled")},
      {"memory", "thp_defrag", setting, choice_of(huge + "defrag")},
      {"memory", "ksm", setting, number_of("/sys/kernel/mm/ksm/run")},
      {"memory", "aslr", setting, number_of(kKernel + "randomize_va_space")},
      {"memory", "overcommit", trait, number_of(kVm + "overcommit_memory")},
      {"memory", "max_map_count", trait, number_of(kVm + "max_map_count")},
      {"memory", "major_faults", counter, counted("pgmajfault")},
      {"memory", "pages_swapped_in", counter, counted("pswpin")},
      {"memory", "pages_swapped_out", counter, counted("pswpout")},
      {"memory", "huge_pages_faulted", counter, counted("thp_fault_alloc")},
      {"memory", "numa_pages_migrated", counter, counted("numa_pages_migrated")},

      {"limits", "pipe_max_bytes", trait, number_of("/proc/sys/fs/pipe-max-size")},
      {"limits", "pipe_user_pages_soft", trait, number_of("/proc/sys/fs/pipe-user-pages-soft")},
      {"limits", "pipe_user_pages_hard", trait, number_of("/proc/sys/fs/pipe-user-pages-hard")},
      {"limits", "mqueue", trait, asked(facts::mqueue)},
      {"limits", "mqueue_queues_max", trait, number_of("/proc/sys/fs/mqueue/queues_max")},
      {"limits", "mqueue_msg_max", trait, number_of("/proc/sys/fs/mqueue/msg_max")},
      {"limits", "mqueue_msgsize_max", trait, number_of("/proc/sys/fs/mqueue/msgsize_max")},
      {"limits", "mqueue_msg_default", trait, number_of("/proc/sys/fs/mqueue/msg_default")},
      {"limits", "mqueue_msgsize_default", trait, number_of("/proc/sys/fs/mqueue/msgsize_default")},
      {"limits", "msgmax", trait, number_of(kKernel + "msgmax")},
      {"limits", "msgmnb", trait, number_of(kKernel + "msgmnb")},
      {"limits", "msgmni", trait, number_of(kKernel + "msgmni")},
      {"limits", "sem", trait, numbers_of(kKernel + "sem")},
      {"limits", "shmmax", trait, line_of(kKernel + "shmmax")},
      {"limits", "shmall", trait, line_of(kKernel + "shmall")},
      {"limits", "shmmni", trait, number_of(kKernel + "shmmni")},
      {"limits", "shm_free_bytes", reading, asked(facts::shared_memory_free_bytes)},
      {"limits", "wmem_max", trait, number_of(kNet + "core/wmem_max")},
      {"limits", "rmem_max", trait, number_of(kNet + "core/rmem_max")},
      {"limits", "wmem_default", setting, number_of(kNet + "core/wmem_default")},
      {"limits", "rmem_default", setting, number_of(kNet + "core/rmem_default")},
      {"limits", "tcp_wmem", setting, numbers_of(kNet + "ipv4/tcp_wmem")},
      {"limits", "tcp_rmem", setting, numbers_of(kNet + "ipv4/tcp_rmem")},
      {"limits", "unix_datagrams", setting, number_of(kNet + "unix/max_dgram_qlen")},
      {"limits", "pid_max", trait, number_of(kKernel + "pid_max")},
      {"limits", "threads_max", trait, number_of(kKernel + "threads-max")},
      {"limits", "file_max", trait, line_of("/proc/sys/fs/file-max")},
  };
  return table;
}

}  // namespace bench
