// What a peer measured: times of operations, or a count of them.
#pragma once

#include <cstdint>

#include "bench/harness/histogram.hpp"
#include "bench/harness/repetition.hpp"

namespace bench {

/// The samples of one peer, in shared memory so that the coordinator sees them.
struct Samples {
  Histogram histogram;      ///< ns a sample, a sample being `operations_per_sample` operations
  Histogram of_repetition;  ///< of the repetition that is under way; `histogram` holds those before
  std::int64_t operations_per_sample = 1;

  /// Clears both, so that no page fault falls into a timed window.
  void clear() noexcept;
  void record(std::int64_t ns) noexcept { of_repetition.record(static_cast<std::uint64_t>(ns)); }
  /// Takes the repetition's samples over to the others; gives its quantiles, an operation.
  Quantiles close_repetition() noexcept;
};

/// What a peer did inside its windows.
struct Count {
  std::int64_t operations = 0;
  std::int64_t elapsed_ns = 0;  ///< from its first to its last operation in each
};

}  // namespace bench
