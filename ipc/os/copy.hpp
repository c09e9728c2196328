// Copying bytes where memcpy(3) costs more than the copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ipc::os {

/// memcpy(3), but a short one without that call: after a switch of processes, neither its
/// target nor its branches are predicted, and its code is in no cache.
[[gnu::noinline]] inline void copy_bytes(std::byte* to, const std::byte* from, std::size_t bytes) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  if (bytes > 8 * kWord) {
    std::memcpy(to, from, bytes);
    return;
  }
  for (; bytes >= kWord; bytes -= kWord, to += kWord, from += kWord) std::memcpy(to, from, kWord);
  for (; bytes > 0; --bytes) *to++ = *from++;
}

/// memcpy(3) for messages, of which most are too small to be worth a call: in line, for loops that
/// stay hot.
[[gnu::always_inline]] inline void copy_message(std::byte* to, const std::byte* from,
                                                std::size_t size) {
  const auto copy = [&]<std::size_t kBytes>(std::size_t at) {
    std::memcpy(to + at, from + at, kBytes);
  };
  if (size > 64) {
    std::memcpy(to, from, size);
  } else if (size >= 16) {  // the last of these overlaps the one before
    for (std::size_t at = 0; at + 16 < size; at += 16) copy.operator()<16>(at);
    copy.operator()<16>(size - 16);
  } else if (size >= 8) {
    copy.operator()<8>(0);
    copy.operator()<8>(size - 8);
  } else {
    for (std::size_t at = 0; at < size; ++at) to[at] = from[at];
  }
}

}  // namespace ipc::os
