// What /proc tells about a process: state, parent, children, name.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ipc::os {

/// A process at one moment, from /proc/<pid>/stat (proc(5)).
struct ProcessFacts {
  /// The text of a stat file; nothing when it is none. The name may hold any character.
  static std::optional<ProcessFacts> parse(std::string_view stat);

  /// R runs or could, S sleeps, D sleeps and hears no signal, T is stopped, t is traced, Z has
  /// ended and is not reaped.
  char state;
  pid_t pid;
  std::string name;  ///< as the kernel has it: the first 15 bytes
  pid_t parent;      ///< 0 for one from outside the PID namespace
  pid_t group;
  pid_t session;
  pid_t foreground;  ///< the group that its terminal listens to, -1 without a terminal
  int nice;
  int threads;

  /// The state and its marks as the column STAT of ps(1) has them: < for high priority, N for low,
  /// s for a session's leader, l for several threads, + for the foreground of a terminal.
  /// Not L, pages locked in memory, which another file tells.
  [[nodiscard]] std::string stat() const;
};

/// Nothing when there is no such process, or no more.
std::optional<ProcessFacts> process_facts(pid_t pid);

/// The children of a process, zombies included, by pid.
std::vector<pid_t> children_of(pid_t pid);

}  // namespace ipc::os
