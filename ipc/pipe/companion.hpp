// A connection beside one that knows no end: it tells the end, and how much may be on its way.
#pragma once

#include <sys/socket.h>
#include <sys/time.h>

#include <chrono>

#include "ipc/os/poll.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/pipe/packet_socket.hpp"

namespace ipc {

/// One end of a Unix socket pair that is inherited and closed together with the data's descriptor.
/// Its hang-up says that every copy of the other end is closed. It also carries credit back: the
/// sender counts what it sent, and beyond `window_bytes` waits for the receiver to say what it has
/// taken. The receiver says so once a quarter of the window, so nearly all messages go without.
/// What is counted is counted over all processes that use a copy of this end, one after another.
class Companion {
 public:
  static std::pair<Companion, Companion> pair(std::size_t window_bytes) {
    auto [a, b] = PacketSocket::pair(SOCK_SEQPACKET, 0);
    return {Companion(std::move(a), window_bytes), Companion(std::move(b), window_bytes)};
  }

  /// Blocks until so much may be sent: as much as the window has room for, or anything when nothing
  /// is on its way. Throws EPIPE when the other end is gone.
  void wait_for_room(std::size_t bytes) {
    auto& on_its_way = counts_->on_its_way;
    while (on_its_way > 0 && on_its_way + bytes > window_bytes_) on_its_way -= next_credit();
  }
  void count_sent(std::size_t bytes) {
    counts_->on_its_way += bytes;
    ++counts_->sent;
  }

  void count_taken(std::size_t bytes) {
    ++counts_->received;
    counts_->taken += bytes;
    if (counts_->taken < window_bytes_ / 4) return;
    const std::uint64_t credit = std::exchange(counts_->taken, 0);
    // Never blocks: few are under way at a time. Nobody may be left to read it.
    os::retry_eintr([&] { return ::send(socket_.fd(), &credit, sizeof credit, MSG_NOSIGNAL); });
  }

  /// How many were counted as sent, and as taken, modulo 2^16.
  [[nodiscard]] std::uint16_t sent() const { return counts_->sent; }
  [[nodiscard]] std::uint16_t received() const { return counts_->received; }

  [[nodiscard]] std::size_t window_bytes() const { return window_bytes_; }
  /// Polls with POLLHUP when every copy of the other end is closed.
  [[nodiscard]] int fd() const { return socket_.fd(); }
  void close() { socket_.close(); }

 private:
  struct Counts {
    std::size_t on_its_way = 0;
    std::size_t taken = 0;  ///< and not yet told
    std::uint16_t sent = 0;
    std::uint16_t received = 0;
  };

  Companion(PacketSocket socket, std::size_t window_bytes)
      : socket_(std::move(socket)), window_bytes_(window_bytes) {}

  std::size_t next_credit() {
    std::uint64_t credit = 0;
    if (!socket_.receive(std::as_writable_bytes(std::span(&credit, 1))))
      os::throw_error(EPIPE, "send");
    return credit;
  }

  PacketSocket socket_;
  std::size_t window_bytes_;
  os::SharedObject<Counts> counts_;
};

/// Packets over a connected datagram socket, which does not tell its end, with a companion that
/// does. A packet that comes soon costs one system call to receive: recv(2) waits for it some
/// milliseconds before poll(2) takes over, which then waits for the companion as well.
class DatagramSocket {
 public:
  DatagramSocket(PacketSocket socket, Companion companion)
      : socket_(std::move(socket)), companion_(std::move(companion)) {
    using std::chrono::microseconds;
    const timeval patience{0, microseconds(kPatience).count()};
    os::check(::setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience),
              "SO_RCVTIMEO");
  }

  template <class Where>
  std::optional<std::size_t> receive(Where where) {
    ssize_t got = socket_.try_receive(where, ended_ ? MSG_DONTWAIT : 0);
    while (got == -1) {
      if (ended_) return std::nullopt;
      // All that was sent was sent before the hang-up: what is not here after it never comes.
      ended_ = wait(os::Deadline::never()) == Event::hang_up;
      got = socket_.try_receive(where, MSG_DONTWAIT);
    }
    return static_cast<std::size_t>(got);
  }

  bool ready(os::Deadline deadline) { return wait(deadline) != Event::none; }
  [[nodiscard]] os::Waitable waitable(bool ready) const {
    return {socket_.fd(), companion_.fd(), ready};
  }

  void close() {
    companion_.close();  // first: the data's hang-up must not come before it
    socket_.close();
  }

  PacketSocket& socket() { return socket_; }
  [[nodiscard]] const PacketSocket& socket() const { return socket_; }
  Companion& companion() { return companion_; }
  /// The end of what comes has been reached, so nobody reads what is sent either.
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  enum class Event { none, packet, hang_up };
  static constexpr std::chrono::milliseconds kPatience{10};

  Event wait(os::Deadline deadline) {
    pollfd entries[] = {{socket_.fd(), POLLIN, 0}, {companion_.fd(), 0, 0}};
    if (!os::wait_any(entries, deadline)) return Event::none;
    return entries[0].revents & POLLIN ? Event::packet : Event::hang_up;
  }

  PacketSocket socket_;
  Companion companion_;
  bool ended_ = false;
};

}  // namespace ipc
