#include "bench/run/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "bench/harness/environment.hpp"

namespace bench::run {

std::string text_of(const Json& fact) {
  if (fact.is_string()) return fact.get<std::string>();
  if (!fact.is_array()) return to_line(fact);
  std::string text;
  for (const auto& one : fact) text += (text.empty() ? "" : " ") + text_of(one);
  return text;
}

double number_of(const Json& fact) {
  return fact.is_number() ? fact.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

namespace {

constexpr double kSlowClock_ns = 100;
/// The harness takes one operation from this length on as a sample, and several where it is
/// shorter.
constexpr double kShortestSample_ns = 1000;
constexpr double kDeepSleep_us = 10;
constexpr double kSharedMemoryNeeded = 256.0 * (1 << 20);
constexpr double kMemoryNeeded = 1024.0 * (1 << 20);
constexpr double kMessagesNeeded = 10;
constexpr double kMessageBytesNeeded = 8192;
constexpr double kFilesNeeded = 256;

Verdict graded(bool bad, Grade grade, std::string found) {
  return {bad ? grade : Grade::kOk, std::move(found)};
}

Verdict warn_if(bool bad, std::string found) {
  return graded(bad, Grade::kWarn, std::move(found));
}

/// Options whose kernels run checks on every lock, allocation or access.
constexpr std::string_view kDebugOptions[] = {"CONFIG_PROVE_LOCKING=y",
                                              "CONFIG_PROVE_RCU=y",
                                              "CONFIG_LOCKDEP=y",
                                              "CONFIG_DEBUG_LOCKDEP=y",
                                              "CONFIG_DEBUG_LOCK_ALLOC=y",
                                              "CONFIG_LOCK_STAT=y",
                                              "CONFIG_KASAN=y",
                                              "CONFIG_KCSAN=y",
                                              "CONFIG_KMSAN=y",
                                              "CONFIG_KCOV=y",
                                              "CONFIG_UBSAN=y",
                                              "CONFIG_DEBUG_PAGEALLOC_ENABLE_DEFAULT=y",
                                              "CONFIG_DEBUG_KMEMLEAK=y",
                                              "CONFIG_DEBUG_SPINLOCK=y",
                                              "CONFIG_DEBUG_MUTEXES=y",
                                              "CONFIG_DEBUG_RT_MUTEXES=y",
                                              "CONFIG_DEBUG_RWSEMS=y",
                                              "CONFIG_DEBUG_ATOMIC_SLEEP=y",
                                              "CONFIG_DEBUG_PREEMPT=y",
                                              "CONFIG_DEBUG_VM=y",
                                              "CONFIG_DEBUG_OBJECTS=y",
                                              "CONFIG_SLUB_DEBUG_ON=y"};

Verdict judge_config(const Json& config, const Json&) {
  std::string on;
  for (const auto& line : config)
    if (std::find(std::begin(kDebugOptions), std::end(kDebugOptions), text_of(line)) !=
        std::end(kDebugOptions))
      on += (on.empty() ? "" : " ") + text_of(line);
  return graded(!on.empty(), Grade::kBlock, on.empty() ? "no debug options" : on);
}

Verdict judge_load(const Json& averages, const Json& all) {
  const double load = number_of(averages.is_array() && !averages.empty() ? averages[0] : averages);
  const double limit = kMostLoadPerCpu * number_of(known_fact(all, "machine", "cpus"));
  return warn_if(load > limit,
                 fmt::format("load average {:.2f}, limit {:.2f} (0.1 a CPU)", load, limit));
}

template <int N>
Verdict judge_pressure(const Json& percent, const Json&) {
  static constexpr const char* kWhat[] = {"a CPU", "memory", "a disk"};
  return warn_if(number_of(percent) > kMostPressurePercent,
                 fmt::format("tasks waited for {} {} % of the last 10 s, limit {} %", kWhat[N],
                             text_of(percent), kMostPressurePercent));
}

Verdict judge_clock(const Json& source, const Json&) {
  static constexpr std::string_view kDirect[] = {"tsc", "arch_sys_counter", "riscv_clocksource",
                                                 "timebase", "tod"};
  const auto name = text_of(source);
  return warn_if(std::find(std::begin(kDirect), std::end(kDirect), name) == std::end(kDirect),
                 "clock source " + name);
}

Verdict judge_resolution(const Json& step, const Json&) {
  const double percent = 100 * number_of(step) / kShortestSample_ns;
  return warn_if(percent > 1, fmt::format("a step of the clock, {} ns, is {:.1f} % of the shortest "
                                          "sample (1 us)",
                                          text_of(step), percent));
}

Verdict judge_haltpoll(const Json& driver, const Json& all) {
  const Json& limit = known_fact(all, "haltpoll", "guest_halt_poll_ns");
  return warn_if(text_of(driver) == "haltpoll",
                 "idle driver " + text_of(driver) +
                     (limit.is_null() ? "" : ", guest_halt_poll_ns " + text_of(limit)));
}

Verdict judge_preference(const Json& preference, const Json&) {
  const auto text = text_of(preference);
  return warn_if(text != "performance" && text != "0", "energy preference " + text);
}

Verdict judge_clock_limit(const Json& most, const Json& all) {
  const Json& hardware = known_fact(all, "cpu_power", "hardware_max_khz");
  return warn_if(number_of(most) < number_of(hardware),
                 fmt::format("clock limited to {} kHz of {}", text_of(most), text_of(hardware)));
}

Verdict judge_smt(const Json& pairs, const Json&) {
  return warn_if(!pairs.empty(), pairs.empty() ? "no two usable CPUs share a core"
                                               : "CPUs that share a core: " + text_of(pairs));
}

/// The letters of Documentation/admin-guide/tainted-kernels.rst, by bit.
Verdict judge_taint(const Json& taint, const Json&) {
  constexpr std::string_view kLetters = "PFSRMBUDAWCIOELKXTNJ";
  std::string letters;
  const auto bits = taint.is_number_integer() ? taint.get<std::uint64_t>() : 0;
  for (std::size_t bit = 0; bit < kLetters.size(); ++bit)
    if (bits >> bit & 1) letters += kLetters[bit];
  return warn_if(taint != 0,
                 "kernel taint " + text_of(taint) + (letters.empty() ? "" : " (" + letters + ")"));
}

Verdict judge_personality(const Json& persona, const Json&) {
  constexpr unsigned long kNoRandomize = 0x0040000;  // ADDR_NO_RANDOMIZE, personality(2)
  const auto text = text_of(persona);
  return warn_if(std::strtoul(text.c_str(), nullptr, 16) & kNoRandomize, "personality " + text);
}

Verdict judge_numa(const Json& balancing, const Json& all) {
  const auto nodes = text_of(known_fact(all, "topology", "numa_nodes"));
  const bool several = nodes.find_first_of(",-") != std::string::npos;
  return warn_if(number_of(balancing) > 0 && several,
                 "numa_balancing " + text_of(balancing) + ", NUMA nodes " + nodes);
}

Verdict judge_files(const Json& limit, const Json&) {
  const Json& soft = limit.is_array() && !limit.empty() ? limit[0] : limit;
  return warn_if(soft != -1 && number_of(soft) < kFilesNeeded, "ulimit -n " + text_of(soft));
}

Verdict judge_uptime(const Json& uptime, const Json&) {
  return warn_if(number_of(uptime) < kSettledAfter_s,
                 fmt::format("up for {} s, limit {} s", text_of(uptime), kSettledAfter_s));
}

Verdict judge_steal(const Json& steal, const Json&) {
  return warn_if(
      number_of(steal) > kMostStealPercent,
      fmt::format("{:.2f} % steal since boot, limit {} %", number_of(steal), kMostStealPercent));
}

Verdict judge_build(const Json& debug, const Json& all) {
  return graded(debug == true, Grade::kBlock,
                text_of(known_fact(all, "build", "type")) + " build of the suite");
}

Verdict judge_quota(const Json& quota, const Json&) {
  return graded(quota.is_number(), Grade::kBlock, "CPU quota " + text_of(quota));
}

const Rule kRules[] = {
    {"suite build", "build", "debug", judge_build,
     "the suite's own code dominates what is measured",
     "build with the release preset: cmake --workflow --preset release"},
    {"suite commit", "build", "git_dirty",
     [](const Json& f, const Json&) {
       return warn_if(f == true,
                      f == true ? "built from uncommitted changes" : "built from a commit");
     },
     "results cannot be traced to a state of the source", "commit, then build again"},
    {"CPU quota", "container", "cpu_quota_cpus", judge_quota,
     "the kernel stops the processes in the middle of a measurement",
     "run outside this cgroup, or lift cpu.max (v1: cpu.cfs_quota_us)"},
    {"debug kernel", "kernel", "config", judge_config,
     "every lock or allocation pays for checks that no product kernel has",
     "boot a kernel without these options"},
    {"CPUs", "machine", "cpus",
     [](const Json& f, const Json&) {
       return warn_if(number_of(f) < 2, text_of(f) + " CPUs usable");
     },
     "placements on two CPUs cannot be measured", "give this process two CPUs (taskset, cpuset)"},
    {"governor", "cpu_power", "governor",
     [](const Json& f, const Json&) {
       return warn_if(f != "performance", "CPU frequency governor " + text_of(f));
     },
     "the clock follows the load, so short cases run slower and runs differ",
     "cpupower frequency-set -g performance"},
    {"energy preference", "cpu_power", "preference", judge_preference,
     "the processor saves power when it should be fast", "cpupower set --epp performance"},
    {"clock limit", "cpu_power", "max_khz", judge_clock_limit,
     "the CPU is not allowed its full clock", "cpupower frequency-set -u MAXIMUM"},
    {"boost", "cpu_power", "boost",
     [](const Json& f, const Json&) {
       const auto text = text_of(f);
       return warn_if(text.find('1') != std::string::npos, "boost " + text);
     },
     "the clock depends on temperature and on the neighbours",
     "echo 0 > /sys/devices/system/cpu/cpufreq/boost"},
    {"turbo", "cpu_power", "no_turbo",
     [](const Json& f, const Json&) { return warn_if(f == 0, "no_turbo " + text_of(f)); },
     "the clock depends on temperature and on the neighbours",
     "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo"},
    {"battery", "cpu_power", "on_battery",
     [](const Json& f, const Json&) {
       return warn_if(f == true, f == true ? "running on battery" : "on mains power");
     },
     "power saving changes the clock", "plug it in"},
    {"throttling", "cpu_power", "throttle_count",
     [](const Json& f, const Json&) {
       return warn_if(number_of(f) > 0, text_of(f) + " thermal throttling events since boot");
     },
     "a hot CPU lowers its clock in the middle of a measurement", "cool it, or leave pauses"},
    {"idle states", "cpu_power", "deepest_idle_us",
     [](const Json& f, const Json&) {
       return warn_if(number_of(f) >= kDeepSleep_us,
                      "deepest idle state takes " + text_of(f) + " us to leave");
     },
     "a peer that sleeps on its own CPU is woken from it: such cases are bound by the idle state",
     "cpupower idle-set -D 10, or leave it and compare like with like"},
    {"SMT", "topology", "share_a_core", judge_smt, "two CPUs of one core slow each other",
     "echo off > /sys/devices/system/cpu/smt/control, or leave the sibling idle"},
    {"load", "load", "average", judge_load, "other work takes CPU time and cache",
     "wait until the machine is idle"},
    {"CPU pressure", "load", "cpu_pressure_percent", judge_pressure<0>,
     "measured processes will wait as well", "wait until the machine is idle"},
    {"memory pressure", "load", "memory_pressure_percent", judge_pressure<1>,
     "reclaim runs in the middle of a measurement", "end what needs the memory"},
    {"I/O pressure", "load", "io_pressure_percent", judge_pressure<2>,
     "other work uses disks, and its interrupts CPUs", "wait until the machine is idle"},
    {"steal", "load", "steal_percent", judge_steal,
     "the hypervisor gives this machine's CPU time to others", "use a host that is not shared"},
    {"emulation", "machine", "emulator",
     [](const Json& f, const Json&) {
       return graded(f != "none", Grade::kBlock,
                     f == "none" ? "no emulator" : "emulated by " + text_of(f));
     },
     "times are the emulator's; only that the answers are right counts",
     "run it on a processor of its own kind"},
    {"hypervisor", "machine", "hypervisor",
     [](const Json& f, const Json&) { return warn_if(f != "none", "hypervisor " + text_of(f)); },
     "host placement not controlled: cross-CPU results vary with the host CPUs behind these",
     "pin the virtual CPUs on the host, or read cross-CPU results with care"},
    {"haltpoll", "cpu_power", "idle_driver", judge_haltpoll,
     "waking an idle CPU costs an exit to the host or none, depending on how long it polls",
     "compare only runs with the same /sys/module/haltpoll/parameters"},
    {"clock source", "clock", "source", judge_clock, "reading the clock is slow and coarse",
     "boot with tsc=reliable or clocksource=tsc if the machine's TSC is stable"},
    {"clock cost", "clock", "read_ns",
     [](const Json& f, const Json&) {
       return warn_if(number_of(f) > kSlowClock_ns,
                      fmt::format("reading the clock takes {:.0f} ns", number_of(f)));
     },
     "short operations are drowned by the stopwatch", "see the clock source"},
    {"clock resolution", "clock", "resolution_ns", judge_resolution,
     "short samples are rounded to steps of the clock", "see the clock source"},
    {"taint", "boot", "tainted", judge_taint, "foreign, patched or faulting code is in the kernel",
     "reboot without it"},
    {"live patches", "boot", "livepatches",
     [](const Json& f, const Json&) {
       return warn_if(!f.empty(), f.empty() ? "no live patches" : "live patches " + text_of(f));
     },
     "patched functions run through a detour", "boot the patched kernel itself"},
    {"uptime", "boot", "uptime_s", judge_uptime, "work of the boot still runs",
     "wait until two minutes after boot"},
    {"ASLR", "memory", "aslr",
     [](const Json& f, const Json&) { return warn_if(f != 2, "randomize_va_space " + text_of(f)); },
     "one fixed memory layout biases every process alike",
     "echo 2 > /proc/sys/kernel/randomize_va_space"},
    {"personality", "process", "personality", judge_personality,
     "one fixed memory layout biases every process alike", "start it without setarch -R"},
    {"NUMA balancing", "scheduler", "numa_balancing", judge_numa,
     "pages move between nodes while they are measured", "sysctl kernel.numa_balancing=0"},
    {"scheduler extension", "scheduler", "extension",
     [](const Json& f, const Json&) { return warn_if(f != "disabled", "sched_ext " + text_of(f)); },
     "a loaded program schedules, not the kernel", "end the program that loaded it"},
    {"seccomp", "container", "seccomp",
     [](const Json& f, const Json&) { return warn_if(f != 0, "seccomp mode " + text_of(f)); },
     "every system call passes a filter",
     "run without it (docker: --security-opt seccomp=unconfined)"},
    {"nice", "process", "nice",
     [](const Json& f, const Json&) { return warn_if(f != 0, "niceness " + text_of(f)); },
     "others get more or less time than usual", "start it with niceness 0"},
    {"scheduling policy", "process", "policy",
     [](const Json& f, const Json&) { return warn_if(f != "other", "policy " + text_of(f)); },
     "results are not those of ordinary processes", "start it with chrt --other 0"},
    {"POSIX queues", "limits", "mqueue",
     [](const Json& f, const Json&) { return warn_if(f != "available", text_of(f)); },
     "cases over POSIX message queues cannot be measured",
     "use a kernel with CONFIG_POSIX_MQUEUE; raise ulimit -q"},
    {"hardware counters", "perf", "hardware_counters",
     [](const Json& f, const Json&) {
       return Verdict{Grade::kOk, text_of(f)};
     },
     "without them there are no instructions and cycles beside the times",
     "sysctl kernel.perf_event_paranoid=1, or a machine that has them"},
    {"queue depth", "limits", "mqueue_msg_max",
     [](const Json& f, const Json&) {
       return warn_if(number_of(f) < kMessagesNeeded, "fs.mqueue.msg_max " + text_of(f));
     },
     "POSIX queues are shallower than usual", "sysctl fs.mqueue.msg_max=10"},
    {"queue message size", "limits", "mqueue_msgsize_max",
     [](const Json& f, const Json&) {
       return warn_if(number_of(f) < kMessageBytesNeeded, "fs.mqueue.msgsize_max " + text_of(f));
     },
     "large messages do not fit a POSIX queue", "sysctl fs.mqueue.msgsize_max=8192"},
    {"shared memory", "limits", "shm_free_bytes",
     [](const Json& f, const Json&) {
       return warn_if(number_of(f) < kSharedMemoryNeeded,
                      fmt::format("{:.0f} MiB free in /dev/shm", number_of(f) / (1 << 20)));
     },
     "cases over shared memory may fail", "mount a larger /dev/shm (docker: --shm-size=1g)"},
    {"memory", "memory", "available_bytes",
     [](const Json& f, const Json&) {
       return warn_if(number_of(f) < kMemoryNeeded,
                      fmt::format("{:.0f} MiB of memory available", number_of(f) / (1 << 20)));
     },
     "cases with a large parent process may fail", "end other programs"},
    {"open files", "ulimits", "open_files", judge_files, "cases with many processes may fail",
     "ulimit -n 1024"},
};

}  // namespace

std::span<const Rule> rules() {
  return kRules;
}

}  // namespace bench::run
