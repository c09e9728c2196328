// Cases: one measure of one backend under fixed parameters, and what came out.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/harness/fixed_form.hpp"
#include "bench/harness/floor.hpp"
#include "bench/harness/histogram.hpp"
#include "bench/harness/peers.hpp"
#include "bench/harness/placement.hpp"
#include "bench/harness/sampling.hpp"
#include "ipc/os/availability.hpp"

namespace bench {

/// The result of a case, as a row of Google Benchmark's: ns an operation, how many were timed,
/// counters.
struct Outcome {
  double operation_ns = 0;
  std::int64_t operations = 0;
  std::map<std::string, double> counters;
  std::optional<Histogram> histogram;
  std::map<std::string, Histogram> series;  ///< distributions beside it, by name
  std::int64_t operations_per_sample = 1;
  std::size_t peers = 0;
  bool all_use_known = true;                ///< not of children that the kernel reaped itself
  std::chrono::nanoseconds stood_still{0};  ///< of the whole case, at least
  std::vector<Repetition> repetitions;
  std::vector<Anchor> anchors;                     ///< before each and after the last
  std::vector<std::vector<std::int64_t>> counted;  ///< by peer and repetition, where all count

  std::optional<std::pair<double, double>> line_ns;  ///< see line_round_trip_ns(); before, after
  std::vector<std::string> labels;                   ///< what to know of the result
  std::vector<std::string> not_comparable;           ///< why it may not be held against others

  /// Takes over a distribution: its percentiles become latency_ns_* counters.
  void set_samples(const Samples& samples);
  /// Takes over what the peers used, a share an operation, and the repetitions, whose typical
  /// time an operation is the result.
  void set_report(const PeersReport& report);
};

/// The counter that says how much of it an operation takes.
std::string per_operation(const std::string& what);

/// One row of a binary's matrix.
struct Case {
  CaseId id;
  bool quick = false;                  ///< held by the quick preset
  bool control = false;                ///< a negative control: see Matrix::Row
  std::chrono::milliseconds setup{0};  ///< expected time outside the window, beyond the usual
  ipc::os::Unavailable reason;         ///< why it cannot run here
  std::vector<int> cpus;               ///< of its peers; none: the scheduler's choice
  Bound bound = Bound::none;           ///< what holds it back, see floor_of()
  FixedForm fixed;                     ///< with how many operations, where counts are fixed
  std::string why_off_path;            ///< why the preset path lacks it; empty: it holds it
  std::function<Outcome(const Window&)> run;  ///< throws CaseFailed, or any std::exception
};

/// Runs a case for one window more, in which the events are counted, and puts what an operation
/// took of each beside the counters of the outcome. Does nothing without events.
void count_events(const Case& one, Window window, const PerfPlan& events, Outcome& outcome);

/// The cases of one binary, collected over backends and placements.
class Matrix {
 public:
  explicit Matrix(std::string measure) : measure_(std::move(measure)) {}

  /// Adds a case for each placement; quick ones are in the quick preset where `quick` holds and the
  /// placement is one of the two that the preset measures.
  struct Row {
    std::string noun;
    std::string backend;
    std::vector<std::pair<std::string, std::string>> parameters;
    bool quick = false;
    std::chrono::milliseconds setup{0};
    ipc::os::Unavailable reason;
    std::function<Outcome(const Window&, Placement)> run;
    Bound bound = Bound::none;
    bool control = false;  ///< where quick, every run holds it: no kernel or library moves it
    bool on_path = false;  ///< in the preset path though not quick
  };
  void add(const Row& row, std::span<const Placement> placements, std::span<const Placement> quick);
  /// Adds the one case of a pair of CPUs, which become its last parameter.
  void add_pair(Row row, int first, int second);

  [[nodiscard]] const std::vector<Case>& cases() const { return cases_; }

 private:
  std::string measure_;
  std::vector<Case> cases_;
};

/// For two or more peers: all placements, of which quick measures the two that every machine with
/// two cores has. For a single process: bound to one CPU, or not bound.
inline constexpr std::array kQuickPlacements{Placement::same_core, Placement::cross_core};
inline constexpr std::array kSolePlacements{Placement::same_core, Placement::unpinned};

}  // namespace bench
