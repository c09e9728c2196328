// Queue backend: a pipe in packet mode (pipe(2) O_DIRECT).
#pragma once

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <limits>
#include <string>

#include "ipc/os/error.hpp"
#include "ipc/os/limits.hpp"
#include "ipc/os/poll.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/queue/contract.hpp"

namespace ipc {

/// Each write is a packet, which one read takes whole. A packet of nothing does not exist, so each
/// begins with a byte that carries nothing, and a message is at most PIPE_BUF - 1 bytes long. A
/// packet takes a page of the pipe, whatever its size: the capacity is a power of two of at least
/// what was asked, up to /proc/sys/fs/pipe-max-size in pages without privilege. The kernel tells
/// how many bytes are inside, not how many packets.
class PacketPipe {
 public:
  static constexpr std::string_view kName = "packet_pipe";
  static constexpr bool kHasSize = false;
  static constexpr bool kHasTimed = true;
  static constexpr bool kSurvivesKill = true;
  static constexpr bool kNeedsReclaim = false;
  static constexpr std::size_t kMostMessageBytes = PIPE_BUF - 1;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { PacketPipe{QueueOptions{}}; });
  }

  explicit PacketPipe(QueueOptions options) : max_bytes_(options.max_message_bytes) {
    if (max_bytes_ > kMostMessageBytes)
      os::throw_error(EMSGSIZE, "packet pipe for messages of " + std::to_string(max_bytes_) +
                                    " bytes: the most is PIPE_BUF - 1, " +
                                    std::to_string(kMostMessageBytes));
    int fds[2];
    os::check(::pipe2(fds, O_DIRECT | O_CLOEXEC), "pipe2 O_DIRECT");
    to_get_ = os::UniqueFd(fds[0]);
    to_put_ = os::UniqueFd(fds[1]);
    capacity_ = set_capacity(options.capacity_messages);
    to_try_get_ = reopened(to_get_, O_RDONLY);
    to_try_put_ = reopened(to_put_, O_WRONLY);
    // Not a flag that a pipe can be opened with.
    os::check(::fcntl(to_try_put_.get(), F_SETFL, O_DIRECT | O_NONBLOCK), "F_SETFL O_DIRECT");
  }

  void put(std::span<const std::byte> message) { send(to_put_, message); }
  bool try_put(std::span<const std::byte> message) { return send(to_try_put_, message); }
  bool put_until(std::span<const std::byte> message, os::Deadline deadline) {
    while (!try_put(message))
      if (!os::wait_ready(to_try_put_.get(), POLLOUT, deadline)) return false;
    return true;
  }

  std::size_t get(std::span<std::byte> buffer) { return *receive(to_get_, buffer); }
  std::optional<std::size_t> try_get(std::span<std::byte> buffer) {
    return receive(to_try_get_, buffer);
  }
  std::optional<std::size_t> get_until(std::span<std::byte> buffer, os::Deadline deadline) {
    for (;;) {
      if (const auto size = try_get(buffer)) return size;
      if (!os::wait_ready(to_try_get_.get(), POLLIN, deadline)) return std::nullopt;
    }
  }

  std::size_t size() { os::throw_error(ENOTSUP, "packet pipe size"); }
  std::size_t capacity_messages() { return capacity_; }
  std::size_t max_message_bytes() { return max_bytes_; }

 private:
  /// Gives how many packets fit.
  [[nodiscard]] std::size_t set_capacity(std::size_t messages) const {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const auto limit = [&] {
      return "packet pipe of " + std::to_string(messages) +
             " messages, a page each: /proc/sys/fs/pipe-max-size is " +
             std::to_string(os::pipe_max_bytes());
    };
    if (messages == 0) os::throw_error(EINVAL, "packet pipe of capacity 0");
    if (messages > std::numeric_limits<int>::max() / page) os::throw_error(ENOBUFS, limit());
    const int asked = static_cast<int>(messages * page);
    if (::fcntl(to_put_.get(), F_SETPIPE_SZ, asked) == -1) os::throw_errno(limit());
    return static_cast<std::size_t>(
               os::check(::fcntl(to_put_.get(), F_GETPIPE_SZ), "F_GETPIPE_SZ")) /
           page;
  }

  /// The same end as an open file of its own, so that it alone does not block.
  static os::UniqueFd reopened(const os::UniqueFd& end, int mode) {
    const std::string path = "/proc/self/fd/" + std::to_string(end.get());
    return os::UniqueFd(
        os::check(::open(path.c_str(), mode | O_NONBLOCK | O_CLOEXEC), "open " + path));
  }

  bool send(const os::UniqueFd& end, std::span<const std::byte> message) {
    if (message.size() > max_bytes_) os::throw_error(EMSGSIZE, "packet pipe put");
    std::byte marker{};
    const iovec parts[] = {{&marker, 1}, {const_cast<std::byte*>(message.data()), message.size()}};
    if (os::retry_eintr([&] { return ::writev(end.get(), parts, 2); }) != -1) return true;
    if (errno == EAGAIN) return false;
    os::throw_errno("packet pipe writev");
  }

  std::optional<std::size_t> receive(const os::UniqueFd& end, std::span<std::byte> buffer) {
    if (buffer.size() < max_bytes_) os::throw_error(EMSGSIZE, "packet pipe get");
    std::byte marker{};
    const iovec parts[] = {{&marker, 1}, {buffer.data(), max_bytes_}};
    const auto got = os::retry_eintr([&] { return ::readv(end.get(), parts, 2); });
    if (got > 0) return static_cast<std::size_t>(got) - 1;
    if (got == -1 && errno == EAGAIN) return std::nullopt;
    os::throw_errno("packet pipe readv");
  }

  std::size_t max_bytes_;
  std::size_t capacity_ = 0;
  // Everybody has both ends, so neither is ever closed for the others.
  os::UniqueFd to_get_;
  os::UniqueFd to_put_;
  os::UniqueFd to_try_get_;
  os::UniqueFd to_try_put_;
};

static_assert(ByteQueue<PacketPipe>);

}  // namespace ipc
