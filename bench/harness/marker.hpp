// Markers: instructions without effect that tell a profiler where the measured operations of a
// repetition begin and end.
//
// A marker carries 16 bits: kMarkerStart at the beginning, 0 at the end, or'ed with the number of
// the case, 1 to kMostMarkedCases. The instructions are written to a page of their own, outside of
// the program, and only by --markers; so a program that translates code, such as a plugin of QEMU
// TCG, finds them by their bytes. In memory, lowest address first:
//
//   x86_64   0f 1f 84 00 LL HH c5 1b    nopl 0x1bc5HHLL(%rax,%rax,1): the 16 bits are HHLL
//   aarch64  the little-endian word 0xd2e0001f | bits << 5    movz xzr, #bits, lsl #48
//   riscv64  the little-endian word 0xa0000037 | bits << 12   lui zero, 0xa0000 | bits
//
// Behind each is a return, and nothing else is on the page. No compiler emits any of the three.
// Only the leading peer of a case executes them; what the others do between a start and the end
// that follows it belongs to the same operations. A case starts and ends as often as it measures,
// which is once a repetition, but once a batch where objects are prepared in between.
//
// The names of the numbers are in the file that --markers names (reports/FORMAT.md).
#pragma once

#include <cstdint>
#include <span>

namespace bench {

inline constexpr std::uint32_t kMarkerMagic = 0x1bc5;  ///< x86_64: the upper half of the immediate
inline constexpr std::uint16_t kMarkerStart = 0x8000;
inline constexpr std::uint16_t kMostMarkedCases = 0x7fff;

/// The two markers of one case. Forked processes inherit the page that they are on.
class Marker {
 public:
  /// Throws std::runtime_error where none is known for this processor, std::system_error where the
  /// system allows no new code.
  explicit Marker(std::uint16_t number);
  Marker(const Marker&) = delete;
  Marker& operator=(const Marker&) = delete;
  ~Marker();

  void start() const { start_(); }
  void stop() const { stop_(); }
  /// The code, as it is executed.
  [[nodiscard]] std::span<const unsigned char> code() const;

 private:
  void* page_ = nullptr;
  void (*start_)() = nullptr;
  void (*stop_)() = nullptr;
};

}  // namespace bench
