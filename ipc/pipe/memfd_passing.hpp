// Pipe backend: large messages travel as sealed memory files (memfd_create(2), unix(7)).
#pragma once

#include <fcntl.h>
#include <sys/mman.h>

#include <cstring>
#include <vector>

#include "ipc/pipe/companion.hpp"

namespace ipc {

/// A link over a Unix seqpacket socket that hands larger messages over as a descriptor
/// (SCM_RIGHTS), so that they never wait for the reader to copy them piece by piece. A descriptor
/// in flight belongs to the kernel alone: whoever dies, it goes with the socket. A process that has
/// no descriptor left to receive one with gets EMFILE and loses that message.
class MemfdLink {
 public:
  /// Beyond this a message travels as a file. A file costs six more system calls than a packet, and
  /// fresh pages, so where one packet can carry the message it is the cheaper way, and up to here
  /// it can even with small send buffers. What a file gains is that the sender is done without
  /// waiting for the reader to make room.
  static constexpr std::size_t kInlineBytes = 32 * 1024;
  /// What may be unread in files, unless a single message is larger.
  static constexpr std::size_t kWindowBytes = std::size_t{64} << 20;

  MemfdLink(PacketSocket socket, Companion companion)
      : socket_(std::move(socket)), companion_(std::move(companion)) {}

  [[nodiscard]] bool is_open() const { return socket_.is_open(); }
  void send(std::span<const std::byte> packet) { socket_.send(packet); }
  void send(std::span<iovec> parts) { socket_.send(parts); }

  void send_large(PacketHeader header, std::span<const std::byte> message) {
    companion_.wait_for_room(message.size());
    const os::UniqueFd file = sealed_file(message);
    iovec part{&header, sizeof header};
    Rights rights{};
    msghdr packet = with_rights(std::span(&part, 1), rights);
    cmsghdr* const control = CMSG_FIRSTHDR(&packet);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof(int));
    const int fd = file.get();
    std::memcpy(CMSG_DATA(control), &fd, sizeof fd);
    socket_.send(packet);
    companion_.count_sent(message.size());
  }

  std::optional<std::size_t> receive(std::span<std::byte> buffer) {
    iovec part{buffer.data(), buffer.size()};
    return receive(std::span<iovec>(&part, 1));
  }

  std::optional<std::size_t> receive(std::span<iovec> parts) {
    Rights rights{};
    msghdr packet = with_rights(parts, rights);
    const ssize_t got = socket_.try_receive(packet, MSG_CMSG_CLOEXEC);
    if (got == -1) os::throw_errno("recv");
    if (got == 0) return std::nullopt;
    if (packet.msg_flags & MSG_CTRUNC) os::throw_error(EMFILE, "recv: no descriptor for a message");
    if (const cmsghdr* control = CMSG_FIRSTHDR(&packet)) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(control), sizeof fd);
      file_.reset(fd);
    }
    return static_cast<std::size_t>(got);
  }

  void receive_large(std::span<std::byte> rest) {
    const os::UniqueFd file = std::move(file_);
    companion_.count_taken(rest.size());
    for (off_t at = 0; !rest.empty();) {
      const ssize_t got =
          os::retry_eintr([&] { return ::pread(file.get(), rest.data(), rest.size(), at); });
      os::check(got, "pread memfd");
      if (got == 0) os::throw_error(EPROTO, "recv: the file is shorter than the message");
      at += got;
      rest = rest.subspan(static_cast<std::size_t>(got));
    }
  }

  bool ready(os::Deadline deadline) { return socket_.ready(deadline); }
  [[nodiscard]] os::Waitable waitable(bool ready) const { return socket_.waitable(ready); }
  void close() {
    socket_.close();
    companion_.close();
    file_.reset();
  }
  /// For messages that are no files.
  [[nodiscard]] std::size_t capacity_bytes() const { return socket_.capacity_bytes(); }
  [[nodiscard]] std::size_t part_bytes() { return std::min(kInlineBytes, socket_.part_bytes()); }

 private:
  struct Rights {
    alignas(cmsghdr) std::byte bytes[CMSG_SPACE(sizeof(int))];
  };

  static msghdr with_rights(std::span<iovec> parts, Rights& rights) {
    msghdr packet{};
    packet.msg_iov = parts.data();
    packet.msg_iovlen = parts.size();
    packet.msg_control = rights.bytes;
    packet.msg_controllen = sizeof rights.bytes;
    return packet;
  }

  /// A file that nobody can change any more.
  static os::UniqueFd sealed_file(std::span<const std::byte> message) {
    os::UniqueFd file(
        os::check(::memfd_create("ipcmark", MFD_CLOEXEC | MFD_ALLOW_SEALING), "memfd_create"));
    while (!message.empty()) {
      const ssize_t written =
          os::retry_eintr([&] { return ::write(file.get(), message.data(), message.size()); });
      message = message.subspan(static_cast<std::size_t>(os::check(written, "write memfd")));
    }
    constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    os::check(::fcntl(file.get(), F_ADD_SEALS, kSeals), "F_ADD_SEALS");
    return file;
  }

  PacketSocket socket_;
  Companion companion_;
  os::UniqueFd file_;  ///< of the message that is held or being received
};

class MemfdPassing {
 public:
  static constexpr std::string_view kName = "memfd_scm_rights";
  using End = PacketEnd<MemfdLink>;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] {
      auto [a, b] = make({});
      std::vector<std::byte> message(MemfdLink::kInlineBytes + 1);
      a.send(message);
      b.recv(message);
    });
  }

  static std::pair<End, End> make(PipeOptions options) {
    auto [a, b] = PacketSocket::pair(SOCK_SEQPACKET, options.capacity_bytes);
    auto [beside_a, beside_b] = Companion::pair(MemfdLink::kWindowBytes);
    return {End(MemfdLink(std::move(a), std::move(beside_a))),
            End(MemfdLink(std::move(b), std::move(beside_b)))};
  }
};

static_assert(Pipe<MemfdPassing>);

}  // namespace ipc
