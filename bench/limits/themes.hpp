// The themes of measure `limits`; each adds its rows, and stands in the file of its name.
#pragma once

#include <array>

#include "bench/harness/case.hpp"

namespace bench::limits {

/// For what one bound process does, and for two that share its CPU.
inline constexpr std::array kOneCpu{Placement::same_core};

void add_turns(Matrix& matrix);        ///< a turn handed to a peer and back, spinning or asleep
void add_calls(Matrix& matrix);        ///< system call, clock, cycle counter
void add_bare_twins(Matrix& matrix);   ///< what is left of our operations without the library
void add_copies(Matrix& matrix);       ///< memory copied, in one process and between two
void add_page_faults(Matrix& matrix);  ///< the first touch of a page
void add_children(Matrix& matrix);     ///< fork, vfork, thread, ended and reaped

}  // namespace bench::limits
