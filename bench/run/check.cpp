#include "bench/run/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "bench/harness/environment.hpp"

namespace bench::run {

namespace {

struct Verdict {
  Grade grade;
  std::string found;
};

/// A fact and how it is judged; the judge sees it only when it is known.
struct Rule {
  const char* topic;
  const char* group;
  const char* key;
  Verdict (*judge)(const Json& fact, const Json& all);
  const char* effect;
  const char* remedy;
};

std::string text_of(const Json& fact) {
  return fact.is_string() ? fact.get<std::string>() : to_line(fact);
}

Verdict graded(bool bad, Grade grade, std::string found) {
  return {bad ? grade : Grade::kOk, std::move(found)};
}

Verdict warn_if(bool bad, std::string found) {
  return graded(bad, Grade::kWarn, std::move(found));
}

/// The number, or what makes every comparison false when it is none.
double number(const Json& fact) {
  return fact.is_number() ? fact.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

/// Options whose kernels run checks on every lock, allocation or access.
constexpr std::string_view kDebugOptions[] = {"CONFIG_PROVE_LOCKING=y",
                                              "CONFIG_LOCKDEP=y",
                                              "CONFIG_DEBUG_LOCK_ALLOC=y",
                                              "CONFIG_LOCK_STAT=y",
                                              "CONFIG_KASAN=y",
                                              "CONFIG_KCSAN=y",
                                              "CONFIG_KMSAN=y",
                                              "CONFIG_UBSAN=y",
                                              "CONFIG_DEBUG_PAGEALLOC=y",
                                              "CONFIG_DEBUG_KMEMLEAK=y",
                                              "CONFIG_DEBUG_SPINLOCK=y",
                                              "CONFIG_DEBUG_MUTEXES=y",
                                              "CONFIG_DEBUG_ATOMIC_SLEEP=y",
                                              "CONFIG_DEBUG_VM=y",
                                              "CONFIG_DEBUG_OBJECTS=y",
                                              "CONFIG_SLUB_DEBUG_ON=y"};

Verdict judge_config(const Json& config, const Json&) {
  std::string on;
  for (const auto& line : config)
    if (std::find(std::begin(kDebugOptions), std::end(kDebugOptions), line.get<std::string>()) !=
        std::end(kDebugOptions))
      on += (on.empty() ? "" : " ") + line.get<std::string>();
  return graded(!on.empty(), Grade::kBlock, on.empty() ? "no debug options" : on);
}

constexpr double kLoadPerCpu = 0.1;
constexpr double kPressurePercent = 2;
constexpr double kStealPercent = 0.5;
constexpr double kSettledAfter_s = 120;
constexpr double kSlowClock_ns = 100;
constexpr double kSharedMemoryNeeded = 256.0 * (1 << 20);
constexpr double kMemoryNeeded = 1024.0 * (1 << 20);
constexpr double kMessagesNeeded = 10;
constexpr double kMessageBytesNeeded = 8192;
constexpr double kFilesNeeded = 256;

Verdict judge_load(const Json& averages, const Json& all) {
  const double load = number(averages.at(0));
  const double cpus = number(known_fact(all, "machine", "cpus"));
  return warn_if(load > kLoadPerCpu * cpus, fmt::format("load average {:.2f}", load));
}

Verdict judge_clock(const Json& source, const Json&) {
  const auto name = text_of(source);
  const bool direct = name == "tsc" || name == "arch_sys_counter" || name == "riscv_clocksource";
  return warn_if(!direct, "clock source " + name);
}

Verdict judge_haltpoll(const Json& driver, const Json& all) {
  const Json& limit = known_fact(all, "cpu_power", "haltpoll_guest_halt_poll_ns");
  return warn_if(text_of(driver) == "haltpoll",
                 "idle driver " + text_of(driver) +
                     (limit.is_null() ? "" : ", guest_halt_poll_ns " + text_of(limit)));
}

const Rule kRules[] = {
    {"suite build", "build", "debug",
     [](const Json& f, const Json& all) {
       return graded(f == true, Grade::kBlock,
                     text_of(known_fact(all, "build", "type")) + " build of the suite");
     },
     "the suite's own code dominates what is measured",
     "build with the release preset: cmake --workflow --preset release"},
    {"suite commit", "build", "git_dirty",
     [](const Json& f, const Json&) {
       return warn_if(f == true,
                      f == true ? "built from uncommitted changes" : "built from a commit");
     },
     "results cannot be traced to a state of the source", "commit, then build again"},
    {"CPU quota", "container", "cpu_quota_cpus",
     [](const Json& f, const Json&) {
       return graded(f.is_number(), Grade::kBlock, "CPU quota " + text_of(f));
     },
     "the kernel stops the processes in the middle of a measurement",
     "run outside this cgroup, or lift cpu.max (v1: cpu.cfs_quota_us)"},
    {"debug kernel", "kernel", "config", judge_config,
     "every lock or allocation pays for checks that no product kernel has",
     "boot a kernel without these options"},
    {"CPUs", "machine", "cpus",
     [](const Json& f, const Json&) { return warn_if(number(f) < 2, text_of(f) + " CPUs usable"); },
     "placements on two CPUs cannot be measured", "give this process two CPUs (taskset, cpuset)"},
    {"governor", "cpu_power", "governor",
     [](const Json& f, const Json&) {
       return warn_if(f != "performance", "CPU frequency governor " + text_of(f));
     },
     "the clock follows the load, so short cases run slower and runs differ",
     "cpupower frequency-set -g performance"},
    {"boost", "cpu_power", "boost",
     [](const Json& f, const Json&) { return warn_if(f == 1, "boost " + text_of(f)); },
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
    {"SMT", "topology", "smt_active",
     [](const Json& f, const Json&) { return warn_if(f == 1, "SMT active " + text_of(f)); },
     "two CPUs of one core slow each other",
     "echo off > /sys/devices/system/cpu/smt/control, or leave the sibling idle"},
    {"load", "load", "average", judge_load, "other work takes CPU time and cache",
     "wait until the machine is idle"},
    {"CPU pressure", "load", "cpu_pressure_percent",
     [](const Json& f, const Json&) {
       return warn_if(number(f) > kPressurePercent,
                      fmt::format("tasks waited for a CPU {} % of the last 10 s", text_of(f)));
     },
     "measured processes will wait as well", "wait until the machine is idle"},
    {"steal", "load", "steal_percent",
     [](const Json& f, const Json&) {
       return warn_if(number(f) > kStealPercent,
                      fmt::format("{:.2f} % steal since boot", number(f)));
     },
     "the hypervisor gives this machine's CPU time to others", "use a host that is not shared"},
    {"hypervisor", "machine", "hypervisor",
     [](const Json& f, const Json&) { return warn_if(f != "none", "hypervisor " + text_of(f)); },
     "which host CPUs are behind two CPUs here is not controlled; cross-CPU results vary with it",
     "pin the virtual CPUs on the host, or read cross-CPU results with care"},
    {"haltpoll", "cpu_power", "idle_driver", judge_haltpoll,
     "waking an idle CPU costs an exit to the host or none, depending on how long it polls",
     "note /sys/module/haltpoll/parameters beside the results"},
    {"clock source", "clock", "source", judge_clock, "reading the clock is slow and coarse",
     "boot with tsc=reliable or clocksource=tsc if the machine's TSC is stable"},
    {"clock cost", "clock", "read_ns",
     [](const Json& f, const Json&) {
       return warn_if(number(f) > kSlowClock_ns,
                      fmt::format("reading the clock takes {:.0f} ns", number(f)));
     },
     "short operations are drowned by the stopwatch", "see the clock source"},
    {"taint", "kernel", "tainted",
     [](const Json& f, const Json&) { return warn_if(f != 0, "kernel taint " + text_of(f)); },
     "foreign, patched or faulting code is in the kernel", "reboot without it"},
    {"live patches", "kernel", "livepatches",
     [](const Json& f, const Json&) { return warn_if(!f.empty(), "live patches " + text_of(f)); },
     "patched functions run through a detour", "boot the patched kernel itself"},
    {"uptime", "kernel", "uptime_s",
     [](const Json& f, const Json&) {
       return warn_if(number(f) < kSettledAfter_s, "up for " + text_of(f) + " s");
     },
     "work of the boot still runs", "wait until two minutes after boot"},
    {"ASLR", "memory", "aslr",
     [](const Json& f, const Json&) { return warn_if(f != 2, "randomize_va_space " + text_of(f)); },
     "one fixed memory layout biases every process alike",
     "echo 2 > /proc/sys/kernel/randomize_va_space"},
    {"seccomp", "container", "seccomp",
     [](const Json& f, const Json&) { return warn_if(f != 0, "seccomp mode " + text_of(f)); },
     "every system call passes a filter",
     "run without it (docker: --security-opt seccomp=unconfined)"},
    {"nice", "container", "nice",
     [](const Json& f, const Json&) { return warn_if(f != 0, "niceness " + text_of(f)); },
     "others get more or less time than usual", "start it with niceness 0"},
    {"scheduling policy", "container", "policy",
     [](const Json& f, const Json&) { return warn_if(f != "other", "policy " + text_of(f)); },
     "results are not those of ordinary processes", "start it with chrt --other 0"},
    {"POSIX queues", "limits", "mqueue",
     [](const Json& f, const Json&) { return warn_if(f != "available", text_of(f)); },
     "cases over POSIX message queues cannot be measured",
     "use a kernel with CONFIG_POSIX_MQUEUE; raise ulimit -q"},
    {"queue depth", "limits", "mqueue_msg_max",
     [](const Json& f, const Json&) {
       return warn_if(number(f) < kMessagesNeeded, "fs.mqueue.msg_max " + text_of(f));
     },
     "POSIX queues are shallower than usual", "sysctl fs.mqueue.msg_max=10"},
    {"queue message size", "limits", "mqueue_msgsize_max",
     [](const Json& f, const Json&) {
       return warn_if(number(f) < kMessageBytesNeeded, "fs.mqueue.msgsize_max " + text_of(f));
     },
     "large messages do not fit a POSIX queue", "sysctl fs.mqueue.msgsize_max=8192"},
    {"shared memory", "limits", "shm_free_bytes",
     [](const Json& f, const Json&) {
       return warn_if(number(f) < kSharedMemoryNeeded,
                      fmt::format("{:.0f} MiB free in /dev/shm", number(f) / (1 << 20)));
     },
     "cases over shared memory may fail", "mount a larger /dev/shm (docker: --shm-size=1g)"},
    {"memory", "memory", "available_bytes",
     [](const Json& f, const Json&) {
       return warn_if(number(f) < kMemoryNeeded,
                      fmt::format("{:.0f} MiB of memory available", number(f) / (1 << 20)));
     },
     "cases with a large parent process may fail", "end other programs"},
    {"open files", "limits", "open_files",
     [](const Json& f, const Json&) {
       return warn_if(f != -1 && number(f) < kFilesNeeded, "ulimit -n " + text_of(f));
     },
     "cases with many processes may fail", "ulimit -n 1024"},
};

constexpr const char* kGradeNames[] = {"ok", "unknown", "warn", "block"};

const char* name_of(Grade grade) {
  return kGradeNames[static_cast<int>(grade)];
}

Finding apply(const Rule& rule, const Json& environment) {
  const Json& fact = known_fact(environment, rule.group, rule.key);
  if (fact.is_null())
    return {Grade::kUnknown, rule.topic, "this machine does not say", rule.effect, rule.remedy};
  const Verdict verdict = rule.judge(fact, environment);
  return {verdict.grade, rule.topic, verdict.found, rule.effect, rule.remedy};
}

}  // namespace

std::vector<Finding> findings(const Json& environment) {
  std::vector<Finding> all;
  for (const auto& rule : kRules) all.push_back(apply(rule, environment));
  return all;
}

std::size_t count(const std::vector<Finding>& findings, Grade grade) {
  return static_cast<std::size_t>(std::count_if(
      findings.begin(), findings.end(), [&](const Finding& one) { return one.grade == grade; }));
}

std::string to_text(const std::vector<Finding>& findings, bool verbose) {
  std::string text;
  for (const auto& one : findings) {
    const bool matters = one.grade >= Grade::kWarn;
    if (!matters && !verbose) continue;
    text += fmt::format("{:<8}{}: {}", name_of(one.grade), one.topic, one.found);
    if (matters) text += fmt::format("; {}; fix: {}", one.effect, one.remedy);
    text += '\n';
  }
  return text + fmt::format("{} checks: {} block, {} warn, {} not known here\n", findings.size(),
                            count(findings, Grade::kBlock), count(findings, Grade::kWarn),
                            count(findings, Grade::kUnknown));
}

Json to_json(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const auto& one : findings)
    list.push_back({{"grade", name_of(one.grade)},
                    {"topic", one.topic},
                    {"found", one.found},
                    {"effect", one.effect},
                    {"remedy", one.remedy}});
  return Json{{"findings", std::move(list)}};
}

}  // namespace bench::run
