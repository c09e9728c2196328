// The anchor: how fast this CPU computes just now.
#pragma once

#include <chrono>
#include <cstdint>

namespace bench {

/// One look at it: ns for 1000 turns of a loop of dependent arithmetic, which touches no memory and
/// makes no system call. What slows it slows everything on this CPU: its clock, the other thread of
/// its core, a hypervisor.
struct Anchor {
  double min_ns = 0;     ///< of the quickest of many short pieces
  double median_ns = 0;  ///< of the typical one
};

/// Loops for about that long, in at least eight pieces.
Anchor take_anchor(std::chrono::nanoseconds time);

/// Keeps the CPU busy with as many turns of the same loop.
void turn_anchor(std::int64_t turns);

}  // namespace bench
