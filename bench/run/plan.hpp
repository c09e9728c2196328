// What a run will measure, and how long that takes.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/run/catalogue.hpp"

namespace bench::run {

/// What was asked.
struct Settings {
  std::string preset = "default";
  std::string filter;   ///< empty: none
  int rounds = 0;       ///< processes a case
  int repetitions = 0;  ///< timed windows a process
  int window_ms = 0;
  int warmup_ms = 0;
  int anchor_us = 0;
  std::uint64_t seed = 0;      ///< of the order of the cases in each round
  std::string clock = "wall";  ///< what the machine's clock counts, one of kClocks
  bool markers = false;        ///< executed around what is measured (bench/harness/marker.hpp)

  /// Of operations, not of time: `window_ms`, `warmup_ms` and `anchor_us` say nothing.
  [[nodiscard]] bool has_fixed_counts() const { return preset == kPath; }

  static constexpr const char* kPath = "path";
};

inline constexpr std::array kPresets{"quick", "default", "rigorous", Settings::kPath};
inline constexpr const char* kInstructions = "instructions";
inline constexpr std::array kClocks{"wall", kInstructions};

/// The settings of a preset, one of kPresets; the seed is left at 0, and is 1 for the path, which
/// is to be the same from run to run.
Settings preset_settings(const std::string& preset);

/// One binary's share of a round: at least one case, in order.
struct BinaryPlan {
  std::string binary;
  std::vector<Case> cases;
};

struct NotMeasurable {
  std::string name;
  std::string reason;
};

/// What a run measures: in every round each case once, in a fresh process.
struct Plan {
  Settings settings;
  std::vector<BinaryPlan> binaries;
  std::vector<NotMeasurable> not_measurable;

  [[nodiscard]] std::size_t cases() const;
};

/// Picks the cases of the preset and the filter, and the negative controls. Throws Unusable when
/// none but these is left.
Plan make_plan(const Catalogue& catalogue, const Settings& settings);

/// The cases of a round in the order in which it measures them: another one in every round, the
/// same one for the same seed.
std::vector<Case> shuffled(const Plan& plan, int round);

/// Expected time of a case in one round, and of starting a binary.
std::chrono::milliseconds predicted(const Case& one, const Settings& settings);
inline constexpr std::chrono::milliseconds kBinaryStart{40};

/// "3 min 20 s", "45 s", "1 h 5 min".
std::string to_text(std::chrono::milliseconds time);

/// "1 case", "2 cases".
std::string counted(std::size_t number, const char* one, const char* many);

}  // namespace bench::run
