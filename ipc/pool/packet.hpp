// Packets of any size between a pool and its workers, each sent and received in one step.
#pragma once

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <new>
#include <thread>

#include "ipc/os/error.hpp"
#include "ipc/os/limits.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/wire/bytes.hpp"

namespace ipc {

/// A task or a result: a head and a body. A packet is sent and received whole or not at all, so a
/// process killed in the middle leaves nothing half done and no lock held. A body that is too large
/// for a socket travels as a file in memory whose descriptor the packet carries (unix(7)
/// SCM_RIGHTS, memfd_create(2)).
struct Packet {
  std::uint64_t id = 0;
  std::uint64_t word = 0;  ///< of a task its function, of a result its outcome
  wire::Bytes body;
  int error = 0;  ///< why a received packet lacks its body: no descriptor or memory for it; or 0
};

/// A pair of packet sockets: what goes into `sender` comes out of `receiver`, and the other way
/// round.
struct PacketChannel {
  os::UniqueFd sender;
  os::UniqueFd receiver;

  /// With as much room as an unprivileged process may ask for.
  static PacketChannel make() {
    int fds[2];
    os::check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), "socketpair seqpacket");
    PacketChannel channel{os::UniqueFd(fds[0]), os::UniqueFd(fds[1])};
    const int most =
        static_cast<int>(std::min<std::int64_t>(os::socket_buffer_max_bytes(), 1 << 22));
    for (const int fd : fds)
      os::check(::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &most, sizeof most), "SO_SNDBUF");
    return channel;
  }
};

namespace packet {

struct Head {
  std::uint64_t id, word, body_bytes;
};
inline constexpr std::size_t kInlineBytes = 16 * 1024;

/// Room for one descriptor beside a message (cmsg(3)).
union Control {
  cmsghdr align;
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

inline os::UniqueFd spill(std::span<const std::byte> body) {
  os::UniqueFd file(os::check(::memfd_create("ipcmark", MFD_CLOEXEC), "memfd_create"));
  while (!body.empty()) {
    const auto written =
        os::retry_eintr([&] { return ::write(file.get(), body.data(), body.size()); });
    body = body.subspan(static_cast<std::size_t>(os::check(written, "write memfd")));
  }
  return file;
}

inline wire::Bytes unspill(int file, std::size_t bytes) {
  wire::Bytes body(bytes);
  for (std::size_t at = 0; at < bytes;) {
    const auto got = os::retry_eintr(
        [&] { return ::pread(file, body.data() + at, bytes - at, static_cast<off_t>(at)); });
    if (os::check(got, "read memfd") == 0) os::throw_error(EPROTO, "memfd is too short");
    at += static_cast<std::size_t>(got);
  }
  return body;
}

/// The file that came beside a message.
inline os::UniqueFd received_file(msghdr& message) {
  const cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  if (!rights) os::throw_error(EMFILE, "recv packet with a large body");  // dropped by the kernel
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(rights), sizeof fd);
  return os::UniqueFd(fd);
}

}  // namespace packet

enum class Sent { yes, full, too_many_files };

/// Without MSG_DONTWAIT in `flags` it blocks while the channel is full. too_many_files: this user's
/// descriptors in flight are at their limit, which passes as packets are received.
inline Sent try_send_packet(int socket, std::uint64_t id, std::uint64_t word,
                            std::span<const std::byte> body, int flags) {
  packet::Head head{id, word, body.size()};
  iovec parts[] = {{&head, sizeof head}, {const_cast<std::byte*>(body.data()), body.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  os::UniqueFd file;
  packet::Control control{};
  if (body.size() > packet::kInlineBytes) {
    file = packet::spill(body);
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    const int fd = file.get();
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  }
  if (os::retry_eintr([&] { return ::sendmsg(socket, &message, flags | MSG_NOSIGNAL); }) >= 0)
    return Sent::yes;
  if (errno == EAGAIN) return Sent::full;
  if (errno == ETOOMANYREFS) return Sent::too_many_files;
  os::throw_errno("send packet");
}

inline void send_packet(int socket, std::uint64_t id, std::uint64_t word,
                        std::span<const std::byte> body) {
  while (try_send_packet(socket, id, word, body, 0) != Sent::yes)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

/// Nothing when there is none now (with MSG_DONTWAIT in `flags`), or will ever be. A packet whose
/// body cannot be had is taken too, and says so.
inline std::optional<Packet> recv_packet(int socket, int flags) {
  packet::Head head{};
  std::array<std::byte, packet::kInlineBytes> body;
  iovec parts[] = {{&head, sizeof head}, {body.data(), body.size()}};
  packet::Control control{};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  const auto got =
      os::retry_eintr([&] { return ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC); });
  if (got == 0 || (got == -1 && (errno == EAGAIN || errno == ECONNRESET))) return std::nullopt;
  os::check(got, "recv packet");
  if (head.body_bytes <= packet::kInlineBytes)
    return Packet{
        head.id, head.word, {body.begin(), body.begin() + static_cast<long>(head.body_bytes)}};
  Packet packet{head.id, head.word, {}};
  try {
    packet.body = packet::unspill(packet::received_file(message).get(), head.body_bytes);
  } catch (const std::system_error& error) {
    packet.error = error.code().value();
  } catch (const std::bad_alloc&) {
    packet.error = ENOMEM;
  }
  return packet;
}

/// The id of the packet that the next receive would give, without taking it.
inline std::optional<std::uint64_t> peek_packet_id(int socket) {
  packet::Head head{};
  const auto got = ::recv(socket, &head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
  return got == static_cast<ssize_t>(sizeof head) ? std::optional(head.id) : std::nullopt;
}

}  // namespace ipc
