// Pipe backend: two UDP sockets over the loopback interface, with a window (udp(7)).
#pragma once

#include <netinet/in.h>

#include "ipc/os/limits.hpp"
#include "ipc/pipe/companion.hpp"

namespace ipc {

/// A pair of sockets on 127.0.0.1, each connected to the other's port. UDP drops what the receiver
/// has no room for, so the sender never has more on its way than fits: half of the receiver's
/// SO_RCVBUF, told taken over a companion, which also tells the end of file, at most 10 ms late.
/// A loss all the same (a packet filter) makes recv throw EPROTO. Messages larger than a datagram,
/// 65507 bytes, or than a part of the window go in parts.
class UdpLoopback {
  class Link : public DatagramSocket {
   public:
    static constexpr bool kMissesAGoneReader = true;
    using DatagramSocket::DatagramSocket;

    [[nodiscard]] bool is_open() const { return socket().is_open(); }
    std::uint16_t next_sent() { return companion().sent(); }
    /// Of the packet that was just received and counted.
    std::uint16_t last_received() { return static_cast<std::uint16_t>(companion().received() - 1); }

    void send(std::span<const std::byte> packet) { send_counted(packet, packet.size()); }
    void send(std::span<iovec> parts) {
      std::size_t bytes = 0;
      for (const auto& part : parts) bytes += part.iov_len;
      send_counted(parts, bytes);
    }

    template <class Where>
    std::optional<std::size_t> receive(Where where) {
      const auto got = DatagramSocket::receive(where);
      if (got) companion().count_taken(room_for(*got));
      return got;
    }

    /// The window, which counts the kernel's overhead for each packet.
    [[nodiscard]] std::size_t capacity_bytes() { return companion().window_bytes(); }

    /// Half a window at most: up to a quarter of it may be taken without the sender's knowing.
    [[nodiscard]] std::size_t part_bytes() {
      const std::size_t half = companion().window_bytes() / 2;
      const std::size_t fits = (std::max(half, kLeastRoom) - kOverheadBytes) / 2;
      return std::min(fits, kMaxDatagramBytes) - sizeof(PacketHeader);
    }

   private:
    static constexpr std::size_t kMaxDatagramBytes = 65507;
    static constexpr std::size_t kOverheadBytes = 1280;
    static constexpr std::size_t kLeastRoom = 10'000;

    /// At most what the kernel counts a datagram against SO_RCVBUF: the memory it allocated, in
    /// powers of two, and its bookkeeping.
    static std::size_t room_for(std::size_t bytes) { return 2 * bytes + kOverheadBytes; }

    template <class Packet>
    void send_counted(Packet packet, std::size_t bytes) {
      if (ended() || refused_) os::throw_error(EPIPE, "send");
      companion().wait_for_room(room_for(bytes));
      try {
        socket().send(packet);
      } catch (const std::system_error& error) {
        refused_ = error.code().value() == EPIPE;  // the kernel tells it only once
        throw;
      }
      companion().count_sent(room_for(bytes));
    }

    bool refused_ = false;
  };

 public:
  static constexpr std::string_view kName = "udp_loopback";
  using End = PacketEnd<Link>;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { make({}); });
  }

  static std::pair<End, End> make(PipeOptions options) {
    PacketSocket a = bound_socket(options);
    PacketSocket b = bound_socket(options);
    connect(a, b);
    connect(b, a);
    // By quarters the kernel delays counting what was taken; the other quarter is for safety.
    const std::size_t window = a.option(SO_RCVBUF, "SO_RCVBUF") / 2;
    auto [beside_a, beside_b] = Companion::pair(window);
    return {End(Link(std::move(a), std::move(beside_a))),
            End(Link(std::move(b), std::move(beside_b)))};
  }

 private:
  static PacketSocket bound_socket(PipeOptions options) {
    PacketSocket socket(
        os::UniqueFd(os::check(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket udp")));
    // The kernel gives twice what is asked for, up to twice net.core.rmem_max.
    const auto asked = static_cast<int>(std::min<std::size_t>(options.capacity_bytes, 1 << 30));
    if (2 * options.capacity_bytes > socket.option(SO_RCVBUF, "SO_RCVBUF"))
      os::check(::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUF, &asked, sizeof asked),
                "SO_RCVBUF");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    os::check(::bind(socket.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address),
              "bind 127.0.0.1");
    return socket;
  }

  static void connect(PacketSocket& from, PacketSocket& to) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    os::check(::getsockname(to.fd(), generic, &length), "getsockname udp");
    os::check(::connect(from.fd(), generic, length), "connect udp");
    // Until now anybody on this machine could send to it.
    std::byte foreign[1];
    while (from.try_receive(std::span<std::byte>(foreign), MSG_DONTWAIT) >= 0) {
    }
  }
};

static_assert(Pipe<UdpLoopback>);

}  // namespace ipc
