// Facts that take more than reading one small file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/harness/json_file.hpp"
#include "bench/harness/root.hpp"

namespace bench::facts {

// The machine (machine_facts.cpp).
Json host_name();
Json architecture();
Json cpu_model(const Root& root = {});
Json cpus();                          ///< how many this process may use
Json cpus_present(const Root& root);  ///< how many the machine has, offline ones included
Json hypervisor(const Root& root);    ///< "none", or what runs below this kernel
Json emulator(const Root& root);      ///< "none", or the program that reads this one's instructions
Json detected_virtualization();       ///< the word of systemd-detect-virt(1)
Json layout(const Root& root);        ///< one text a usable CPU: where it sits
Json paired_cpus(const Root& root);   ///< usable CPUs that share a core: "0,4", ...
Json numa_cpus(const Root& root);     ///< "node 0: 0-3", ...
/// What names the machine alike at every boot: the parts of the group `identity` in one line.
Json identity_key(const Json& identity);

// Power and temperature (power_facts.cpp).
Json idle_states(const Root& root);  ///< "C1 latency 2 us residency 2 us", ... of every usable CPU
Json deepest_idle_us(const Root& root);  ///< the longest latency of a state that is not disabled
Json dma_latency_us();                   ///< the wake-up latency that /dev/cpu_dma_latency allows
Json temperatures(const Root& root);     ///< "x86_pkg_temp 45.0 C", ...
Json on_battery(const Root& root);       ///< true when a battery is all there is
/// Thermal throttling events of the usable CPUs so far; `what` is "core" or "package".
Json throttle_count(const Root& root, const char* what);

// The kernel (kernel_facts.cpp).
Json kernel_name();  ///< uname -a
Json kernel_release();
Json kernel_config(const Root& root);       ///< options that matter to IPC, "CONFIG_HZ=250", ...
Json function_alignment(const Root& root);  ///< bytes, CONFIG_FUNCTION_ALIGNMENT
Json kernel_compiler(const Root& root);
Json kernel_build_id(const Root& root);  ///< hex, from /sys/kernel/notes
Json livepatches(const Root& root);      ///< names of live patches that are loaded
/// The value of NAME=value on the kernel's command line, "none" when it is not there.
Json boot_parameter(const Root& root, std::string_view name);
Json hardware_counters();  ///< what can be counted a process, and why the rest cannot
/// The GNU build-id in the ELF notes of a program; nothing where there is none.
std::optional<std::string> build_id_in(std::string_view notes);
/// The compiler that the text of /proc/version names; empty where it names none.
std::string compiler_in(const std::string& version);

// The cgroup (cgroup_facts.cpp), of version 1 or 2.
Json cpu_quota_cpus(const Root& root);     ///< CPUs' worth of time allowed, or "none"
Json cpu_controls(const Root& root);       ///< "/job cpu.max 50000 100000", ... up to the root
Json cgroup_cpuset(const Root& root);      ///< the CPUs that the cgroup's cpuset leaves
Json throttled_periods(const Root& root);  ///< how often the quota stopped the group so far

// This process (process_facts.cpp).
Json container(const Root& root);  ///< "none", or what kind this process runs in
Json affinity();                   ///< ids of the CPUs allowed
Json user_id();
Json nice();
Json policy();  ///< the scheduling policy's name
Json personality();
Json timer_slack_ns();
Json argument_bytes();            ///< what the arguments take on the stack
Json environment_bytes();         ///< what the environment takes there: both move every frame
Json shared_memory_free_bytes();  ///< in /dev/shm
Json mqueue();                    ///< "available", or why POSIX queues are not
/// Soft and hard limit of getrlimit(2), -1 for unlimited.
Json limits_of(int resource);

// Time and load (load_facts.cpp).
Json utc_now();              ///< "2025-01-31T12:00:00Z"
Json realtime_s();           ///< CLOCK_REALTIME
Json monotonic_s();          ///< CLOCK_MONOTONIC, which no step of the wall clock moves
Json boottime_s();           ///< CLOCK_BOOTTIME: the same, and the time in suspend
Json clock_read_ns();        ///< what one clock_gettime(CLOCK_MONOTONIC) costs
Json clock_resolution_ns();  ///< the smallest step of that clock that can be seen
/// That step, from the times between successive reads.
std::int64_t resolution_in(std::vector<std::int64_t> steps_ns);
Json load_average(const Root& root);
Json context_switches(const Root& root);  ///< since boot
Json booted_at_s(const Root& root);       ///< UTC, seconds since 1970
Json steal_percent(const Root& root);     ///< of CPU time since boot that went to other guests
enum class CpuTime { all, busy, steal };
/// Seconds that the usable CPUs spent since boot, by kind: busy is user, nice and system.
Json cpu_time_s(const Root& root, CpuTime kind);
Json own_cpu_s();  ///< user and system time of this process and the children it reaped
/// The 10 s average of /proc/pressure/RESOURCE, per cent, for "some" tasks.
Json pressure(const Root& root, const char* resource);
/// A counter of /proc/vmstat.
Json vm_counter(const Root& root, std::string_view name);
/// Interrupts since boot as {name: count}: those of devices together, each other kind by its name.
Json interrupts(const Root& root);

// Programs (program_facts.cpp).
/// SHA-256 of each program by its file name, as {name: hex or unknown}.
Json hashes(const std::vector<std::filesystem::path>& programs);
Json linked_libraries();  ///< "static" or "dynamic": how this program was linked

}  // namespace bench::facts
