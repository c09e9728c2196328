// The rules by which a machine is judged, one a fact.
#pragma once

#include <span>
#include <string>

#include "bench/run/check.hpp"

namespace bench::run {

struct Verdict {
  Grade grade;
  std::string found;
};

/// A fact and how it is judged; the judge sees it only when it is known.
struct Rule {
  const char* topic;
  const char* group;
  const char* key;
  Verdict (*judge)(const Json& fact, const Json& all);
  const char* effect;
  const char* remedy;
};

std::span<const Rule> rules();

/// The limits of what counts as an idle, settled machine; a run is held against them as well.
inline constexpr double kMostLoadPerCpu = 0.1;
inline constexpr double kMostPressurePercent = 2;
inline constexpr double kMostStealPercent = 0.5;
inline constexpr double kSettledAfter_s = 120;

/// A fact as a person reads it.
std::string text_of(const Json& fact);

/// The number, or what makes every comparison false when it is none.
double number_of(const Json& fact);

}  // namespace bench::run
