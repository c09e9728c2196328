// The themes of measures `fork_cost` and `lifecycle`; each adds its rows, and stands in the file of
// its name.
#pragma once

#include <array>
#include <string_view>

#include "bench/harness/case.hpp"
#include "bench/parent_memory.hpp"

namespace bench::fork_cost {

inline constexpr std::string_view kNoun = "process";

/// For what does not depend on whether the parent is bound.
inline constexpr std::array kOneCpu{Placement::same_core};
inline constexpr std::array<Placement, 0> kNever{};

void add_starts(Matrix& matrix);        ///< each starter, by the parent's touched memory
void add_mappings(Matrix& matrix);      ///< a parent whose memory lies in many mappings
void add_copied_pages(Matrix& matrix);  ///< a child that writes to pages it shares with its parent
void add_reaping(Matrix& matrix);       ///< ways to learn of a child's end
void add_zombies(Matrix& matrix);       ///< other children that have ended and are not reaped
void add_parts(Matrix& matrix);         ///< where the time between start and reaping goes
void add_lifecycles(Matrix& matrix);    ///< create, attach and destroy an object of each kind

}  // namespace bench::fork_cost
