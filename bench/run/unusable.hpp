// The error of a request that cannot be carried out as it was made.
#pragma once

#include <stdexcept>

namespace bench::run {

/// What was asked cannot be done; one line says what is wrong and what to do. Nothing was changed.
struct Unusable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How the command leaves.
enum ExitCode { kFine = 0, kWithProblems = 1, kCannotStart = 2, kSignalBase = 128 };

}  // namespace bench::run
