// Bytes on their way, and the error of those that are not what they should be.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <system_error>
#include <vector>

namespace ipc::wire {

using Bytes = std::vector<std::byte>;

inline void append(Bytes& out, std::span<const std::byte> bytes) {
  const std::size_t at = out.size();
  out.resize(at + bytes.size());
  if (!bytes.empty()) std::memcpy(out.data() + at, bytes.data(), bytes.size());
}

/// Throws EBADMSG: the message is no value of the type asked for.
[[noreturn, gnu::cold, gnu::noinline]] inline void throw_bad_message(const char* why) {
  throw std::system_error(EBADMSG, std::system_category(), why);
}

}  // namespace ipc::wire
