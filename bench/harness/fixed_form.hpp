// With how many operations a case is measured where counts are fixed, as in the preset path.
#pragma once

#include <cstdint>
#include <string>

#include "bench/harness/floor.hpp"

namespace bench {

/// Of one repetition and of the warm-up before the first; or why the case has no such form.
struct FixedForm {
  std::int64_t operations = 0;
  std::int64_t warmup = 0;
  std::string why_none;  ///< empty where there are operations

  /// Of another number of operations: in the same proportion.
  [[nodiscard]] std::int64_t warmup_of(std::int64_t others) const {
    return others * warmup / operations;
  }
};

/// By measure and parameters: about 10^6 to 10^7 instructions a repetition, fewer where an
/// operation starts processes.
FixedForm fixed_form(const CaseId& id);

}  // namespace bench
