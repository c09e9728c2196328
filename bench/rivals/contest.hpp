// Contests: one operation done by several sides in the same rounds, and what their ratios must be.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/harness/peers.hpp"
#include "bench/harness/placement.hpp"
#include "ipc/os/availability.hpp"

namespace bench::rivals {

/// How the peers of a side wait for each other; `none` where nobody ever waits.
enum class Waiting { none, spinning, blocking, adaptive };
std::string_view name(Waiting waiting);

/// One way to do a contest's operation.
struct Side {
  std::string name;
  Waiting waiting = Waiting::none;
  ipc::os::Unavailable reason;  ///< why it cannot be had here
  /// In processes of its own; gives the ns that one operation takes. Throws CaseFailed.
  std::function<double(const Window&, Placement)> operation_ns;
};

/// What the times of one side, divided by those of another in the same round, must come to.
struct Figure {
  enum class Kind {
    times_as_long,  ///< ours / rival, at most the goal
    times_as_fast,  ///< rival / ours, at least the goal
    agrees,         ///< ours / rival, no further from 1 than the goal
  };
  std::string ours;
  std::string rival;
  Kind kind = Kind::times_as_long;
  std::optional<double> goal;  ///< none: only to be seen

  [[nodiscard]] double ratio(double ours_ns, double rival_ns) const {
    return kind == Kind::times_as_fast ? rival_ns / ours_ns : ours_ns / rival_ns;
  }
  [[nodiscard]] bool is_reached_by(double ratio) const;
};
inline Figure at_most(double goal, std::string ours, std::string rival) {
  return {std::move(ours), std::move(rival), Figure::Kind::times_as_long, goal};
}
inline Figure at_least(double goal, std::string ours, std::string rival) {
  return {std::move(ours), std::move(rival), Figure::Kind::times_as_fast, goal};
}

/// Two that measure the same, and should come within `share` of each other.
inline Figure agrees(double share, std::string ours, std::string rival) {
  return {std::move(ours), std::move(rival), Figure::Kind::agrees, share};
}
/// How many times as fast one is as the other: a ratio of rivals, that ours are measured by.
inline Figure shown(std::string one, std::string other) {
  return {std::move(one), std::move(other), Figure::Kind::times_as_fast, std::nullopt};
}

/// Sides that are compared, so that all of them are measured within one moment of a round.
struct Contest {
  std::string name;
  Placement placement = Placement::unpinned;
  std::vector<Side> sides;
  std::vector<Figure> figures;
  std::string note = {};  ///< what a reader of the ratios has to know

  [[nodiscard]] const Side& side(std::string_view wanted) const;
};

/// From the least to the most, both included.
struct Range {
  double least = 0;
  double most = 0;
};

/// The tenth, the half and nine tenths of what was measured lie at or below these.
struct Spread {
  double p10 = 0;
  double p50 = 0;
  double p90 = 0;
};
/// Of at least one value; between two values it interpolates.
Spread spread_of(std::vector<double> values);

/// What the rounds gave.
struct Score {
  const Contest* contest;
  /// For each side its ns in each round; NaN where it failed or does not exist here.
  std::vector<std::vector<double>> side_ns;
  /// For each round how long a cache line took there and back between the CPUs of a contest across
  /// cores; NaN for others, and where that was not probed.
  std::vector<double> line_ns;
  /// For each side why it failed last, if it did.
  std::vector<std::string> failures;

  explicit Score(const Contest& of)
      : contest(&of), side_ns(of.sides.size()), failures(of.sides.size()) {}
  [[nodiscard]] const std::vector<double>& ns_of(std::string_view side) const;
  /// The ratios of the rounds in which both sides were measured, of those alone whose cache line
  /// took no less and no more than that where it is given.
  [[nodiscard]] std::vector<double> ratios(const Figure& figure,
                                           std::optional<Range> line_ns = {}) const;
};

/// A virtual machine's CPUs may be two threads of one core at times, and of two cores at others:
/// then cache lines take several times as long. Where these times lie in two such groups, the range
/// of each; else nothing.
std::optional<std::pair<Range, Range>> two_modes(const std::vector<Score>& scores);

struct Schedule {
  int rounds = 30;
  std::uint64_t seed = 1;
  Window window;
  std::function<void(int round)> before_round = [](int) {};
  /// Gives a Score's line_ns, directly before the sides of its contest.
  std::function<double(Placement)> probe_line_ns = nullptr;
};

/// Measures every side of every contest once a round, each in fresh processes. Contests follow each
/// other in random order, and the sides of one directly, in random order too. A side that fails is
/// measured again in the next round. The caller must be a subreaper without other children.
std::vector<Score> hold(const std::vector<Contest>& contests, const Schedule& schedule);

}  // namespace bench::rivals
