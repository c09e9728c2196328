// Runs one line in a process of its own, and looks whether anything is left of it.
#pragma once

#include <functional>

#include "ipc/soak/lines.hpp"

namespace ipc::soak {

/// How a line went.
struct Outcome {
  long kills = 0;
  long operations = 0;
  long lost = 0;
  double longest_wait_ms = 0;
  bool interrupted = false;
  std::string failure;  ///< empty when it went well
};

/// For as long as that, unless `is_interrupted` says so earlier. The calling process must be a
/// subreaper without other children: none is left when this returns.
Outcome run_line(const LineEntry& entry, std::uint64_t seed, os::Duration time,
                 const std::function<bool()>& is_interrupted);

}  // namespace ipc::soak
