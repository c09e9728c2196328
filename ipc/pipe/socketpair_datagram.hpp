// Pipe backend: a pair of connected Unix datagram sockets (socketpair(2)).
#pragma once

#include "ipc/pipe/companion.hpp"

namespace ipc {

/// SOCK_DGRAM between Unix sockets is reliable and keeps the order: a sender blocks while SO_SNDBUF
/// is full. It knows no end of file, so a companion (one more descriptor an end) tells it, at most
/// 10 ms late. Messages over 64 KiB or half of SO_SNDBUF go in parts of that size.
class SocketpairDatagram {
  class Link : public DatagramSocket {
   public:
    using DatagramSocket::DatagramSocket;

    [[nodiscard]] bool is_open() const { return socket().is_open(); }
    void send(std::span<const std::byte> packet) { socket().send(packet); }
    void send(std::span<iovec> parts) { socket().send(parts); }
    [[nodiscard]] std::size_t capacity_bytes() const { return socket().capacity_bytes(); }
    [[nodiscard]] std::size_t part_bytes() { return socket().part_bytes(); }
  };

 public:
  static constexpr std::string_view kName = "socketpair_datagram";
  using End = PacketEnd<Link>;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { make({}); });
  }

  static std::pair<End, End> make(PipeOptions options) {
    auto [a, b] = PacketSocket::pair(SOCK_DGRAM, options.capacity_bytes);
    auto [beside_a, beside_b] = Companion::pair(0);
    return {End(Link(std::move(a), std::move(beside_a))),
            End(Link(std::move(b), std::move(beside_b)))};
  }
};

static_assert(Pipe<SocketpairDatagram>);

}  // namespace ipc
