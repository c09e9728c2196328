// What this program was built from and with.
#pragma once

#include <string>

namespace bench {

/// Facts of the build, fixed when the program was compiled.
struct BuildInfo {
  std::string version;            ///< of ipcmark, e.g. "0.1.0"
  std::string git_sha;            ///< "unknown" when built outside a checkout
  bool git_dirty = false;         ///< the checkout had changes that no commit holds
  std::string build_type;         ///< "Release", "Debug", ...
  std::string compiler;           ///< e.g. "GNU 12.2.0"
  std::string compiler_flags;     ///< of every source file
  std::string benchmark_version;  ///< of Google Benchmark, as its package says
  bool lto = false;               ///< optimised across sources when linked
};

const BuildInfo& build_info();

/// True for a build whose results mean nothing: not optimised, assertions or sanitizers on.
bool is_debug_build();

}  // namespace bench
