// What a run will measure, and how long that takes.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "bench/run/catalogue.hpp"

namespace bench::run {

/// What was asked.
struct Settings {
  std::string preset = "default";
  std::string filter;  ///< empty: none
  int rounds = 0;
  int window_ms = 0;
  int warmup_ms = 0;
};

/// The settings of a preset, "quick" or "default".
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

/// What a run measures: in every round each binary once.
struct Plan {
  Settings settings;
  std::vector<BinaryPlan> binaries;
  std::vector<NotMeasurable> not_measurable;

  [[nodiscard]] std::size_t cases() const;
};

/// Picks the cases of the preset and the filter. Throws Unusable when none is left.
Plan make_plan(const Catalogue& catalogue, const Settings& settings);

/// Expected time of one case, and of one binary in one round.
std::chrono::milliseconds predicted(const Case& one, const Settings& settings);
std::chrono::milliseconds predicted(const BinaryPlan& part, const Settings& settings);

/// How long a binary may stay silent before it counts as hung: `patience` on top of what its
/// longest case may take.
std::chrono::milliseconds stall_limit(const BinaryPlan& part, const Settings& settings,
                                      std::chrono::milliseconds patience);

/// "3 min 20 s", "45 s", "1 h 5 min".
std::string to_text(std::chrono::milliseconds time);

/// "1 case", "2 cases".
std::string counted(std::size_t number, const char* one, const char* many);

}  // namespace bench::run
