// Runs another program and takes what it prints.
#pragma once

#include <string>
#include <vector>

#include "ipc/os/child.hpp"
#include "ipc/os/clock.hpp"

namespace bench {

/// What a program left behind. Not finished: the deadline passed first and it was killed.
struct CommandResult {
  bool finished = false;
  ipc::os::ExitStatus status = ipc::os::ExitStatus::unknown();
  std::string output;  ///< standard output
  std::string errors;  ///< standard error
};

/// Runs arguments[0] (looked for in PATH when it has no slash) with an empty standard input. A
/// program that cannot be started gives exit code 127 and the reason in `errors`. Throws
/// std::system_error when this process cannot fork or make pipes.
CommandResult run_command(const std::vector<std::string>& arguments, ipc::os::Deadline deadline);

/// Replaces the process image, for a child after its fork: standard input empty, no signal
/// blocked, SIGPIPE deadly again.
/// Comes back only when that failed, with the exit code to leave with and a line on stderr.
int replace_image(const std::vector<std::string>& arguments);

}  // namespace bench
