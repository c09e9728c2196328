// Queue backend: a POSIX message queue (mq_overview(7)).
#pragma once

#include <fcntl.h>
#include <mqueue.h>

#include <algorithm>

#include "ipc/os/error.hpp"
#include "ipc/os/limits.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/os/unique_name.hpp"
#include "ipc/queue/contract.hpp"

namespace ipc {

/// mq_open(3), unlinked at once. What may be asked without privilege is in /proc/sys/fs/mqueue, and
/// all queues of a user together hold at most RLIMIT_MSGQUEUE bytes (getrlimit(2)).
class PosixQueue {
 public:
  static constexpr std::string_view kName = "posix_mq";
  static constexpr bool kHasSize = true;
  static constexpr bool kHasTimed = true;
  static constexpr bool kSurvivesKill = true;
  static constexpr bool kNeedsReclaim = false;
  static constexpr std::size_t kMostMessageBytes = kAnyMessageBytes;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws(
        [] { PosixQueue{{.capacity_messages = 1, .max_message_bytes = 1}}; });
  }

  explicit PosixQueue(QueueOptions options)
      : capacity_(options.capacity_messages),
        max_bytes_(std::max<std::size_t>(options.max_message_bytes, 1)) {
    mq_attr attributes{};
    attributes.mq_maxmsg = static_cast<long>(capacity_);
    attributes.mq_msgsize = static_cast<long>(max_bytes_);
    const std::string name = os::unique_name();
    // On Linux a queue's descriptor is a file descriptor.
    queue_ = os::UniqueFd(
        ::mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attributes));
    if (!queue_) os::throw_errno("mq_open" + asked_too_much());
    ::mq_unlink(name.c_str());
  }

  void put(std::span<const std::byte> message) { put_until(message, os::Deadline::never()); }
  bool try_put(std::span<const std::byte> message) {
    return put_until(message, os::Deadline::now());
  }
  bool put_until(std::span<const std::byte> message, os::Deadline deadline) {
    return retry_until(deadline, "mq_send",
                       [&](const timespec* until) -> ssize_t {
                         // The data of an empty span may be null, which the call must not be given.
                         const auto* const data =
                             message.empty() ? "" : reinterpret_cast<const char*>(message.data());
                         return until ? ::mq_timedsend(queue_.get(), data, message.size(), 0, until)
                                      : ::mq_send(queue_.get(), data, message.size(), 0);
                       })
        .has_value();
  }

  std::size_t get(std::span<std::byte> buffer) { return *get_until(buffer, os::Deadline::never()); }
  std::optional<std::size_t> try_get(std::span<std::byte> buffer) {
    return get_until(buffer, os::Deadline::now());
  }
  std::optional<std::size_t> get_until(std::span<std::byte> buffer, os::Deadline deadline) {
    return retry_until(deadline, "mq_receive", [&](const timespec* until) {
      auto* const data = reinterpret_cast<char*>(buffer.data());
      return until ? ::mq_timedreceive(queue_.get(), data, buffer.size(), nullptr, until)
                   : ::mq_receive(queue_.get(), data, buffer.size(), nullptr);
    });
  }

  std::size_t size() {
    mq_attr attributes{};
    os::check(::mq_getattr(queue_.get(), &attributes), "mq_getattr");
    return static_cast<std::size_t>(attributes.mq_curmsgs);
  }
  std::size_t capacity_messages() { return capacity_; }
  std::size_t max_message_bytes() { return max_bytes_; }

 private:
  /// Which limit stands in the way, as text to follow the call's name.
  [[nodiscard]] std::string asked_too_much() const {
    const auto limits = os::mq_limits();
    const auto over = [](std::size_t asked, std::int64_t most, const char* limit) {
      if (asked <= static_cast<std::size_t>(most)) return std::string();
      return ": " + std::to_string(asked) + " is over " + limit + " " + std::to_string(most);
    };
    const auto text = over(capacity_, limits.max_messages, "/proc/sys/fs/mqueue/msg_max") +
                      over(max_bytes_, limits.max_message_bytes, "/proc/sys/fs/mqueue/msgsize_max");
    return text.empty() && errno == EMFILE ? ": over RLIMIT_MSGQUEUE or too many files" : text;
  }

  /// The timed calls take wall-clock time: when that is moved they come back early, so wait again.
  template <class Call>
  std::optional<std::size_t> retry_until(os::Deadline deadline, const char* name, Call call) {
    for (;;) {
      timespec until{};
      if (!deadline.is_never()) until = deadline.realtime();
      const ssize_t result = call(deadline.is_never() ? nullptr : &until);
      if (result >= 0) return static_cast<std::size_t>(result);
      if (errno != ETIMEDOUT && errno != EINTR) os::throw_errno(name);
      if (errno == ETIMEDOUT && deadline.expired()) return std::nullopt;
    }
  }

  os::UniqueFd queue_;
  std::size_t capacity_;
  std::size_t max_bytes_;
};

static_assert(ByteQueue<PosixQueue>);

}  // namespace ipc
