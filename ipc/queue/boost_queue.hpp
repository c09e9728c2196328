// Queue backend: Boost.Interprocess message_queue, a heap in shared memory under mutex and
// conditions.
#pragma once

#include <boost/date_time/posix_time/posix_time_types.hpp>
#include <boost/interprocess/ipc/message_queue.hpp>
#include <sys/statvfs.h>

#include <algorithm>

#include "ipc/os/error.hpp"
#include "ipc/os/unique_name.hpp"
#include "ipc/queue/contract.hpp"

namespace ipc {

/// The name is removed right after the construction. Not proof against SIGKILL: the mutex is held
/// while a message is copied, and nobody takes it over from the dead.
class BoostQueue {
 public:
  static constexpr std::string_view kName = "boost_mq";
  static constexpr bool kHasSize = true;
  static constexpr bool kHasTimed = true;
  static constexpr bool kSurvivesKill = false;
  static constexpr bool kNeedsReclaim = false;
  static constexpr std::size_t kMostMessageBytes = kAnyMessageBytes;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws(
        [] { BoostQueue{{.capacity_messages = 1, .max_message_bytes = 1}}; });
  }

  explicit BoostQueue(QueueOptions options) {
    if (options.capacity_messages == 0)
      os::throw_error(EINVAL, "boost message_queue of capacity 0");
    const std::size_t bytes = std::max<std::size_t>(options.max_message_bytes, 1);
    require_space(options.capacity_messages, bytes);
    const Name name{os::unique_name()};
    translated([&] {
      queue_.emplace(boost::interprocess::create_only, name.text.c_str(), options.capacity_messages,
                     bytes);
    });
  }

  void put(std::span<const std::byte> message) {
    require_fits(message.size());
    translated([&] { queue_->send(start_of(message), message.size(), 0); });
  }
  bool try_put(std::span<const std::byte> message) {
    require_fits(message.size());
    return translated([&] { return queue_->try_send(start_of(message), message.size(), 0); });
  }
  bool put_until(std::span<const std::byte> message, os::Deadline deadline) {
    require_fits(message.size());
    return retry_until(deadline, [&](const Time& until) {
      return queue_->timed_send(start_of(message), message.size(), 0, until);
    });
  }

  std::size_t get(std::span<std::byte> buffer) { return *get_until(buffer, os::Deadline::never()); }
  std::optional<std::size_t> try_get(std::span<std::byte> buffer) {
    require_holds(buffer.size());
    Queue::size_type size = 0;
    unsigned priority = 0;
    const bool got = translated(
        [&] { return queue_->try_receive(buffer.data(), buffer.size(), size, priority); });
    return got ? std::optional(size) : std::nullopt;
  }
  std::optional<std::size_t> get_until(std::span<std::byte> buffer, os::Deadline deadline) {
    require_holds(buffer.size());
    Queue::size_type size = 0;
    unsigned priority = 0;
    const bool got = retry_until(deadline, [&](const Time& until) {
      return queue_->timed_receive(buffer.data(), buffer.size(), size, priority, until);
    });
    return got ? std::optional(size) : std::nullopt;
  }

  std::size_t size() { return queue_->get_num_msg(); }
  std::size_t capacity_messages() { return queue_->get_max_msg(); }
  std::size_t max_message_bytes() { return queue_->get_max_msg_size(); }

 private:
  using Queue = boost::interprocess::message_queue;
  using Time = boost::posix_time::ptime;
  static constexpr std::size_t kOverheadBytes = 64;  ///< of a message, at most

  /// Removed also when the construction fails.
  struct Name {
    std::string text;
    ~Name() { Queue::remove(text.c_str()); }
  };

  /// Shared memory is not reserved when it is sized: without space, touching it kills by SIGBUS.
  static void require_space(std::size_t messages, std::size_t bytes) {
    struct statvfs folder {};
    if (::statvfs("/dev/shm", &folder) == -1) return;
    const std::size_t free = folder.f_bavail * folder.f_frsize;
    if (messages > free / (bytes + kOverheadBytes))
      os::throw_error(ENOSPC, "boost message_queue of " + std::to_string(messages) +
                                  " messages of " + std::to_string(bytes) +
                                  " bytes: /dev/shm has " + std::to_string(free) + " bytes");
  }

  /// The data of an empty span may be null, which memcpy must not be given.
  static const void* start_of(std::span<const std::byte> message) {
    return message.empty() ? "" : static_cast<const void*>(message.data());
  }

  void require_fits(std::size_t bytes) {
    if (bytes > max_message_bytes()) os::throw_error(EMSGSIZE, "boost message_queue put");
  }
  void require_holds(std::size_t bytes) {
    if (bytes < max_message_bytes()) os::throw_error(EMSGSIZE, "boost message_queue get");
  }

  template <class Call>
  static std::invoke_result_t<Call> translated(Call call) {
    try {
      return call();
    } catch (const boost::interprocess::interprocess_exception& error) {
      const int number = error.get_native_error();
      if (number) os::throw_error(number, "boost message_queue");
      os::throw_error(EIO, std::string("boost message_queue: ") + error.what());
    }
  }

  /// The timed calls take wall-clock time: when that is moved they come back early, so wait again.
  template <class Call>
  static bool retry_until(os::Deadline deadline, Call call) {
    namespace time = boost::posix_time;
    for (;;) {
      Time until(time::pos_infin);
      if (!deadline.is_never()) {
        const auto left = std::chrono::ceil<std::chrono::microseconds>(deadline.remaining());
        until = time::microsec_clock::universal_time() + time::microseconds(left.count());
      }
      if (translated([&] { return call(until); })) return true;
      if (deadline.expired()) return false;
    }
  }

  std::optional<Queue> queue_;  ///< which cannot be moved
};

static_assert(ByteQueue<BoostQueue>);

}  // namespace ipc
