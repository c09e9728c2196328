// Messages that prove themselves: a number at both ends and a pattern between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace bench {

/// Smallest message of a case: it has to hold its number.
inline constexpr std::size_t kMinMessageBytes = sizeof(std::uint64_t);
/// Number of the message that says that no further one comes.
inline constexpr std::uint64_t kLastMessage = ~std::uint64_t{0};

/// Fills the whole message with the pattern; once, before any timing.
void fill(std::span<std::byte> message);

/// Numbers a message: its first 8 bytes, and mangled its last 8. All that is written while timing.
inline void stamp(std::span<std::byte> message, std::uint64_t number) noexcept {
  const std::uint64_t mangled = ~number;
  if (message.size() >= 2 * sizeof number)
    std::memcpy(message.data() + message.size() - sizeof mangled, &mangled, sizeof mangled);
  std::memcpy(message.data(), &number, sizeof number);
}

/// The number of a message that was received whole; what was not throws std::runtime_error.
std::uint64_t number_of(std::span<const std::byte> message);

/// Throws unless the message has the expected number at both ends. All that is checked while
/// timing.
void expect(std::span<const std::byte> message, std::uint64_t number);

/// Throws unless every byte between the numbers is the pattern's: for the first and the last
/// message.
void expect_pattern(std::span<const std::byte> message);

}  // namespace bench
