// Queue backend: a System V message queue (msgop(2)).
#pragma once

#include <sys/msg.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <string>

#include "ipc/os/copy.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/limits.hpp"
#include "ipc/os/sysv.hpp"
#include "ipc/queue/contract.hpp"

namespace ipc {

/// The process that made it removes it; calls of others then throw EIDRM or EINVAL. It has no timed
/// calls.
///
/// The kernel bounds the bytes in a queue (msg_qbytes), not the messages. So every message travels
/// in a frame of one size, the largest, and its own size as its type, which must not be 0: the
/// bound is then exact. A short message in a queue for long ones therefore costs what a long one
/// costs. Without privilege (CAP_SYS_RESOURCE) all together may have /proc/sys/kernel/msgmnb bytes,
/// and a message always at most msgmax.
class SysvQueue {
 public:
  static constexpr std::string_view kName = "sysv_msg";
  static constexpr bool kHasSize = true;
  static constexpr bool kHasTimed = false;
  static constexpr bool kSurvivesKill = true;
  static constexpr bool kNeedsReclaim = true;
  static constexpr std::size_t kMostMessageBytes = kAnyMessageBytes;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws(
        [] { SysvQueue{{.capacity_messages = 1, .max_message_bytes = 1}}; });
  }

  explicit SysvQueue(QueueOptions options)
      : max_bytes_(std::max<std::size_t>(options.max_message_bytes, 1)),
        capacity_(options.capacity_messages) {
    require_allowed();
    queue_ = os::SysvHandle(os::SysvKind::queue);
    msqid_ds state{};
    os::check(::msgctl(queue_.id(), IPC_STAT, &state), "msgctl IPC_STAT");
    state.msg_qbytes = capacity_ * max_bytes_;
    if (::msgctl(queue_.id(), IPC_SET, &state) == -1)
      os::throw_errno(asked(capacity_ * max_bytes_, "/proc/sys/kernel/msgmnb"));
  }

  void put(std::span<const std::byte> message) { send(message, 0); }
  bool try_put(std::span<const std::byte> message) { return send(message, IPC_NOWAIT); }

  std::size_t get(std::span<std::byte> buffer) { return *receive(buffer, 0); }
  std::optional<std::size_t> try_get(std::span<std::byte> buffer) {
    return receive(buffer, IPC_NOWAIT);
  }

  std::size_t size() {
    msqid_ds state{};
    os::check(::msgctl(queue_.id(), IPC_STAT, &state), "msgctl IPC_STAT");
    return state.msg_qnum;
  }
  std::size_t capacity_messages() { return capacity_; }
  std::size_t max_message_bytes() { return max_bytes_; }

 private:
  /// What the calls take: the type, and right behind it the bytes. On the stack unless it is large.
  class Frame {
   public:
    explicit Frame(std::size_t bytes) {
      if (bytes > near_.size() - sizeof(long))
        far_ = std::make_unique_for_overwrite<std::byte[]>(sizeof(long) + bytes);
    }
    std::byte* start() { return far_ ? far_.get() : near_.data(); }
    std::byte* bytes() { return start() + sizeof(long); }
    void set_type(long type) { std::memcpy(start(), &type, sizeof type); }
    long type() {
      long type = 0;
      std::memcpy(&type, start(), sizeof type);
      return type;
    }

   private:
    alignas(long) std::array<std::byte, sizeof(long) + 4096> near_;
    std::unique_ptr<std::byte[]> far_;
  };

  [[nodiscard]] std::string asked(std::size_t bytes, const std::string& limit) const {
    return "System V queue of " + std::to_string(capacity_) + " messages of " +
           std::to_string(max_bytes_) + " bytes: " + std::to_string(bytes) + " against " + limit +
           " " + std::to_string(os::read_number(limit).value_or(0));
  }

  /// Refuses what the kernel would say no to late, or, to a privileged process, not at all.
  void require_allowed() const {
    if (capacity_ == 0) os::throw_error(EINVAL, "System V queue of capacity 0");
    constexpr std::int64_t kUsual = 8192;
    const std::string limit = "/proc/sys/kernel/msgmax";
    const auto most = static_cast<std::size_t>(os::read_number(limit).value_or(kUsual));
    if (max_bytes_ > most) os::throw_error(EINVAL, asked(max_bytes_, limit));
    constexpr std::size_t kMostBytes = std::numeric_limits<int>::max();
    if (capacity_ > kMostBytes / max_bytes_)
      os::throw_error(ENOMEM, "System V queue of " + std::to_string(capacity_) + " messages");
  }

  bool send(std::span<const std::byte> message, int flags) {
    if (message.size() > max_bytes_) os::throw_error(EMSGSIZE, "msgsnd");
    Frame frame(max_bytes_);
    frame.set_type(static_cast<long>(message.size()) + 1);
    os::copy_bytes(frame.bytes(), message.data(), message.size());
    if (message.size() < max_bytes_)
      std::memset(frame.bytes() + message.size(), 0, max_bytes_ - message.size());
    const auto call = [&] { return ::msgsnd(queue_.id(), frame.start(), max_bytes_, flags); };
    if (os::retry_eintr(call) == 0) return true;
    if (errno == EAGAIN) return false;
    os::throw_errno("msgsnd");
  }

  std::optional<std::size_t> receive(std::span<std::byte> buffer, int flags) {
    if (buffer.size() < max_bytes_) os::throw_error(EMSGSIZE, "msgrcv");
    Frame frame(max_bytes_);
    const auto call = [&] { return ::msgrcv(queue_.id(), frame.start(), max_bytes_, 0, flags); };
    if (os::retry_eintr(call) == -1) {
      if (errno == ENOMSG) return std::nullopt;
      os::throw_errno("msgrcv");
    }
    const auto size = static_cast<std::size_t>(frame.type() - 1);
    os::copy_bytes(buffer.data(), frame.bytes(), size);
    return size;
  }

  std::size_t max_bytes_;
  std::size_t capacity_;
  os::SysvHandle queue_;
};

static_assert(ByteQueue<SysvQueue>);

}  // namespace ipc
