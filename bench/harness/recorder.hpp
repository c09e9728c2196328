// What a binary writes beside Google Benchmark's rows: distributions and repetitions.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "bench/harness/case.hpp"
#include "bench/harness/json_file.hpp"
#include "bench/harness/unforked_text.hpp"

namespace bench {

/// Where it writes; an empty name: nowhere.
struct RecordFiles {
  std::string histograms;
  std::string repetitions;
  std::string markers;      ///< the names of the markers' numbers
  std::string unit = "ns";  ///< of what the clock counts
  int progress_fd = -1;     ///< gets a line a case
  /// Counters of 0 are left out: of several repetitions the library computes a coefficient of
  /// variation, which of zeros is NaN, and writes that as JSON that nobody can read.
  bool without_zeros = false;
};

/// Fixed counts instead of windows of time: the case's own, or others.
struct FixedCounts {
  bool wanted = false;
  std::optional<std::int64_t> operations;
  std::optional<std::int64_t> warmup_operations;
};

/// The numbers that the markers of cases carry; none: without markers.
using MarkerNumbers = std::map<std::string, std::uint16_t>;

/// Runs cases for Google Benchmark and keeps what its rows have no room for (reports/FORMAT.md).
class Recorder {
 public:
  Recorder(std::string binary, RecordFiles files, const Window& window, FixedCounts counts = {},
           MarkerNumbers markers = {}, PerfPlan events = {})
      : binary_(std::move(binary)),
        files_(std::move(files)),
        window_(window),
        counts_(counts),
        markers_(std::move(markers)),
        events_(std::move(events)) {}

  /// Goes once through all that happens after a measurement, with one that was not made, and
  /// forgets it. What this touches for good (stack, tables) is copied by every later fork: without
  /// it, the first case of a process would have cheaper forks than those after it (by 5 %). What it
  /// gives back, every case hands to the kernel before it begins; else the first one's were dearer.
  void rehearse();
  /// Measures the case as one repetition of the library's.
  void run(const Case& one, benchmark::State& state);
  /// Throws std::system_error.
  void write() const;

 private:
  [[nodiscard]] Window window_of(const Case& one) const;
  void keep(const std::string& name, int repetition, const Outcome& outcome);
  static void add(UnforkedText& list, const Json& one);
  void keep(const std::string& name, int repetition, const std::string& series,
            const Histogram& all, std::int64_t operations_per_sample);
  void progress(std::string line) const;

  std::string binary_;
  RecordFiles files_;
  Window window_;
  FixedCounts counts_;
  MarkerNumbers markers_;
  PerfPlan events_;  ///< counted in a window of their own, after those that are timed
  std::map<std::string, int> repetitions_;
  UnforkedText histograms_, cases_;  ///< the elements of lists, as JSON
};

}  // namespace bench
