#include "bench/harness/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace bench {

void Histogram::add(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  total_ += other.total_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

double Histogram::mean() const noexcept {
  return total_ ? static_cast<double>(sum_) / static_cast<double>(total_) : 0;
}

std::uint64_t Histogram::percentile(double percent) const noexcept {
  if (!total_) return 0;
  // A hair less, since 99.9 % of 1000 is 999, whatever binary fractions make of it.
  const double rank = std::ceil(percent / 100 * static_cast<double>(total_) - 1e-6);
  const auto wanted = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(rank), 1, total_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= wanted) return std::min(highest_in(i), max_);
  }
  return max_;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> Histogram::buckets() const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> used;
  for (std::size_t i = 0; i < counts_.size(); ++i)
    if (counts_[i]) used.emplace_back(highest_in(i), counts_[i]);
  return used;
}

}  // namespace bench
