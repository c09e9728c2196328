// A bounded log-linear histogram of durations.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

namespace bench {

/// Counts values from 0 to 2^40-1 (18 minutes in ns) with 3 significant digits, in HdrHistogram's
/// layout: 2048 linear buckets, then 1024 for every doubling. Larger values count as the largest.
/// Trivially copyable and of fixed size, so it can lie in shared memory; recording allocates
/// nothing.
class Histogram {
 public:
  static constexpr int kSignificantDigits = 3;
  static constexpr std::uint64_t kHighest = (std::uint64_t{1} << 40) - 1;

  void record(std::uint64_t value) noexcept {
    if (value > kHighest) value = kHighest;
    ++counts_[index_of(value)];
    ++total_;
    sum_ += value;
    if (value < min_) min_ = value;
    if (value > max_) max_ = value;
  }
  void add(const Histogram& other) noexcept;
  /// Writes to every page, so that no page fault falls into a timed window; in place, since a copy
  /// on the stack would be private memory that every later fork has to copy.
  void clear() noexcept {
    counts_.fill(0);
    total_ = sum_ = max_ = 0;
    min_ = ~std::uint64_t{0};
  }

  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }
  [[nodiscard]] std::uint64_t min() const noexcept { return total_ ? min_ : 0; }
  [[nodiscard]] std::uint64_t max() const noexcept { return max_; }
  [[nodiscard]] double mean() const noexcept;
  /// The smallest recorded value that at least `percent` of all values do not exceed, as the
  /// highest value of its bucket (never above max()); 0 when empty.
  [[nodiscard]] std::uint64_t percentile(double percent) const noexcept;
  /// The buckets in use, in rising order: highest equivalent value and count.
  [[nodiscard]] std::vector<std::pair<std::uint64_t, std::uint64_t>> buckets() const;

 private:
  static constexpr int kSubBits = 11;
  static constexpr std::uint64_t kHalf = std::uint64_t{1} << (kSubBits - 1);
  static constexpr std::size_t kBuckets = 40 - kSubBits + 1;

  static constexpr std::size_t index_of(std::uint64_t value) noexcept {
    const int bucket = static_cast<int>(std::bit_width(value | (2 * kHalf - 1))) - kSubBits;
    return static_cast<std::size_t>(bucket) * kHalf + (value >> bucket);
  }
  static constexpr std::uint64_t highest_in(std::size_t index) noexcept {
    if (index < 2 * kHalf) return index;
    const std::size_t bucket = index / kHalf - 1;
    const std::uint64_t sub = index - bucket * kHalf;
    return ((sub + 1) << bucket) - 1;
  }

  std::array<std::uint64_t, (kBuckets + 1) * kHalf> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t min_ = ~std::uint64_t{0};
  std::uint64_t max_ = 0;
};

}  // namespace bench
