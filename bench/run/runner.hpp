// Runs one bench binary once, and ends all of it whatever happens.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/run/interruption.hpp"

namespace bench::run {

/// One process to run: program and arguments, to which --progress_fd=N is added.
struct Job {
  std::vector<std::string> arguments;
  std::chrono::milliseconds stall_limit{60'000};  ///< longest silence between two progress lines
};

/// How it ended.
struct Outcome {
  enum class Kind { kFinished, kDied, kHung, kInterrupted };
  Kind kind = Kind::kFinished;
  std::string message;  ///< for a person, unless it finished
};

/// Runs the job in a process group of its own, its standard output thrown away, and hands every
/// progress line to `on_line`. When it comes back no process of the group is left, and no orphan of
/// it either if this process is a subreaper (ipc::os::become_subreaper). The job dies when this
/// process does. Kills and reaps every other child of this process too. Throws std::system_error
/// when it cannot be started.
Outcome run_job(const Job& job, Interruption& interruption,
                const std::function<void(std::string_view)>& on_line);

}  // namespace bench::run
