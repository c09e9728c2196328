// What the tests of pipe ends share.
#pragma once

#include <optional>
#include <vector>

#include "ipc/os/test_support.hpp"

namespace ipc::test {

/// The next message, whole, after asking for its size; nothing at the end.
template <class End>
std::optional<std::vector<std::byte>> take(End& end) {
  const auto size = end.next_size();
  if (!size) return std::nullopt;
  std::vector<std::byte> message(*size);
  EXPECT_EQ(end.recv(message), size);
  return message;
}

}  // namespace ipc::test
