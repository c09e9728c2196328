// A connected socket that carries packets, with the errors of a pipe.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>

#include "ipc/os/error.hpp"
#include "ipc/os/poll.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/pipe/packet_end.hpp"
#include "ipc/pipe/stream_end.hpp"

namespace ipc {

/// Packets over one socket. Also a whole PacketLink where the socket itself tells its end: over a
/// Unix seqpacket socket.
class PacketSocket {
 public:
  explicit PacketSocket(os::UniqueFd socket) : socket_(std::move(socket)) {}

  /// Two connected Unix sockets of that type, with the send buffer asked for.
  static std::pair<PacketSocket, PacketSocket> pair(int type, std::size_t send_buffer_bytes) {
    int fds[2];
    os::check(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), "socketpair");
    std::pair sockets{PacketSocket(os::UniqueFd(fds[0])), PacketSocket(os::UniqueFd(fds[1]))};
    for (const int fd : fds) set_send_buffer(fd, send_buffer_bytes);
    return sockets;
  }

  [[nodiscard]] bool is_open() const { return static_cast<bool>(socket_); }
  [[nodiscard]] int fd() const { return socket_.get(); }

  void send(std::span<const std::byte> packet) {
    sent(os::retry_eintr([&] { return ::send(fd(), packet.data(), packet.size(), MSG_NOSIGNAL); }));
  }
  void send(std::span<iovec> parts) {
    msghdr message = gathered(parts);
    send(message);
  }
  void send(const msghdr& message) {
    sent(os::retry_eintr([&] { return ::sendmsg(fd(), &message, MSG_NOSIGNAL); }));
  }

  std::optional<std::size_t> receive(std::span<std::byte> buffer) {
    return whole([&] { return ::recv(fd(), buffer.data(), buffer.size(), 0); });
  }
  std::optional<std::size_t> receive(std::span<iovec> parts) {
    // Without flags readv(2) does the same and has less to look at than recvmsg(2).
    return whole([&] { return ::readv(fd(), parts.data(), static_cast<int>(parts.size())); });
  }

  /// Gives -1 where there is nothing yet: with MSG_DONTWAIT or a time limit on the socket.
  ssize_t try_receive(std::span<std::byte> buffer, int flags) {
    return received([&] { return ::recv(fd(), buffer.data(), buffer.size(), flags); });
  }
  ssize_t try_receive(std::span<iovec> parts, int flags) {
    msghdr message = gathered(parts);
    return try_receive(message, flags);
  }
  ssize_t try_receive(msghdr& message, int flags) {
    return received([&] { return ::recvmsg(fd(), &message, flags); });
  }

  bool ready(os::Deadline deadline) { return os::wait_ready(fd(), POLLIN, deadline); }
  [[nodiscard]] os::Waitable waitable(bool ready) const { return {fd(), ready}; }
  void close() { socket_.reset(); }

  /// SO_SNDBUF, which counts the kernel's overhead for each packet.
  [[nodiscard]] std::size_t capacity_bytes() const { return option(SO_SNDBUF, "SO_SNDBUF"); }

  /// A packet must fit into SO_SNDBUF with its overhead; by halves, so that one can be written
  /// while another is read. The kernel's least buffer still takes kLeastPartBytes.
  [[nodiscard]] std::size_t part_bytes() {
    if (part_bytes_ == 0)
      part_bytes_ = std::clamp(capacity_bytes() / 2, kLeastPartBytes, kMaxPartBytes);
    return part_bytes_;
  }

  [[nodiscard]] std::size_t option(int name, std::string_view call) const {
    int value = 0;
    socklen_t length = sizeof value;
    os::check(::getsockopt(fd(), SOL_SOCKET, name, &value, &length), call);
    return static_cast<std::size_t>(value);
  }

 private:
  static constexpr std::size_t kLeastPartBytes = 4096;

  static msghdr gathered(std::span<iovec> parts) {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    return message;
  }

  static void sent(ssize_t result) {
    if (result >= 0) return;
    // Which of these tells of the end depends on the type and on what was left unread.
    const bool gone =
        errno == ECONNRESET || errno == ECONNREFUSED || errno == ENOTCONN || errno == EPIPE;
    os::throw_error(gone ? EPIPE : errno, "send");
  }

  /// Tells 0 at the end; no packet is empty, since each has its header.
  template <class Call>
  static std::optional<std::size_t> whole(Call call) {
    const ssize_t got = received(call);
    if (got == -1) os::throw_errno("recv");
    if (got == 0) return std::nullopt;
    return static_cast<std::size_t>(got);
  }

  template <class Call>
  static ssize_t received(Call call) {
    for (;;) {
      const ssize_t got = os::retry_eintr(call);
      // The other end is closed and left something unread: told once, even before what is still to
      // be read here.
      if (got == -1 && (errno == ECONNRESET || errno == ECONNREFUSED)) continue;
      if (got == -1 && errno != EAGAIN) os::throw_errno("recv");
      return got;
    }
  }

  os::UniqueFd socket_;
  std::size_t part_bytes_ = 0;
};

static_assert(PacketLink<PacketSocket>);

}  // namespace ipc
