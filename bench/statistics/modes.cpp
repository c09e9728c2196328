#include "bench/statistics/modes.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <optional>

namespace bench::statistics {

namespace {

constexpr double kValley = 0.7;  // of the lower peak
// Less is a tail: of all samples, and of the highest peak.
constexpr double kLeastShare = 0.05;
constexpr double kLeastHeight = 0.03;
constexpr double kDeviations = 3.5;  // that a valley is deeper than chance makes it

/// One of several side by side, from the valley before it to the next one's.
struct Hill {
  std::size_t begin = 0;
  std::size_t peak = 0;
};

std::vector<Hill> hills_of(const Density& density) {
  std::vector<Hill> hills;
  bool was_rising = false;
  for (std::size_t i = 1; i < density.height.size(); ++i) {
    if (density.height[i] == density.height[i - 1]) continue;  // nothing between far hills
    const bool is_rising = density.height[i] > density.height[i - 1];
    if (is_rising && !was_rising) hills.push_back({i - 1, i});
    if (is_rising) hills.back().peak = i;
    was_rising = is_rising;
  }
  return hills;
}

std::size_t lower_peak(const Density& density, const Hill& left, const Hill& right) {
  return density.height[left.peak] < density.height[right.peak] ? left.peak : right.peak;
}

/// The valley between two hills, of the lower one's height.
double valley_share(const Density& density, const Hill& left, const Hill& right) {
  return density.height[right.begin] / density.height[lower_peak(density, left, right)];
}

bool are_apart(const Density& density, const Hill& left, const Hill& right) {
  const std::size_t peak = lower_peak(density, left, right), valley = right.begin;
  const double deviation = std::sqrt(density.variance[peak] + density.variance[valley]);
  return valley_share(density, left, right) < kValley &&
         density.height[peak] - density.height[valley] > kDeviations * deviation;
}

/// Makes hill `right` and the one before it one.
void join(const Density& density, std::vector<Hill>& hills, std::size_t right) {
  Hill& left = hills[right - 1];
  if (density.height[hills[right].peak] > density.height[left.peak]) left.peak = hills[right].peak;
  hills.erase(hills.begin() + static_cast<std::ptrdiff_t>(right));
}

/// Joins hills with no valley between them, the shallowest valleys first.
void join_shallow(const Density& density, std::vector<Hill>& hills) {
  while (true) {
    std::size_t shallowest = 0;
    double left = -1;
    for (std::size_t i = 1; i < hills.size(); ++i) {
      const double here = valley_share(density, hills[i - 1], hills[i]);
      if (here <= left || are_apart(density, hills[i - 1], hills[i])) continue;
      shallowest = i;
      left = here;
    }
    if (shallowest == 0) return;
    join(density, hills, shallowest);
  }
}

std::vector<Mode> modes_of(const Density& density, const std::vector<Hill>& hills,
                           std::span<const Bucket> sorted) {
  std::vector<Mode> modes(hills.size());
  for (std::size_t i = 0; i < hills.size(); ++i)
    modes[i].location = density.value_at(hills[i].peak);
  double total = 0;
  std::size_t at = 0;
  for (const auto& [value, count] : sorted) {
    while (at + 1 < hills.size() && density.point_of(value) >= hills[at + 1].begin) ++at;
    if (modes[at].share == 0) modes[at].low = value;
    modes[at].high = value;
    modes[at].share += static_cast<double>(count);
    total += static_cast<double>(count);
  }
  for (Mode& mode : modes) mode.share /= total;
  return modes;
}

/// The smallest of those that are a tail; nothing when all are modes.
std::optional<std::size_t> smallest_tail(const Density& density, std::span<const Hill> hills,
                                         std::span<const Mode> modes) {
  const double highest = std::ranges::max(density.height);
  std::optional<std::size_t> smallest;
  for (std::size_t i = 0; i < hills.size(); ++i) {
    if (modes[i].share >= kLeastShare && density.height[hills[i].peak] >= kLeastHeight * highest)
      continue;
    if (!smallest || modes[i].share < modes[*smallest].share) smallest = i;
  }
  return smallest;
}

/// Joins tails to what lies beyond the higher valley beside them, the smallest first.
std::vector<Mode> join_tails(const Density& density, std::vector<Hill> hills,
                             std::span<const Bucket> sorted) {
  while (true) {
    auto modes = modes_of(density, hills, sorted);
    const auto tail = smallest_tail(density, hills, modes);
    if (!tail || hills.size() == 1) return modes;
    const bool is_last = *tail + 1 == hills.size();
    const bool joins_next = *tail == 0 || (!is_last && density.height[hills[*tail + 1].begin] >
                                                           density.height[hills[*tail].begin]);
    join(density, hills, joins_next ? *tail + 1 : *tail);
  }
}

}  // namespace

std::vector<Mode> modes(std::span<const Bucket> buckets, double resolution) {
  std::vector<Bucket> sorted;
  std::ranges::copy_if(buckets, std::back_inserter(sorted),
                       [](const Bucket& one) { return one.value > 0 && one.count > 0; });
  if (sorted.empty()) return {};
  std::ranges::sort(sorted, {}, &Bucket::value);
  const Density smooth = density(sorted, clock_step(sorted, resolution));
  auto hills = hills_of(smooth);
  join_shallow(smooth, hills);
  return join_tails(smooth, std::move(hills), sorted);
}

std::vector<int> gap_modes(std::span<const double> values, double ratio) {
  assert(ratio > 1);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (std::isfinite(values[i]) && values[i] > 0) order.push_back(i);
  std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<int> modes(values.size(), -1);
  int mode = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && values[order[i]] > ratio * values[order[i - 1]]) ++mode;
    modes[order[i]] = mode;
  }
  return modes;
}

}  // namespace bench::statistics
