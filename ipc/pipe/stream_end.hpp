// One end of a pipe over a byte stream: each message is framed by its length.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <memory>

#include "ipc/os/copy.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/limits.hpp"
#include "ipc/os/poll.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/pipe/contract.hpp"

namespace ipc {

/// A PipeEnd over one stream socket or over the ends of two pipes. On the wire a message is its
/// length, 8 bytes in host order, and its bytes. A message costs one write, and as a rule one read:
/// reads take what is there, but no more than the caller has room for, into a buffer of the end's
/// own, from which messages are copied out. So messages far smaller than the caller's buffer cost
/// less than a read each. To read on until the pipe is empty would save more calls and yet be
/// slower on one CPU: each message of a stream would then wake the reader for itself alone.
class StreamEnd {
 public:
  explicit StreamEnd(os::UniqueFd socket) : in_(std::move(socket)), is_socket_(true) {}
  StreamEnd(os::UniqueFd in, os::UniqueFd out)
      : in_(std::move(in)), out_(std::move(out)), is_socket_(false) {}

  void send(std::span<const std::byte> message) {
    // A copy is cheaper than a second part to gather, and cheapest on the part of the stack that is
    // in use anyway.
    if (message.size() <= kNearBytes) [[likely]]
      send_copied<kNearBytes>(message);
    else if (message.size() <= kCopiedBytes)
      send_copied<kCopiedBytes>(message);
    else
      send_in_parts(message.size(), message);
  }

  std::optional<std::size_t> next_size() {
    require_open();
    while (buffered() < sizeof(Header)) {
      if (!fill()) return std::nullopt;
    }
    return header_at_front();
  }

  std::optional<std::size_t> recv(std::span<std::byte> buffer) {
    require_open();
    if (buffered() > 0) return recv_buffered(buffer);
    if (buffer.size() > kCopiedBytes) return recv_straight(buffer);
    // The way of most messages, with as few branches as can be: after a switch of processes the
    // processor predicts none of them.
    begin_ = end_ = 0;
    const ssize_t got = ::read(in_.get(), store_.get(), sizeof(Header) + buffer.size());
    if (got >= static_cast<ssize_t>(sizeof(Header))) [[likely]] {
      end_ = static_cast<std::size_t>(got);
      Header size = 0;
      std::memcpy(&size, store_.get(), sizeof size);
      if (size <= std::min(end_ - sizeof size, buffer.size())) [[likely]] {
        os::copy_bytes(buffer.data(), store_.get() + sizeof size, size);
        begin_ = sizeof size + size;
        return size;
      }
    } else if (got != -1 || errno != EINTR) {
      end_ = received(got, false);
    }
    return recv_buffered(buffer);
  }

  /// A message that has begun to arrive counts: recv then waits for the rest of it.
  bool ready(os::Deadline deadline) {
    require_open();
    return buffered() > 0 || os::wait_ready(in_.get(), POLLIN, deadline);
  }

  os::Waitable waitable() {
    require_open();
    return {in_.get(), buffered() > 0};
  }

  void close() {
    in_.reset();
    out_.reset();
    store_.reset();
    begin_ = end_ = 0;
  }

  /// Of a pipe its size; of a socket SO_SNDBUF, which counts the kernel's overhead for each write.
  std::size_t capacity_bytes() {
    require_open();
    if (!is_socket_)
      return static_cast<std::size_t>(os::check(::fcntl(in_.get(), F_GETPIPE_SZ), "F_GETPIPE_SZ"));
    int bytes = 0;
    socklen_t length = sizeof bytes;
    os::check(::getsockopt(in_.get(), SOL_SOCKET, SO_SNDBUF, &bytes, &length), "SO_SNDBUF");
    return static_cast<std::size_t>(bytes);
  }

  std::size_t max_message_bytes() { return kMaxMessageBytes; }

 private:
  using Header = std::uint64_t;
  static constexpr std::size_t kMostStraight = 64 * 1024;
  static constexpr std::size_t kStoreBytes = sizeof(Header) + kMostStraight;
  static constexpr std::size_t kNearBytes = 1024;
  static constexpr std::size_t kCopiedBytes = 4096;
  static constexpr std::size_t kMaxMessageBytes =
      std::numeric_limits<std::ptrdiff_t>::max() - sizeof(Header);

  void require_open() const {
    if (!in_) os::throw_error(EBADF, "pipe end is closed");
  }
  [[nodiscard]] std::size_t buffered() const { return end_ - begin_; }

  [[nodiscard]] std::size_t header_at_front() const {
    Header size = 0;
    std::memcpy(&size, store_.get() + begin_, sizeof size);
    if (size > kMaxMessageBytes) os::throw_error(EPROTO, "recv: not a message");
    return size;
  }

  /// Reads once behind what is buffered, less than a header; false at the end of the stream.
  bool fill() {
    std::memmove(store_.get(), store_.get() + begin_, buffered());
    end_ -= std::exchange(begin_, 0);
    const std::size_t got = received(
        os::retry_eintr([&] { return ::read(in_.get(), store_.get() + end_, kStoreBytes - end_); }),
        buffered() > 0);
    end_ += got;
    return got > 0;
  }

  std::optional<std::size_t> recv_buffered(std::span<std::byte> buffer) {
    const auto size = next_size();
    if (!size) return std::nullopt;
    if (*size > buffer.size()) os::throw_error(EMSGSIZE, "recv: buffer too small");
    begin_ += sizeof(Header);
    const std::size_t here = std::min(*size, buffered());
    os::copy_bytes(buffer.data(), store_.get() + begin_, here);
    begin_ += here;
    read_rest(buffer.subspan(here, *size - here));
    return size;
  }

  /// Nothing is buffered and the message may be large: the header goes to the store, what follows
  /// straight to the caller, and what then proves to belong to later messages back to the store.
  std::optional<std::size_t> recv_straight(std::span<std::byte> buffer) {
    begin_ = end_ = 0;
    const std::size_t room = std::min(buffer.size(), kMostStraight);
    const iovec parts[] = {{store_.get(), sizeof(Header)}, {buffer.data(), room}};
    const std::size_t got =
        received(os::retry_eintr([&] { return ::readv(in_.get(), parts, 2); }), false);
    if (got == 0) return std::nullopt;
    end_ = std::min(got, sizeof(Header));
    if (got < sizeof(Header)) return recv_buffered(buffer);
    const std::size_t size = header_at_front();
    const std::size_t taken = size > buffer.size() ? 0 : std::min(size, got - sizeof(Header));
    const auto beyond = buffer.subspan(taken, got - sizeof(Header) - taken);
    if (size <= buffer.size()) end_ = 0;
    if (!beyond.empty()) std::memcpy(store_.get() + end_, beyond.data(), beyond.size());
    end_ += beyond.size();
    if (size > buffer.size()) os::throw_error(EMSGSIZE, "recv: buffer too small");
    read_rest(buffer.subspan(taken, size - taken));
    return size;
  }

  /// The rest of a message that has begun.
  void read_rest(std::span<std::byte> rest) {
    while (!rest.empty()) {
      const auto got = os::retry_eintr([&] { return ::read(in_.get(), rest.data(), rest.size()); });
      rest = rest.subspan(received(got, true));
    }
  }

  /// What a read gave; 0 at the end of the stream, which within a message is an error.
  static std::size_t received(ssize_t got, bool within_message) {
    // A Unix socket whose peer closed without reading everything says so once, after the data.
    if (got == -1 && errno == ECONNRESET) got = 0;
    if (got == -1) os::throw_errno("recv");
    if (got == 0 && within_message)
      os::throw_error(EPROTO, "recv: the sender ended in the middle of a message");
    return static_cast<std::size_t>(got);
  }

  ssize_t write_some(std::span<const std::byte> bytes) const {
    return is_socket_ ? ::send(in_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL)
                      : ::write(out_.get(), bytes.data(), bytes.size());
  }

  void write_all(std::span<const std::byte> bytes) {
    const ssize_t written = write_some(bytes);
    if (written != static_cast<ssize_t>(bytes.size())) [[unlikely]]
      write_rest(bytes, written);
  }

  /// Goes on after a write that gave something else than the whole.
  [[gnu::cold, gnu::noinline]] void write_rest(std::span<const std::byte> bytes, ssize_t written) {
    for (;; written = write_some(bytes)) {
      if (written == -1 && errno == EINTR) continue;
      bytes = bytes.subspan(sent(written));
      if (bytes.empty()) return;
    }
  }

  void send_in_parts(Header size, std::span<const std::byte> message) {
    iovec parts[] = {{&size, sizeof size},
                     {const_cast<std::byte*>(message.data()), message.size()}};
    msghdr gathered{};
    gathered.msg_iov = parts;
    gathered.msg_iovlen = 2;
    const std::size_t first = sent(os::retry_eintr([&] {
      return is_socket_ ? ::sendmsg(in_.get(), &gathered, MSG_NOSIGNAL)
                        : ::writev(out_.get(), parts, 2);
    }));
    if (first < sizeof size) write_all(std::as_bytes(std::span(&size, 1)).subspan(first));
    const auto rest = message.subspan(first < sizeof size ? 0 : first - sizeof size);
    if (!rest.empty()) write_all(rest);
  }

  template <std::size_t kMost>
  void send_copied(std::span<const std::byte> message) {
    const Header size = message.size();
    std::array<std::byte, sizeof size + kMost> frame;
    std::memcpy(frame.data(), &size, sizeof size);
    os::copy_bytes(frame.data() + sizeof size, message.data(), message.size());
    write_all(std::span(frame).first(sizeof size + message.size()));
  }

  /// What a write gave.
  static std::size_t sent(ssize_t bytes) {
    if (bytes >= 0) return static_cast<std::size_t>(bytes);
    // ECONNRESET: as in received(); the send after that would say EPIPE.
    os::throw_error(errno == ECONNRESET ? EPIPE : errno, "send");
  }

  os::UniqueFd in_;   ///< the socket, or the pipe to read from
  os::UniqueFd out_;  ///< the pipe to write to
  bool is_socket_;
  std::unique_ptr<std::byte[]> store_ = std::make_unique_for_overwrite<std::byte[]>(kStoreBytes);
  std::size_t begin_ = 0;  ///< store_[begin_, end_) is read but not handed out
  std::size_t end_ = 0;
};

static_assert(WaitableEnd<StreamEnd>);

/// Sets what a pipe holds, given either end; more than /proc/sys/fs/pipe-max-size is cut to it.
/// 0 leaves the default.
inline void set_pipe_capacity(int pipe, std::size_t bytes) {
  if (bytes == 0) return;
  const auto most = static_cast<std::size_t>(os::pipe_max_bytes());
  const int asked = static_cast<int>(std::min(bytes, most));
  os::check(::fcntl(pipe, F_SETPIPE_SZ, asked), "F_SETPIPE_SZ " + std::to_string(asked));
}

/// Asks for a socket's send buffer; the kernel cuts it to net.core.wmem_max. 0 leaves the default.
inline void set_send_buffer(int socket, std::size_t bytes) {
  if (bytes == 0) return;
  const int asked =
      static_cast<int>(std::min<std::size_t>(bytes, std::numeric_limits<int>::max() / 2));
  os::check(::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &asked, sizeof asked), "SO_SNDBUF");
}

}  // namespace ipc
