// How the messages of a queue lie in shared memory: slot by slot, of one size, from cache line to
// cache line, small ones two in a line: fewer lines then go to and fro.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>

#include "ipc/os/error.hpp"

namespace ipc {

/// From one slot to the next.
inline std::size_t slot_stride(std::size_t header_bytes, std::size_t message_bytes) {
  constexpr std::size_t kLineBytes = 64, kHalfLine = kLineBytes / 2;
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max() / 2;
  const std::size_t bytes = header_bytes + std::min(message_bytes, kMost);
  if (bytes <= kHalfLine) return kHalfLine;
  return (bytes + kLineBytes - 1) / kLineBytes * kLineBytes;
}

/// Of all slots. Throws std::system_error: EINVAL for none, ENOMEM for more than can be addressed.
inline std::size_t slots_bytes(std::size_t capacity, std::size_t stride) {
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max() / 4;
  if (capacity == 0) os::throw_error(EINVAL, "shared memory queue of capacity 0");
  if (capacity > kMost / stride)
    os::throw_error(ENOMEM, "shared memory queue of " + std::to_string(capacity) + " messages, " +
                                std::to_string(stride) + " bytes each");
  return capacity * stride;
}

}  // namespace ipc
