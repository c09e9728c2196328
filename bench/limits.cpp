// Limits: what the hardware and the kernel allow, with nothing of the library in between. The
// other binaries' cases are held against these (bench/harness/floor.hpp).
#include "bench/binaries.hpp"
#include "bench/limits/themes.hpp"

namespace bench {

std::vector<Case> limits_cases() {
  Matrix matrix{std::string(kLimits)};
  limits::add_turns(matrix);
  limits::add_calls(matrix);
  limits::add_bare_twins(matrix);
  limits::add_copies(matrix);
  limits::add_page_faults(matrix);
  limits::add_children(matrix);
  return matrix.cases();
}

}  // namespace bench
