#include "bench/harness/samples.hpp"

namespace bench {

void Samples::clear() noexcept {
  histogram.clear();
  of_repetition.clear();
}

Quantiles Samples::close_repetition() noexcept {
  const auto each = static_cast<double>(operations_per_sample);
  const auto at = [&](double percent) {
    return static_cast<double>(of_repetition.percentile(percent)) / each;
  };
  const Quantiles quantiles{
      static_cast<double>(of_repetition.min()) / each, at(10), at(50), at(90), at(99), at(99.9),
      static_cast<double>(of_repetition.max()) / each};
  histogram.add(of_repetition);
  of_repetition.clear();
  return quantiles;
}

}  // namespace bench
