// What processes used: CPU time, waits for a CPU, context switches, page faults.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "ipc/os/unique_fd.hpp"

namespace bench {

/// What a process has used since it began, or within a time; what the kernel does not tell is 0.
struct Usage {
  std::int64_t cpu_ns = 0;                ///< user and system time
  std::int64_t run_delay_ns = 0;          ///< able to run, but waiting for a CPU
  std::int64_t voluntary_switches = 0;    ///< went to sleep
  std::int64_t involuntary_switches = 0;  ///< had to make way
  std::int64_t minor_faults = 0;
  std::int64_t major_faults = 0;
  std::int64_t migrations = 0;  ///< moves from one CPU to another

  Usage& operator+=(const Usage& other);
  friend Usage operator-(const Usage& after, const Usage& before);
};

/// Looks at the main thread of a process through proc(5), again and again.
class ProcessUsage {
 public:
  explicit ProcessUsage(pid_t process);
  [[nodiscard]] Usage now() const;

 private:
  ipc::os::UniqueFd stat_, status_, schedstat_, sched_;
};

/// Of this process, its threads and its reaped children (getrusage(2)); run_delay_ns and migrations
/// are those of `self` alone.
Usage own_usage(const ProcessUsage& self);

}  // namespace bench
