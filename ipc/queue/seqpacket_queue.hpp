// Queue backend: a pair of Unix packet sockets that everybody shares (unix(7) SOCK_SEQPACKET).
#pragma once

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <vector>

#include "ipc/os/error.hpp"
#include "ipc/os/futex.hpp"
#include "ipc/os/limits.hpp"
#include "ipc/os/poll.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/queue/contract.hpp"

namespace ipc {

/// Producers send on one socket, consumers receive on the other; the kernel keeps the messages, and
/// no lock is held while one is copied or waited for, so nobody's death harms the others.
///
/// The kernel counts memory, not messages. So every message travels in a frame of one size, the
/// largest: SO_SNDBUF then bounds their number exactly, and SIOCINQ tells it exactly. A short
/// message in a queue for long ones therefore costs what a long one costs. The most that fits is
/// twice net.core.wmem_max.
class SeqpacketQueue {
 public:
  static constexpr std::string_view kName = "seqpacket";
  static constexpr bool kHasSize = true;
  static constexpr bool kHasTimed = true;
  static constexpr bool kSurvivesKill = true;
  static constexpr bool kNeedsReclaim = false;
  static constexpr std::size_t kMostMessageBytes = kAnyMessageBytes;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { SeqpacketQueue{QueueOptions{}}; });
  }

  explicit SeqpacketQueue(QueueOptions options)
      : max_bytes_(options.max_message_bytes), capacity_(options.capacity_messages) {
    if (capacity_ == 0) os::throw_error(EINVAL, "seqpacket queue of capacity 0");
    int fds[2];
    os::check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), "socketpair seqpacket");
    to_put_ = os::UniqueFd(fds[0]);
    to_get_ = os::UniqueFd(fds[1]);
    bound();
    padding_.resize(frame_bytes_ - sizeof(Header));
  }

  void put(std::span<const std::byte> message) { put_until(message, os::Deadline::never()); }

  bool try_put(std::span<const std::byte> message) {
    if (message.size() > max_bytes_) os::throw_error(EMSGSIZE, "seqpacket put");
    return frame_bytes_ <= kCopiedBytes ? send_copied(message) : send_gathered(message);
  }

  bool put_until(std::span<const std::byte> message, os::Deadline deadline) {
    while (!try_put(message)) {
      if (deadline.expired()) return false;
      const std::uint32_t marked = space_->fetch_or(kWaiting) | kWaiting;
      if (try_put(message)) return true;  // it may have become free before the mark
      os::futex_nap(*space_, marked, deadline);
    }
    return true;
  }

  std::size_t get(std::span<std::byte> buffer) { return *receive(buffer, 0); }
  std::optional<std::size_t> try_get(std::span<std::byte> buffer) {
    return receive(buffer, MSG_DONTWAIT);
  }
  std::optional<std::size_t> get_until(std::span<std::byte> buffer, os::Deadline deadline) {
    if (deadline.is_never()) return get(buffer);
    for (;;) {
      if (const auto size = receive(buffer, MSG_DONTWAIT)) return size;
      if (!os::wait_ready(to_get_.get(), POLLIN, deadline)) return std::nullopt;
    }
  }

  std::size_t size() {
    return static_cast<std::size_t>(ask(to_get_, SIOCINQ, "SIOCINQ")) / frame_bytes_;
  }
  std::size_t capacity_messages() { return capacity_; }
  std::size_t max_message_bytes() { return max_bytes_; }

 private:
  using Header = std::uint32_t;  ///< the message's size
  static constexpr std::size_t kCopiedBytes = 1024;
  static constexpr std::uint32_t kWaiting = 1;

  static int ask(const os::UniqueFd& socket, unsigned long what, const char* name) {
    int answer = 0;
    os::check(::ioctl(socket.get(), what, &answer), name);
    return answer;
  }

  /// Chooses the frame and SO_SNDBUF so that exactly capacity_ frames fit: a sender may go on while
  /// the memory of what is inside is less than SO_SNDBUF.
  void bound() {
    frame_bytes_ = sizeof(Header) + max_bytes_;
    for (;;) {
      const std::size_t cost = memory_of_a_frame();
      const std::size_t wanted = capacity_ * cost;
      const std::size_t given = set_send_buffer(wanted);
      if (given < wanted - 1) throw_too_much(wanted);
      if (given <= wanted) return;
      frame_bytes_ = std::max(given / capacity_, frame_bytes_ + 64);  // under the kernel's minimum
    }
  }

  std::size_t memory_of_a_frame() {
    set_send_buffer(2 * frame_bytes_ + 4096);
    const std::vector<std::byte> probe(frame_bytes_);
    if (::send(to_put_.get(), probe.data(), probe.size(), MSG_NOSIGNAL | MSG_DONTWAIT) == -1) {
      if (errno == EMSGSIZE || errno == EAGAIN) throw_too_much(frame_bytes_);
      os::throw_errno("send seqpacket");
    }
    const int cost = ask(to_put_, SIOCOUTQ, "SIOCOUTQ");
    const int bytes = ask(to_get_, SIOCINQ, "SIOCINQ");
    std::byte discarded{};
    os::check(::recv(to_get_.get(), &discarded, 1, 0), "recv seqpacket");
    if (cost <= bytes || static_cast<std::size_t>(bytes) != frame_bytes_)
      os::throw_error(ENOSYS, "SIOCINQ and SIOCOUTQ of a packet socket");
    return static_cast<std::size_t>(cost);
  }

  /// Sets SO_SNDBUF to at most that and gives what it really is; the kernel doubles what it is
  /// told.
  std::size_t set_send_buffer(std::size_t bytes) {
    const int half =
        static_cast<int>(std::min<std::size_t>(bytes / 2, std::numeric_limits<int>::max() / 2));
    os::check(::setsockopt(to_put_.get(), SOL_SOCKET, SO_SNDBUF, &half, sizeof half), "SO_SNDBUF");
    int given = 0;
    socklen_t length = sizeof given;
    os::check(::getsockopt(to_put_.get(), SOL_SOCKET, SO_SNDBUF, &given, &length), "SO_SNDBUF");
    return static_cast<std::size_t>(given);
  }

  [[noreturn]] void throw_too_much(std::size_t wanted) const {
    os::throw_error(ENOBUFS, "seqpacket queue of " + std::to_string(capacity_) + " messages of " +
                                 std::to_string(max_bytes_) + " bytes: " + std::to_string(wanted) +
                                 " bytes are over twice /proc/sys/net/core/wmem_max " +
                                 std::to_string(os::socket_buffer_max_bytes()));
  }

  bool send_copied(std::span<const std::byte> message) {
    const auto size = static_cast<Header>(message.size());
    std::array<std::byte, kCopiedBytes> frame;
    std::memcpy(frame.data(), &size, sizeof size);
    if (size > 0) std::memcpy(frame.data() + sizeof size, message.data(), size);
    std::memset(frame.data() + sizeof size + size, 0, frame_bytes_ - sizeof size - size);
    return sent([&] {
      return ::send(to_put_.get(), frame.data(), frame_bytes_, MSG_NOSIGNAL | MSG_DONTWAIT);
    });
  }

  bool send_gathered(std::span<const std::byte> message) {
    auto size = static_cast<Header>(message.size());
    iovec parts[] = {{&size, sizeof size},
                     {const_cast<std::byte*>(message.data()), size},
                     {padding_.data(), padding_.size() - size}};
    msghdr gathered{};
    gathered.msg_iov = parts;
    gathered.msg_iovlen = 3;
    return sent([&] { return ::sendmsg(to_put_.get(), &gathered, MSG_NOSIGNAL | MSG_DONTWAIT); });
  }

  template <class Call>
  static bool sent(Call call) {
    if (os::retry_eintr(call) >= 0) return true;
    if (errno == EAGAIN) return false;
    os::throw_errno("send seqpacket");
  }

  std::optional<std::size_t> receive(std::span<std::byte> buffer, int flags) {
    if (buffer.size() < max_bytes_) os::throw_error(EMSGSIZE, "seqpacket get");
    Header size = 0;
    iovec parts[] = {{&size, sizeof size}, {buffer.data(), max_bytes_}};
    msghdr scattered{};
    scattered.msg_iov = parts;
    scattered.msg_iovlen = 2;  // padding beyond them the kernel drops
    if (os::retry_eintr([&] { return ::recvmsg(to_get_.get(), &scattered, flags); }) == -1) {
      if (errno == EAGAIN) return std::nullopt;
      os::throw_errno("recv seqpacket");
    }
    wake_producers();
    return size;
  }

  /// The kernel itself wakes a sender only when the buffer has drained to a quarter.
  void wake_producers() {
    std::uint32_t marked = space_->load();
    if ((marked & kWaiting) == 0) return;
    if (space_->compare_exchange_strong(marked, marked + 1))
      os::futex_wake(*space_, std::numeric_limits<int>::max());
  }

  std::size_t max_bytes_;
  std::size_t capacity_;
  std::size_t frame_bytes_ = 0;
  os::UniqueFd to_put_;
  os::UniqueFd to_get_;
  std::vector<std::byte> padding_;
  /// Lowest bit: a producer waits for space. The rest counts how often it was cleared.
  os::SharedObject<os::FutexWord> space_{0u};
};

static_assert(ByteQueue<SeqpacketQueue>);

}  // namespace ipc
