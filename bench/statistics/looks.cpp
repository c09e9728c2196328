#include "bench/statistics/looks.hpp"

#include <algorithm>

namespace bench::statistics {

Decision decide(std::span<const Look> looks, std::size_t pairs, double p) {
  const auto look = std::ranges::find(looks, pairs, &Look::pairs);
  if (look != looks.end() && p < look->alpha) return Decision::significant;
  return looks.empty() || pairs >= looks.back().pairs ? Decision::ended : Decision::go_on;
}

}  // namespace bench::statistics
