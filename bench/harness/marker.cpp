#include "bench/harness/marker.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>

#include "ipc/os/error.hpp"

namespace bench {

namespace {

/// A marker and a return.
using Code = std::array<unsigned char, 16>;
constexpr std::size_t kStops = sizeof(Code);  // where the second one is on the page

#if defined(__x86_64__)
Code code_of(std::uint16_t bits) {
  constexpr unsigned char kReturn = 0xc3;
  return {0x0f,
          0x1f,
          0x84,
          0x00,
          static_cast<unsigned char>(bits & 0xff),
          static_cast<unsigned char>(bits >> 8),
          kMarkerMagic & 0xff,
          kMarkerMagic >> 8,
          kReturn};
}
#elif defined(__aarch64__) || (defined(__riscv) && __riscv_xlen == 64)
Code code_of(std::uint16_t bits) {
#if defined(__aarch64__)
  const std::array<std::uint32_t, 2> words{0xd2e0001fU | std::uint32_t{bits} << 5, 0xd65f03c0U};
#else
  const std::array<std::uint32_t, 2> words{0xa0000037U | std::uint32_t{bits} << 12, 0x00008067U};
#endif
  Code code{};
  std::memcpy(code.data(), words.data(), sizeof words);
  return code;
}
#else
Code code_of(std::uint16_t) {
  throw std::runtime_error(
      "--markers: there are none for this processor: x86_64, aarch64, riscv64");
}
#endif

std::size_t page_size() {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

Marker::Marker(std::uint16_t number) {
  const Code begins = code_of(number | kMarkerStart), ends = code_of(number);
  void* page =
      ::mmap(nullptr, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) ipc::os::throw_errno("mmap for the markers");
  auto* bytes = static_cast<char*>(page);
  std::memcpy(bytes, begins.data(), sizeof begins);
  std::memcpy(bytes + kStops, ends.data(), sizeof ends);
  if (::mprotect(page, page_size(), PROT_READ | PROT_EXEC) != 0) {
    const int error = errno;
    ::munmap(page, page_size());
    ipc::os::throw_error(error, "mprotect, to make the markers executable");
  }
  __builtin___clear_cache(bytes, bytes + 2 * sizeof(Code));
  page_ = page;
  start_ = reinterpret_cast<void (*)()>(bytes);
  stop_ = reinterpret_cast<void (*)()>(bytes + kStops);
}

Marker::~Marker() {
  ::munmap(page_, page_size());
}

std::span<const unsigned char> Marker::code() const {
  return {static_cast<const unsigned char*>(page_), 2 * sizeof(Code)};
}

}  // namespace bench
