#include "bench/harness/payload.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace bench {

namespace {

std::byte pattern_at(std::size_t position) {
  return static_cast<std::byte>((position * 131 + (position >> 8)) & 0xff);
}

[[noreturn]] void fail(std::uint64_t expected, std::uint64_t got) {
  throw std::runtime_error(
      fmt::format("payload wrong: message {} expected, {} received", expected, got));
}

}  // namespace

void fill(std::span<std::byte> message) {
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = pattern_at(i);
}

std::uint64_t number_of(std::span<const std::byte> message) {
  std::uint64_t front = 0;
  std::memcpy(&front, message.data(), sizeof front);
  if (message.size() >= 2 * sizeof front) {
    std::uint64_t back = 0;
    std::memcpy(&back, message.data() + message.size() - sizeof back, sizeof back);
    if (~back != front) fail(front, ~back);
  }
  return front;
}

void expect(std::span<const std::byte> message, std::uint64_t number) {
  const std::uint64_t got = number_of(message);
  if (got != number) fail(number, got);
}

void expect_pattern(std::span<const std::byte> message) {
  constexpr std::size_t kEnd = sizeof(std::uint64_t);
  for (std::size_t i = kEnd; i + kEnd < message.size(); ++i)
    if (message[i] != pattern_at(i))
      throw std::runtime_error(fmt::format("payload wrong: byte {} of {}", i, message.size()));
}

}  // namespace bench
