// Facts that take more than reading one small file.
#pragma once

#include "bench/harness/json_file.hpp"

namespace bench::facts {

Json host_name();
Json cpu_model();
Json cpus();         ///< how many this process may use
Json hypervisor();   ///< "none", or what runs below this kernel
Json container();    ///< "none", or what kind this process runs in
Json layout();       ///< one text a CPU: where it sits
Json kernel_name();  ///< uname -a
Json kernel_release();
Json kernel_config();  ///< the options that matter to IPC, "CONFIG_HZ=250", ...
Json livepatches();    ///< names of live patches that are loaded
Json clock_read_ns();  ///< what one clock_gettime(CLOCK_MONOTONIC) costs
Json utc_now();        ///< "2025-01-31T12:00:00Z"
Json personality();
Json on_battery();      ///< true when a battery is all there is
Json throttle_count();  ///< thermal throttling events of all CPUs so far
Json idle_states();     ///< "C1 2 us", ... of the first CPU
Json cpu_quota_cpus();  ///< CPUs' worth of time the cgroup allows, or "none"; cgroup v1 and v2
Json affinity();        ///< ids of the CPUs allowed
Json nice();
Json policy();  ///< the scheduling policy's name
Json load_average();
Json interrupts();        ///< of all kinds since boot
Json context_switches();  ///< since boot
Json steal_percent();     ///< of CPU time since boot that the hypervisor gave to others
Json steal_ticks();
Json shared_memory_free_bytes();  ///< in /dev/shm
Json mqueue();                    ///< "available", or why POSIX queues are not
Json argument_bytes();            ///< size of the environment and arguments, which moves the stack

/// The 10 s average of /proc/pressure/RESOURCE, per cent, for "some" tasks.
Json pressure(const char* resource);
/// A soft limit of getrlimit(2), -1 for unlimited.
Json soft_limit(int resource);

}  // namespace bench::facts
