// The typed pipe: values go in at one end and come out at the other.
#pragma once

#include <array>
#include <limits>
#include <stdexcept>
#include <string_view>

#include "ipc/pipe/socketpair_stream.hpp"
#include "ipc/wire/codec.hpp"
#include "ipc/wire/type_tag.hpp"

namespace ipc {

/// All messages are read and every copy of the other end is closed.
class EndOfFile : public std::runtime_error {
 public:
  EndOfFile() : std::runtime_error("end of file: every copy of the other end is closed") {}
};

/// The message is longer than the place it was to go to. It is taken, and here.
class BufferTooShort : public std::system_error {
 public:
  explicit BufferTooShort(wire::Bytes message)
      : system_error(EMSGSIZE, std::system_category(), "recv: buffer too short"),
        message_(std::move(message)) {}
  [[nodiscard]] const wire::Bytes& message() const { return message_; }

 private:
  wire::Bytes message_;
};

/// Makes a pipe in which only the second end sends and only the first receives.
struct OneWay {};
inline constexpr OneWay one_way{};

/// One end of a typed pipe, move-only, used by one process. After a fork each process closes the
/// end that it does not use: the end of file comes when every copy of the other end is closed.
/// Messages keep their order and their borders. Errors are std::system_error (EPIPE: nobody reads
/// any more; EBADF: closed, moved away, or the wrong direction; EBADMSG: the message was sent as
/// another type or as bytes, and is taken; EMSGSIZE: the value is nested too deeply). What a
/// value's own serialize function throws comes out of send and recv too.
///
/// A flat value (wire::Flat) of up to kNearBytes goes and comes without an allocation. On the wire
/// a value has its type's wire::type_tag() before it, 4 bytes.
///
/// The default backend is a socket pair: both directions in one descriptor, no signal when the peer
/// is gone, as fast as a pipe for round trips and faster for large messages.
template <Pipe Backend = SocketpairStream>
class Connection {
 public:
  enum class Direction { both, receive, send };
  static constexpr std::size_t kNearBytes = 4096;

  /// A message of more than max_message_bytes throws EMSGSIZE before memory is taken for it, and
  /// stays in the way.
  explicit Connection(typename Backend::End end, Direction direction = Direction::both,
                      std::size_t max_message_bytes = std::numeric_limits<std::size_t>::max())
      : end_(std::move(end)), direction_(direction), max_message_bytes_(max_message_bytes) {}

  /// Blocks until the message is taken, which for a large one means until it is read.
  template <wire::Encodable T>
  void send(const T& value) {
    constexpr Tag tag = wire::type_tag<T>();
    if constexpr (kIsNear<T>) {
      Near<T> message;
      std::memcpy(message.data(), &tag, sizeof tag);
      std::memcpy(message.data() + sizeof tag, &value, sizeof value);
      send_bytes(message);
    } else {
      scratch_.clear();
      wire::encode(tag, scratch_);
      wire::encode(value, scratch_);
      send_bytes(scratch_);
    }
  }
  /// Text travels as std::string.
  void send(std::string_view text) { send(std::string(text)); }

  /// Blocks for the next message; throws EndOfFile when there will be none.
  template <wire::Encodable T>
  T recv() {
    const std::size_t size = next_size();
    if constexpr (kIsNear<T>) {
      Near<T> message;
      if (size == message.size()) {
        end_.recv(message);
        return value_of<T>(message);
      }
    }
    scratch_.resize(size);
    end_.recv(scratch_);
    return value_of<T>(scratch_);
  }

  /// Whether recv would find a message or the end, after at most that long; zero or less looks
  /// once.
  bool poll(os::Duration wait = os::Duration::zero()) {
    require(Direction::receive, "poll: this end only sends");
    return end_.ready(os::Deadline::after(wait));
  }

  /// For ipc::wait(), which waits for several; as poll() for one.
  operator os::Waitable() requires WaitableEnd<typename Backend::End> {
    require(Direction::receive, "wait: this end only sends");
    return end_.waitable();
  }

  /// Bytes as they are, without a type's tag.
  void send_bytes(std::span<const std::byte> message) {
    require(Direction::send, "send: this end only receives");
    end_.send(message);
  }

  wire::Bytes recv_bytes() { return take(next_size()); }
  /// A message of more than that throws EMSGSIZE, and is left.
  wire::Bytes recv_bytes(std::size_t max_bytes) {
    const std::size_t size = next_size();
    if (size > max_bytes) os::throw_error(EMSGSIZE, "recv: message over the limit");
    return take(size);
  }
  /// Writes the message to the front of the buffer and gives its size. A longer one throws
  /// BufferTooShort, which holds it. What lies behind the message in the buffer may be overwritten.
  std::size_t recv_bytes_into(std::span<std::byte> buffer) {
    require(Direction::receive, "recv: this end only sends");
    std::optional<std::size_t> size;
    try {
      size = end_.recv(buffer);
    } catch (const std::system_error& error) {
      if (error.code().value() != EMSGSIZE) throw;
      throw BufferTooShort(take(next_size()));
    }
    if (!size) throw EndOfFile();
    return *size;
  }

  /// Gives up this process's copy. A second close is harmless.
  void close() { end_.close(); }

 private:
  void require(Direction wanted, const char* complaint) const {
    if (direction_ != Direction::both && direction_ != wanted) os::throw_error(EBADF, complaint);
  }

  std::size_t next_size() {
    require(Direction::receive, "recv: this end only sends");
    const auto size = end_.next_size();
    if (!size) throw EndOfFile();
    if (*size > max_message_bytes_) os::throw_error(EMSGSIZE, "recv: message over the limit");
    return *size;
  }

  wire::Bytes take(std::size_t size) {
    wire::Bytes message(size);
    end_.recv(message);
    return message;
  }

  using Tag = std::uint32_t;
  template <class T>
  static constexpr bool kIsNear = wire::Flat<T> && sizeof(T) <= kNearBytes;
  template <class T>
  using Near = std::array<std::byte, sizeof(Tag) + sizeof(T)>;

  template <class T>
  static T value_of(std::span<const std::byte> message) {
    Tag tag = 0;
    if (message.size() >= sizeof tag) std::memcpy(&tag, message.data(), sizeof tag);
    if (message.size() < sizeof tag || tag != wire::type_tag<T>())
      wire::throw_bad_message("recv: the message is of another type");
    return wire::decode<T>(message.subspan(sizeof tag));
  }

  typename Backend::End end_;
  Direction direction_;
  std::size_t max_message_bytes_;
  wire::Bytes scratch_;  ///< reused, so that messages cost few allocations
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
