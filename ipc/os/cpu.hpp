// CPUs: which there are, how they are related, and binding a thread to some of them.
#pragma once

#include <compare>
#include <string>
#include <vector>

namespace ipc::os {

/// One CPU as the scheduler numbers it, with its place in the machine
/// (/sys/devices/system/cpu/cpu*/topology).
struct Cpu {
  int id = 0;
  int core = 0;     ///< unique only within its package
  int package = 0;  ///< the socket
  friend auto operator<=>(const Cpu&, const Cpu&) = default;
};

/// The CPUs that this process may run on (sched_getaffinity(2)), by id. Without sysfs every CPU is
/// taken as a core of its own in one package.
std::vector<Cpu> allowed_cpus();

/// The ids of the same, without looking at the machine.
std::vector<int> allowed_cpu_ids();

/// Binds the calling thread to these CPUs. Throws std::system_error.
void pin(const std::vector<int>& ids);

/// Says to the processor that this is a loop that waits; costs some ns to some dozen.
inline void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  asm volatile("yield");
#endif
}

/// "0,1,4".
std::string to_string(const std::vector<int>& ids);

}  // namespace ipc::os
