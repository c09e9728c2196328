// What a line of the soak counts and finds, in memory that survives whoever is killed.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

#include "ipc/os/clock.hpp"

namespace ipc::soak {

/// What must not happen has happened; the text says what.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Any process of a line may add to it.
struct Tally {
  std::atomic<long> kills{0};
  std::atomic<long> operations{0};
  /// Messages, units, tasks, sections that went with those killed.
  std::atomic<long> lost{0};
  /// The longest that one which was not killed has waited.
  std::atomic<std::int64_t> longest_wait_ns{0};
  std::atomic<bool> failed{false};
  std::array<char, 500> reason{};

  /// Keeps the first reason.
  void fail(std::string_view text) {
    if (!failed.exchange(true))
      std::snprintf(reason.data(), reason.size(), "%.*s", static_cast<int>(text.size()),
                    text.data());
  }
  void waited(std::int64_t ns) {
    std::int64_t seen = longest_wait_ns.load();
    while (ns > seen && !longest_wait_ns.compare_exchange_weak(seen, ns)) {
    }
  }
};

/// What a line is given: what to count in, chance, and its time.
struct Line {
  Tally& tally;
  std::mt19937_64 random;
  os::Deadline until;

  /// From 0 to most.
  std::uint64_t pick(std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>(0, most)(random);
  }
  [[nodiscard]] bool is_over() const { return tally.failed || until.expired(); }
};

/// Nobody who lives waits longer than this; far over what a busy machine makes of 50 ms.
inline constexpr std::chrono::seconds kHang{10};

/// Sleeps up to that long: the moment at which somebody is killed.
void sleep_up_to(Line& line, std::chrono::microseconds most);

}  // namespace ipc::soak
