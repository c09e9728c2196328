// The parts of starting a child and reaping it, from four readings of one clock.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <stdexcept>

namespace bench::fork_cost {

/// Readings of CLOCK_MONOTONIC, which all CPUs agree on; the two of the child lie in memory that it
/// shares with its parent.
struct Readings {
  std::int64_t called = 0;    ///< before the call that makes the child
  std::int64_t returned = 0;  ///< that call is back in the parent
  std::int64_t first = 0;     ///< the child's first instruction
  std::int64_t last = 0;      ///< the child's last instruction before it leaves
  std::int64_t reaped = 0;    ///< the parent has the status
};

/// Times in ns. Three of them follow one another along the child, and add up to the whole; the
/// parent's return runs beside them.
struct Parts {
  std::int64_t to_return = 0;  ///< from the call to its return in the parent
  std::int64_t to_first = 0;   ///< from the call to the child's first instruction
  std::int64_t to_exit = 0;    ///< from its first instruction to its last
  std::int64_t to_reap = 0;    ///< from its last instruction until it is reaped

  [[nodiscard]] std::int64_t whole() const { return to_first + to_exit + to_reap; }
};

/// Throws std::runtime_error when the readings are missing or not in the order of what they tell.
inline Parts parts_of(const Readings& r) {
  const bool in_order = 0 < r.called && r.called <= r.first && r.first <= r.last &&
                        r.last <= r.reaped && r.called <= r.returned && r.returned <= r.reaped;
  if (!in_order)
    throw std::runtime_error(
        fmt::format("clock readings out of order: called {}, returned {}, first {}, last {}, "
                    "reaped {}",
                    r.called, r.returned, r.first, r.last, r.reaped));
  return {r.returned - r.called, r.first - r.called, r.last - r.first, r.reaped - r.last};
}

}  // namespace bench::fork_cost
