// Pipe backend: a pair of connected Unix sockets that keep packets apart (socketpair(2)).
#pragma once

#include "ipc/pipe/packet_socket.hpp"

namespace ipc {

/// SOCK_SEQPACKET: the kernel carries each message whole, up to 64 KiB or half of SO_SNDBUF; larger
/// ones go in parts of that size.
class SocketpairSeqpacket {
 public:
  static constexpr std::string_view kName = "socketpair_seqpacket";
  using End = PacketEnd<PacketSocket>;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { make({}); });
  }

  static std::pair<End, End> make(PipeOptions options) {
    auto [a, b] = PacketSocket::pair(SOCK_SEQPACKET, options.capacity_bytes);
    return {End(std::move(a)), End(std::move(b))};
  }
};

static_assert(Pipe<SocketpairSeqpacket>);

}  // namespace ipc
