// A run from its first round to its last, or to the point where it was stopped.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/run/interruption.hpp"
#include "bench/run/plan.hpp"
#include "bench/run/progress.hpp"
#include "bench/run/store.hpp"

namespace bench::run {

/// How a run is carried out.
struct Means {
  std::filesystem::path bench_folder;          ///< where the bench binaries are
  std::chrono::milliseconds patience{60'000};  ///< see stall_limit()
};

/// How a run ended.
struct Result {
  bool complete = false;
  std::optional<int> signal;          ///< that stopped it
  std::vector<std::string> problems;  ///< binaries that died, hung or wrote nonsense; a full disk
  std::vector<Failure> failures;      ///< of every round that is there

  /// What the command leaves with: ExitCode, or 128 + signal.
  [[nodiscard]] int exit_code() const;
};

/// What of a run is still to do, as predicted time.
std::chrono::milliseconds predicted_rest(const Plan& plan, const RunDirectory& directory);

/// Measures what is missing, round by round, and says in the directory how it ended. A binary that
/// dies, hangs or writes nonsense is a problem, and the run goes on; a signal or a disk that cannot
/// be written ends it. Makes this process a subreaper.
Result carry_out(const Plan& plan, RunDirectory& directory, const Means& means,
                 Interruption& interruption, Progress& progress);

}  // namespace bench::run
