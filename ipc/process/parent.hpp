// The process that started this one, as the child sees it.
#pragma once

#include <sys/types.h>

#include <string>

#include "ipc/os/clock.hpp"
#include "ipc/os/unique_fd.hpp"

namespace ipc {

/// Tells who the parent is, and whether it has ended: children may live longer.
class ParentProcess {
 public:
  /// Of the calling process; what Process::parent() gives.
  ParentProcess(std::string name, pid_t pid);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool is_alive() const { return !join_until(os::Deadline::now()); }
  /// Blocks until the parent ended. Its exit code is its own parent's to know.
  void join() const { join_until(os::Deadline::never()); }
  /// False when it still runs after that time; zero or less looks once.
  template <class Rep, class Period>
  [[nodiscard]] bool join_for(std::chrono::duration<Rep, Period> wait) const {
    return join_until(os::Deadline::after(wait));
  }
  bool join_until(os::Deadline deadline) const;

 private:
  std::string name_;
  pid_t pid_;
  os::UniqueFd pidfd_;  ///< none before Linux 5.3, and none of a parent that has ended
};

}  // namespace ipc
