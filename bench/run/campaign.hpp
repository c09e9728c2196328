// A run from its first round to its last, or to the point where it was stopped.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "bench/run/interruption.hpp"
#include "bench/run/plan.hpp"
#include "bench/run/progress.hpp"
#include "bench/run/store.hpp"

namespace bench::run {

/// One of the things that are measured in turn: a plan, carried out by a bundle of binaries into a
/// directory.
struct Side {
  const Plan* plan = nullptr;
  RunDirectory* directory = nullptr;
  std::filesystem::path bundle;        ///< the folder of the bench binaries
  std::vector<std::string> arguments;  ///< for every binary, beside the plan's
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

/// What of it is still to do, as predicted time.
std::chrono::milliseconds predicted_rest(std::span<const Side> sides);

/// Called after a round with its number; gives the cases that need no further rounds.
using AfterRound = std::function<std::set<std::string>(int)>;

/// Measures what is missing, round by round, and says in the directories how it ended. In a round
/// all binaries of all sides are started and take turns, one case at a time: the cases in random
/// order, and the sides of one case directly after each other, also in random order. All sides have
/// the settings of the first. A binary that dies, is silent for `patience` longer than its case may
/// take, or writes nonsense is a problem, and the run goes on; a signal or a disk that cannot be
/// written ends it, and what was measured is written. Makes this process a subreaper.
Result carry_out(std::span<const Side> sides, std::chrono::milliseconds patience,
                 Interruption& interruption, Progress& progress,
                 const AfterRound& after_round = {});

}  // namespace bench::run
