// The typed queue: values from many producers to many consumers, each to one.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "ipc/os/error.hpp"
#include "ipc/queue/seqpacket_queue.hpp"
#include "ipc/wire/codec.hpp"

namespace ipc {

/// A bounded FIFO of values, made before the fork and used by every process that inherits it.
/// full() is true after exactly maxsize puts, and there is no thread between a put and its get:
/// size and emptiness are exact, and what a process put before it ended stays. What a backend does
/// not have, its size or timed calls, the queue over it does not have either. A flat value
/// (wire::Flat) is put without a copy. Errors are std::system_error: EBADF after close(), EMSGSIZE
/// for a value whose encoding is over max_message_bytes or nested too deeply, ENOBUFS or EINVAL
/// when the machine's limits do not allow the queue. What a value's own serialize function throws
/// comes out of put too; in either case nothing is put.
///
/// The default backend is the packet socket: no death of a process blocks the others, and its
/// limits are those of socket buffers, far over the ten messages of a POSIX queue.
template <wire::Encodable T, ByteQueue Backend = SeqpacketQueue>
class Queue {
 public:
  /// As many as a POSIX queue may hold by default, so that every backend can. There is no queue
  /// without a bound.
  static constexpr std::size_t kDefaultMaxsize = 10;
  /// The encoding's size where that is fixed, else 4 KiB or the most that the backend carries.
  static constexpr std::size_t kDefaultMessageBytes =
      wire::kFixedBytes<T> > 0 ? wire::kFixedBytes<T>
                               : std::min<std::size_t>(4096, Backend::kMostMessageBytes);

  explicit Queue(std::size_t maxsize = kDefaultMaxsize,
                 std::size_t max_message_bytes = kDefaultMessageBytes)
      : backend_(std::make_unique<Backend>(QueueOptions{maxsize, max_message_bytes})),
        maxsize_(maxsize) {}

  /// Blocks while the queue is full.
  void put(const T& value) {
    Backend& queue = open();
    wire::with_encoded(value, [&](auto message) { queue.put(message); });
  }
  /// False when it is full.
  bool try_put(const T& value) {
    Backend& queue = open();
    return wire::with_encoded(value, [&](auto message) { return queue.try_put(message); });
  }
  /// False when it stayed full so long; a wait of zero or less is a try.
  bool try_put_for(const T& value, os::Duration wait) requires Backend::kHasTimed {
    Backend& queue = open();
    const auto deadline = os::Deadline::after(wait);
    return wire::with_encoded(value,
                              [&](auto message) { return queue.put_until(message, deadline); });
  }

  /// Blocks while the queue is empty.
  T get() {
    return *taken([](Backend& queue, std::span<std::byte> buffer) {
      return std::optional(queue.get(buffer));
    });
  }
  /// Nothing when it is empty.
  std::optional<T> try_get() {
    return taken([](Backend& queue, std::span<std::byte> buffer) { return queue.try_get(buffer); });
  }
  /// Nothing when it stayed empty so long; a wait of zero or less is a try.
  std::optional<T> try_get_for(os::Duration wait) requires Backend::kHasTimed {
    return taken(
        [deadline = os::Deadline::after(wait)](Backend& queue, std::span<std::byte> buffer) {
          return queue.get_until(buffer, deadline);
        });
  }

  std::size_t qsize() requires Backend::kHasSize { return open().size(); }
  bool empty() requires Backend::kHasSize { return qsize() == 0; }
  bool full() requires Backend::kHasSize { return qsize() >= maxsize_; }
  [[nodiscard]] std::size_t maxsize() const { return maxsize_; }

  /// Gives up this process's use; the others go on. A second close is harmless.
  void close() { backend_.reset(); }

 private:
  Backend& open() {
    if (!backend_) os::throw_error(EBADF, "queue is closed");
    return *backend_;
  }

  template <class Take>
  std::optional<T> taken(Take take) {
    Backend& queue = open();
    const std::size_t most = queue.max_message_bytes();
    std::array<std::byte, 1024> near;
    std::unique_ptr<std::byte[]> far;
    if (most > near.size()) far = std::make_unique_for_overwrite<std::byte[]>(most);
    const std::span<std::byte> buffer(far ? far.get() : near.data(), far ? most : near.size());
    const auto size = take(queue, buffer);
    if (!size) return std::nullopt;
    return wire::decode<T>(buffer.first(*size));
  }

  std::unique_ptr<Backend> backend_;
  std::size_t maxsize_;
};

}  // namespace ipc
