// The typed queue: values from many producers to many consumers, each to one.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "ipc/os/error.hpp"
#include "ipc/queue/shm_or_byte_ring.hpp"
#include "ipc/wire/codec.hpp"

namespace ipc {

/// A FIFO of values, made before the fork and used by every process that inherits it. With a
/// maxsize, full() is true after exactly so many puts; with 0 or less only memory bounds it, of
/// which memory_bytes says how much, and none is taken before values are there. There is no thread
/// between a put and its get: size and emptiness are exact, and what a process put before it ended
/// stays. What a backend does not have, its size or timed calls, the queue over it does not have
/// either. A flat value (wire::Flat) is put without a copy. Errors are std::system_error: EBADF
/// after close(), EMSGSIZE for a value whose encoding is over max_message_bytes or nested too
/// deeply, ENOBUFS, ENOMEM or EINVAL when the machine's limits, or the backend, do not allow the
/// queue. What a value's own serialize function throws comes out of put too; in either case
/// nothing is put.
///
/// The default backend is shared memory: slots without a lock where there is a maxsize, else the
/// ring of bytes. No death of a process blocks the others, and memory is the only limit.
template <wire::Encodable T, ByteQueue Backend = ShmOrByteRing>
class Queue {
 public:
  /// None, over a backend that can be without a bound; else as many as a POSIX queue may hold by
  /// default, so that every backend can.
  static constexpr std::ptrdiff_t kDefaultMaxsize = UnboundedByteQueue<Backend> ? 0 : 10;
  /// The encoding's size where that is fixed, else 4 KiB or the most that the backend carries.
  static constexpr std::size_t kDefaultMessageBytes =
      wire::kFixedBytes<T> > 0 ? wire::kFixedBytes<T>
                               : std::min<std::size_t>(4096, Backend::kMostMessageBytes);
  static constexpr std::size_t kDefaultMemoryBytes = UnboundedQueueOptions{}.memory_bytes;

  /// memory_bytes is for a queue without a maxsize.
  explicit Queue(std::ptrdiff_t maxsize = kDefaultMaxsize,
                 std::size_t max_message_bytes = kDefaultMessageBytes,
                 std::size_t memory_bytes = kDefaultMemoryBytes)
      : backend_(make(maxsize, {max_message_bytes, memory_bytes})),
        maxsize_(static_cast<std::size_t>(std::max<std::ptrdiff_t>(maxsize, 0))) {}

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
  bool full() requires Backend::kHasSize {
    if constexpr (UnboundedByteQueue<Backend>) {
      if (maxsize_ == 0) return open().full();
    }
    return qsize() >= maxsize_;
  }
  /// 0 for a queue without one.
  [[nodiscard]] std::size_t maxsize() const { return maxsize_; }

  /// Gives up this process's use; the others go on. A second close is harmless.
  void close() { backend_.reset(); }

 private:
  static std::unique_ptr<Backend> make(std::ptrdiff_t maxsize, UnboundedQueueOptions options) {
    if (maxsize > 0)
      return std::make_unique<Backend>(
          QueueOptions{static_cast<std::size_t>(maxsize), options.max_message_bytes});
    if constexpr (UnboundedByteQueue<Backend>)
      return std::unique_ptr<Backend>(new Backend(Backend::unbounded(options)));
    else
      os::throw_error(EINVAL, "queue over " + std::string(Backend::kName) + " without a maxsize");
  }

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
