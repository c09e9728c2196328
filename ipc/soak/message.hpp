// A numbered message whose every byte follows from its number, so that a torn one shows.
#pragma once

#include <cstring>
#include <span>

#include "ipc/soak/tally.hpp"
#include "ipc/wire/codec.hpp"

namespace ipc::soak {

struct MessageHead {
  std::uint64_t number;
  std::uint32_t source;
  std::uint32_t bytes;  ///< of the whole message
};

inline std::byte filling(const MessageHead& head, std::size_t at) {
  return static_cast<std::byte>((head.number + head.source) * 31 + at);
}

/// Writes it to the front of the buffer, of the given size but at least a head.
inline std::span<const std::byte> write_message(std::span<std::byte> buffer, std::uint32_t source,
                                                std::uint64_t number, std::size_t bytes) {
  bytes = std::max(bytes, sizeof(MessageHead));
  const MessageHead head{number, source, static_cast<std::uint32_t>(bytes)};
  std::memcpy(buffer.data(), &head, sizeof head);
  for (std::size_t at = sizeof head; at < bytes; ++at) buffer[at] = filling(head, at);
  return buffer.first(bytes);
}

/// Throws Violation unless it is as it was written.
inline MessageHead read_message(std::span<const std::byte> message) {
  MessageHead head{};
  if (message.size() >= sizeof head) std::memcpy(&head, message.data(), sizeof head);
  bool whole = head.bytes == message.size();
  for (std::size_t at = sizeof head; whole && at < message.size(); ++at)
    whole = message[at] == filling(head, at);
  if (!whole)
    throw Violation("a message of " + std::to_string(message.size()) + " bytes came torn: number " +
                    std::to_string(head.number) + " of source " + std::to_string(head.source));
  return head;
}

}  // namespace ipc::soak
