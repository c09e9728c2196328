#include "bench/statistics/density.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>
#include <numeric>

namespace bench::statistics {

namespace {

constexpr double kLeastWidth = 0.04;
constexpr double kClockSteps = 0.6;  // of a width, leave hardly a ripple
constexpr double kMostSteps = 1;     // for what is shorter than a step
constexpr double kPointsAWidth = 4;
constexpr double kReach = 4;  // of a kernel, in widths
/// Histograms keep three digits.
constexpr double kRounding = 0.001;

double total(std::span<const Bucket> buckets) {
  return std::accumulate(buckets.begin(), buckets.end(), 0.0, [](double sum, const Bucket& one) {
    return sum + static_cast<double>(one.count);
  });
}

/// The distance on the axis within which the narrowest `share` of the samples lies.
double narrowest(std::span<const Bucket> sorted, double share) {
  const double wanted = share * total(sorted);
  double least = std::log(sorted.back().value / sorted.front().value), inside = 0;
  for (std::size_t first = 0, next = 0; next < sorted.size();) {
    inside += static_cast<double>(sorted[next++].count);
    while (inside - static_cast<double>(sorted[first].count) >= wanted)
      inside -= static_cast<double>(sorted[first++].count);
    if (inside >= wanted)
      least = std::min(least, std::log(sorted[next - 1].value / sorted[first].value));
  }
  return least;
}

/// Silverman's rule, with the deviation of a normal distribution whose middle quarter is as wide.
double smoothing_width(std::span<const Bucket> sorted) {
  constexpr double kQuarter = 0.637;  // deviations
  const double deviation = narrowest(sorted, 0.25) / kQuarter;
  return std::max(kLeastWidth, 1.06 * deviation * std::pow(total(sorted), -0.2));
}

/// Values as near to each other as rounding makes them.
struct Spike {
  double low = 0, high = 0, count = 0;
  [[nodiscard]] double middle() const { return (low + high) / 2; }
  [[nodiscard]] bool is_narrow(double resolution) const {
    return high - low <= resolution + 2 * kRounding * high;
  }
};

std::vector<Spike> spikes_of(std::span<const Bucket> sorted, double resolution) {
  std::vector<Spike> spikes;
  for (const auto& [value, count] : sorted) {
    const auto samples = static_cast<double>(count);
    if (spikes.empty() || value - spikes.back().high > resolution + kRounding * value)
      spikes.push_back({value, value, samples});
    else
      spikes.back() = {spikes.back().low, value, spikes.back().count + samples};
  }
  return spikes;
}

/// How well spikes sit on the multiples of a step, which is refined on the way.
struct Lattice {
  double step = 0;
  double on = 0, off = 0;  // samples
  int neighbours = 0;      // multiples that follow one another

  void fit(std::span<const Spike> spikes, double resolution) {
    double products = 0, squares = 0, last = -1;
    for (const Spike& spike : spikes) {
      const double tolerance = resolution + kRounding * spike.high;
      if (tolerance > step / 4) break;  // anything would fit
      const double multiple = std::round(spike.middle() / step);
      const double error =
          squares > 0 ? tolerance : tolerance * multiple;  // of a step from one gap
      if (!spike.is_narrow(resolution) || std::abs(spike.middle() - multiple * step) > error) {
        off += spike.count;
        continue;
      }
      on += spike.count;
      products += multiple * spike.middle();
      squares += multiple * multiple;
      if (squares > 0) step = products / squares;
      if (multiple == last + 1) ++neighbours;
      last = multiple;
    }
  }
};

/// The sum of a normal kernel for every sample, which lies at a point, as wide as asked there.
std::vector<double> smoothed(std::span<const double> samples, std::span<const double> widths,
                             double step) {
  std::vector<double> height(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (samples[i] == 0) continue;
    const double width = widths[i] / step;  // in points
    const double top = samples[i] / (widths[i] * std::sqrt(2 * std::numbers::pi));
    const auto reach = static_cast<std::size_t>(kReach * width);
    for (std::size_t j = i - std::min(i, reach); j < std::min(samples.size(), i + reach + 1); ++j) {
      const double away = (static_cast<double>(j) - static_cast<double>(i)) / width;
      height[j] += top * std::exp(-away * away / 2);
    }
  }
  return height;
}

}  // namespace

double Density::value_at(std::size_t point) const {
  return std::exp(first_log + step * static_cast<double>(point));
}

std::size_t Density::point_of(double value) const {
  const double at = std::round((std::log(value) - first_log) / step);
  return static_cast<std::size_t>(std::clamp(at, 0.0, static_cast<double>(height.size() - 1)));
}

double clock_step(std::span<const Bucket> sorted, double resolution) {
  const auto spikes = spikes_of(sorted, resolution);
  const double all = total(sorted);
  double gap = 0;
  for (std::size_t i = 1; i < spikes.size(); ++i) {
    if (std::min(spikes[i - 1].count, spikes[i].count) < kRounding * all) continue;
    const double here = spikes[i].middle() - spikes[i - 1].middle();
    gap = gap > 0 ? std::min(gap, here) : here;
  }
  if (gap <= 4 * resolution) return resolution;
  Lattice lattice{.step = gap};
  lattice.fit(spikes, resolution);
  const bool is_one = lattice.neighbours >= 2 && lattice.on >= all / 2 &&
                      lattice.on >= 0.95 * (lattice.on + lattice.off);
  return is_one ? lattice.step : resolution;
}

Density density(std::span<const Bucket> sorted, double clock_step) {
  assert(!sorted.empty() && sorted.front().value > 0);
  const double least = smoothing_width(sorted);
  const double margin = kReach * std::max(least, kMostSteps);
  Density result;
  result.first_log = std::log(sorted.front().value) - margin;
  result.step = least / kPointsAWidth;
  const double last = std::log(sorted.back().value) + margin;
  std::vector<double> samples(static_cast<std::size_t>((last - result.first_log) / result.step) +
                              2);
  std::vector<double> widths(samples.size());
  result.height.resize(samples.size());
  for (const auto& [value, count] : sorted)
    samples[result.point_of(value)] += static_cast<double>(count);
  for (std::size_t i = 0; i < widths.size(); ++i)
    widths[i] =
        std::max(least, std::min(kMostSteps, kClockSteps * clock_step / result.value_at(i)));
  result.height = smoothed(samples, widths, result.step);
  for (std::size_t i = 0; i < widths.size(); ++i)
    result.variance.push_back(result.height[i] / (2 * std::sqrt(std::numbers::pi) * widths[i]));
  return result;
}

}  // namespace bench::statistics
