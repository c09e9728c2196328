// One end of a pipe over a socket that carries whole packets: large messages go in parts.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include "ipc/os/error.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/pipe/contract.hpp"

namespace ipc {

/// What a packet begins with, 8 bytes: how much of the message is still to come, this packet
/// included, and the packet's number modulo 2^16. So an empty message is no empty packet, and a
/// part of one message is never taken for a part of another.
struct PacketHeader {
  static constexpr std::uint64_t kMaxRest = (std::uint64_t{1} << 48) - 1;
  std::uint64_t rest : 48;
  std::uint64_t number : 16;
};
static_assert(sizeof(PacketHeader) == 8);

inline constexpr std::size_t kMaxPartBytes = 64 * 1024;

/// What a PacketEnd stands on: packets both ways over one connection, in order, and its end.
/// - send(packet) blocks until it is taken; throws EPIPE when nobody reads any more;
/// - receive(where) blocks for a packet and gives its size, or nothing at the end;
/// - waitable(ready) is what ready() waits for;
/// - part_bytes() is the most of a message that one packet should carry, at least kCopiedBytes of
///   the end and at most kMaxPartBytes.
/// A link that could lose packets counts them, over all processes that use a copy of the end:
/// next_sent() is the number of the next packet to send, last_received() of the one just received.
/// A link that has a way of its own for larger messages has send_large(header, message), which
/// sends a packet that is nothing but this header, and receive_large(buffer), which fills it.
template <class L>
concept PacketLink = std::movable<L> &&
    requires(L link, std::span<const std::byte> out, std::span<std::byte> in,
             std::span<iovec> parts, os::Deadline deadline) {
  { link.is_open() } -> std::same_as<bool>;
  link.send(out);
  link.send(parts);
  { link.receive(in) } -> std::same_as<std::optional<std::size_t>>;
  { link.receive(parts) } -> std::same_as<std::optional<std::size_t>>;
  { link.ready(deadline) } -> std::same_as<bool>;
  { link.waitable(true) } -> std::same_as<os::Waitable>;
  link.close();
  { link.capacity_bytes() } -> std::same_as<std::size_t>;
  { link.part_bytes() } -> std::same_as<std::size_t>;
};

template <class L>
concept CountingLink = requires(L link) {
  { link.next_sent() } -> std::same_as<std::uint16_t>;
  { link.last_received() } -> std::same_as<std::uint16_t>;
};

template <class L>
concept LargeLink = requires(L link, PacketHeader header, std::span<const std::byte> out,
                             std::span<std::byte> in) {
  link.send_large(header, out);
  link.receive_large(in);
};

/// A PipeEnd over packets. A message that fits into a packet costs one call to send and one to
/// receive it.
template <PacketLink Link>
class PacketEnd {
 public:
  static constexpr bool kTakesMessagesWhole = LargeLink<Link>;
  static constexpr bool kMissesAGoneReader = requires { requires Link::kMissesAGoneReader; };

  explicit PacketEnd(Link link) : link_(std::move(link)) {}

  void send(std::span<const std::byte> message) {
    require_open();
    if (message.size() > kCopiedBytes) return send_gathered(message);
    // A copy is cheaper than a second part to gather.
    std::array<std::byte, sizeof(PacketHeader) + kCopiedBytes> packet;
    const PacketHeader header = next_header(message.size());
    std::memcpy(packet.data(), &header, sizeof header);
    if (!message.empty())
      std::memcpy(packet.data() + sizeof header, message.data(), message.size());
    link_.send(std::span<const std::byte>(packet).first(sizeof header + message.size()));
  }

  std::optional<std::size_t> next_size() {
    require_open();
    if (!held_) {
      const auto got = link_.receive(std::span(store_.get(), kStoreBytes));
      if (!got) return std::nullopt;
      PacketHeader header;
      std::memcpy(&header, store_.get(), sizeof header);
      held_ = accepted(header, *got);
      size_ = header.rest;
    }
    return size_;
  }

  std::optional<std::size_t> recv(std::span<std::byte> buffer) {
    require_open();
    if (!held_ && buffer.size() > kCopiedBytes) return recv_straight(buffer);
    const auto size = next_size();
    if (!size) return std::nullopt;
    if (size_ > buffer.size()) os::throw_error(EMSGSIZE, "recv: buffer too small");
    const std::size_t here = *std::exchange(held_, std::nullopt);
    if (here > 0) std::memcpy(buffer.data(), store_.get() + sizeof(PacketHeader), here);
    receive_rest(buffer.subspan(here, size_ - here));
    return size;
  }

  bool ready(os::Deadline deadline) {
    require_open();
    return held_ || link_.ready(deadline);
  }

  os::Waitable waitable() {
    require_open();
    return link_.waitable(held_.has_value());
  }

  void close() {
    link_.close();
    store_.reset();
    held_.reset();
  }

  std::size_t capacity_bytes() {
    require_open();
    return link_.capacity_bytes();
  }
  std::size_t max_message_bytes() { return PacketHeader::kMaxRest; }

 private:
  static constexpr std::size_t kCopiedBytes = 4096;
  static constexpr std::size_t kStoreBytes = sizeof(PacketHeader) + kMaxPartBytes;

  void require_open() const {
    if (!link_.is_open()) os::throw_error(EBADF, "pipe end is closed");
  }

  PacketHeader next_header(std::size_t rest) {
    PacketHeader header{rest & PacketHeader::kMaxRest, 0};
    if constexpr (CountingLink<Link>) header.number = link_.next_sent();
    return header;
  }

  void send_gathered(std::span<const std::byte> message) {
    if (message.size() > PacketHeader::kMaxRest)
      os::throw_error(EMSGSIZE, "send: over max_message_bytes()");
    if constexpr (LargeLink<Link>) {
      if (message.size() > link_.part_bytes())
        return link_.send_large(next_header(message.size()), message);
    }
    while (!message.empty()) {
      PacketHeader header = next_header(message.size());
      const auto part = message.first(std::min(message.size(), link_.part_bytes()));
      iovec parts[] = {{&header, sizeof header},
                       {const_cast<std::byte*>(part.data()), part.size()}};
      link_.send(std::span<iovec>(parts));
      message = message.subspan(part.size());
    }
  }

  /// Checks a packet of `got` bytes and gives how much of the message it holds.
  std::size_t accepted(PacketHeader header, std::size_t got) {
    const std::size_t payload = got - sizeof header;
    if (got < sizeof header || payload > header.rest)
      os::throw_error(EPROTO, "recv: not a message");
    if constexpr (CountingLink<Link>) {
      if (header.number != link_.last_received())
        os::throw_error(EPROTO, "recv: a packet was lost");
    }
    return payload;
  }

  /// Nothing is held and the message may be large: it goes straight to the caller, and what the
  /// buffer is too small for behind the place in the store where the rest of it belongs.
  std::optional<std::size_t> recv_straight(std::span<std::byte> buffer) {
    PacketHeader header;
    std::byte* const payload = store_.get() + sizeof header;
    const std::size_t room = std::min(buffer.size(), kMaxPartBytes);
    iovec parts[] = {
        {&header, sizeof header}, {buffer.data(), room}, {payload + room, kMaxPartBytes - room}};
    const auto got = link_.receive(std::span<iovec>(parts).first(room < kMaxPartBytes ? 3 : 2));
    if (!got) return std::nullopt;
    const std::size_t here = accepted(header, *got);
    const std::size_t size = header.rest;
    if (size > buffer.size()) {
      std::memcpy(payload, buffer.data(), std::min(here, room));
      held_ = here;
      size_ = size;
      os::throw_error(EMSGSIZE, "recv: buffer too small");
    }
    receive_rest(buffer.subspan(here, size - here));
    return size;
  }

  void receive_rest(std::span<std::byte> rest) {
    if constexpr (LargeLink<Link>) {
      if (!rest.empty()) link_.receive_large(rest);
    } else {
      while (!rest.empty()) {
        PacketHeader header;
        iovec parts[] = {{&header, sizeof header},
                         {rest.data(), std::min(rest.size(), kMaxPartBytes)}};
        const auto got = link_.receive(std::span<iovec>(parts));
        // The packet of another message: another copy of the other end went on.
        const std::size_t here = got ? accepted(header, *got) : 0;
        if (!got || header.rest != rest.size() || here == 0)
          os::throw_error(EPROTO, "recv: the sender ended in the middle of a message");
        rest = rest.subspan(here);
      }
    }
  }

  Link link_;
  std::unique_ptr<std::byte[]> store_ = std::make_unique_for_overwrite<std::byte[]>(kStoreBytes);
  std::optional<std::size_t> held_;  ///< how much of a message not yet handed out is in the store
  std::size_t size_ = 0;             ///< of that message
};

}  // namespace ipc
