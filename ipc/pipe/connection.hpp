// The typed pipe: values go in at one end and come out at the other.
#pragma once

#include <stdexcept>
#include <string_view>

#include "ipc/pipe/socketpair_stream.hpp"
#include "ipc/wire/codec.hpp"

namespace ipc {

/// All messages are read and every copy of the other end is closed.
class EndOfFile : public std::runtime_error {
 public:
  EndOfFile() : std::runtime_error("end of file: every copy of the other end is closed") {}
};

/// Makes a pipe in which only the second end sends and only the first receives.
struct OneWay {};
inline constexpr OneWay one_way{};

/// One end of a typed pipe, move-only, used by one process. After a fork each process closes the
/// end that it does not use: the end of file comes when every copy of the other end is closed.
/// Messages keep their order and their borders. Errors are std::system_error (EPIPE: nobody reads
/// any more; EBADF: closed, or the wrong direction; EBADMSG: the message is no T, and is taken).
///
/// The default backend is a socket pair: both directions in one descriptor, no signal when the peer
/// is gone, as fast as a pipe for round trips and faster for large messages.
template <Pipe Backend = SocketpairStream>
class Connection {
 public:
  enum class Direction { both, receive, send };

  explicit Connection(typename Backend::End end, Direction direction = Direction::both)
      : end_(std::move(end)), direction_(direction) {}

  /// Blocks until the message is taken, which for a large one means until it is read.
  template <wire::Encodable T>
  void send(const T& value) {
    scratch_.clear();
    wire::Codec<T>::encode(value, scratch_);
    send_bytes(scratch_);
  }
  /// Text travels as std::string.
  void send(std::string_view text) { send(std::string(text)); }

  /// Blocks for the next message; throws EndOfFile when there will be none.
  template <wire::Encodable T>
  T recv() {
    read_message(scratch_);
    return wire::decode<T>(scratch_);
  }

  /// Whether recv would find a message or the end, after at most that long.
  bool poll(os::Duration wait = os::Duration::zero()) {
    require(Direction::receive, "poll: this end only sends");
    return end_.ready(os::Deadline::after(wait));
  }

  void send_bytes(std::span<const std::byte> message) {
    require(Direction::send, "send: this end only receives");
    end_.send(message);
  }

  wire::Bytes recv_bytes() {
    wire::Bytes message;
    read_message(message);
    return message;
  }
  /// Writes the message to the front of the buffer and gives its size; EMSGSIZE leaves it.
  std::size_t recv_bytes(std::span<std::byte> buffer) {
    require(Direction::receive, "recv: this end only sends");
    const auto size = end_.recv(buffer);
    if (!size) throw EndOfFile();
    return *size;
  }

  /// Gives up this process's copy. A second close is harmless.
  void close() { end_.close(); }

 private:
  void require(Direction wanted, const char* complaint) const {
    if (direction_ != Direction::both && direction_ != wanted) os::throw_error(EBADF, complaint);
  }

  void read_message(wire::Bytes& message) {
    require(Direction::receive, "recv: this end only sends");
    const auto size = end_.next_size();
    if (!size) throw EndOfFile();
    message.resize(*size);
    end_.recv(message);
  }

  typename Backend::End end_;
  Direction direction_;
  wire::Bytes scratch_;  ///< reused, so that a message costs no allocation
};

/// Two connected ends: auto [a, b] = make_pipe();
template <Pipe Backend = SocketpairStream>
std::pair<Connection<Backend>, Connection<Backend>> make_pipe(PipeOptions options = {}) {
  auto [a, b] = Backend::make(options);
  return {Connection<Backend>(std::move(a)), Connection<Backend>(std::move(b))};
}

/// auto [receiver, sender] = make_pipe(one_way);
template <Pipe Backend = SocketpairStream>
std::pair<Connection<Backend>, Connection<Backend>> make_pipe(OneWay, PipeOptions options = {}) {
  using End = Connection<Backend>;
  auto [a, b] = Backend::make(options);
  return {End(std::move(a), End::Direction::receive), End(std::move(b), End::Direction::send)};
}

}  // namespace ipc
