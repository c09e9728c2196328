// Markers on their own: the bytes that a profiler looks for, and that executing them has no effect.
#include "bench/harness/marker.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bench {
namespace {

#if defined(__x86_64__)

constexpr std::uint16_t kNumber = 0x1234;

std::vector<unsigned char> found_in(const Marker& marker, std::size_t at, std::size_t size) {
  const auto code = marker.code().subspan(at, size);
  return {code.begin(), code.end()};
}

TEST(Marker, IsALongNopThatCarriesItsCaseAndWhetherItStarts) {
  const Marker marker(kNumber);
  EXPECT_EQ(found_in(marker, 0, 9),
            (std::vector<unsigned char>{0x0f, 0x1f, 0x84, 0x00, 0x34, 0x92, 0xc5, 0x1b, 0xc3}));
  EXPECT_EQ(found_in(marker, 16, 9),
            (std::vector<unsigned char>{0x0f, 0x1f, 0x84, 0x00, 0x34, 0x12, 0xc5, 0x1b, 0xc3}));
}

TEST(Marker, ComesBackWhenItIsExecuted) {
  const Marker marker(kNumber);
  for (int i = 0; i < 3; ++i) {
    marker.start();
    marker.stop();
  }
}

#endif

}  // namespace
}  // namespace bench
