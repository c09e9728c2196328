#include "bench/harness/anchor.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "ipc/os/clock.hpp"

namespace bench {

namespace {

constexpr std::int64_t kTurnsOfAPiece = 8192;
constexpr std::size_t kFewestPieces = 8;
constexpr std::size_t kMostPieces = 512;

}  // namespace

void turn_anchor(std::int64_t turns) {
  // Each turn needs the result of the last; the compiler may neither see through nor leave it out.
  std::uint64_t value = 1;
  for (std::int64_t i = 0; i < turns; ++i) {
    value = value * 6364136223846793005u + 1442695040888963407u;  // Knuth's generator (MMIX)
    asm volatile("" : "+r"(value));
  }
}

Anchor take_anchor(std::chrono::nanoseconds time) {
  std::array<double, kMostPieces> pieces;
  std::size_t taken = 0;
  std::int64_t last = ipc::os::now_ns();
  const std::int64_t end = last + time.count();
  while (taken < kFewestPieces || (last < end && taken < kMostPieces)) {
    turn_anchor(kTurnsOfAPiece);
    const std::int64_t now = ipc::os::now_ns();
    pieces[taken++] = static_cast<double>(now - last) * 1000 / kTurnsOfAPiece;
    last = now;
  }
  const auto middle = pieces.begin() + static_cast<std::ptrdiff_t>(taken / 2);
  std::nth_element(pieces.begin(), middle, pieces.begin() + static_cast<std::ptrdiff_t>(taken));
  return {*std::min_element(pieces.begin(), middle + 1), *middle};
}

}  // namespace bench
