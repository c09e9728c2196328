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

}  // namespace ipc::os
