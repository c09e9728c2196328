// The main of every bench binary: a Google Benchmark program over a matrix of cases.
#pragma once

#include <string>
#include <vector>

#include "bench/harness/case.hpp"

namespace bench {

/// Runs the binary: Google Benchmark's flags work as in any program of its kind, and these of its
/// own:
///   --catalogue          print all cases as JSON, with the reason of those that cannot run here
///   --cases=FILE         run exactly the cases named in FILE, one a line, in that order
///   --histograms=FILE    write the full distributions as JSON
///   --progress_fd=N      write a line to that descriptor after each case
///   --window_ms, --warmup_ms, --grace_ms
/// Cases that cannot run here are left out and counted on stderr. Gives the exit code.
int run_program(const std::string& binary, const std::vector<Case>& cases, int argc, char** argv);

}  // namespace bench
