// Queue backend: a ring of bytes in shared memory, under a mutex that survives its holder.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>
#include <mutex>
#include <new>
#include <string>

#include "ipc/os/error.hpp"
#include "ipc/os/gate.hpp"
#include "ipc/os/robust_mutex.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/queue/contract.hpp"

namespace ipc {

/// Each message takes its own size and eight bytes of an anonymous mapping, which is virtual memory
/// until a message is written there: so a large ring costs nothing while it is empty, and there is
/// one without a bound on the number of messages. What a long backlog took is given back to the
/// system as it is read, a MiB at a time.
///
/// The mutex is held while a message is copied, never while somebody waits. A process killed inside
/// changed nothing, since the new state counts from the one store that ends a call; one that is
/// stopped inside (SIGSTOP) holds up the others, those with a deadline no longer than that.
class ByteRing {
 public:
  static constexpr std::string_view kName = "byte_ring";
  static constexpr bool kHasSize = true;
  static constexpr bool kHasTimed = true;
  static constexpr bool kSurvivesKill = true;
  static constexpr bool kNeedsReclaim = false;
  static constexpr std::size_t kMostMessageBytes = kAnyMessageBytes;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { ByteRing{QueueOptions{}}; });
  }

  explicit ByteRing(QueueOptions options)
      : ByteRing(options.capacity_messages, options.max_message_bytes,
                 bytes_of(options.capacity_messages, options.max_message_bytes)) {}

  static ByteRing unbounded(UnboundedQueueOptions options) {
    return ByteRing(kUnbounded, options.max_message_bytes,
                    std::max(options.memory_bytes, bytes_of(1, options.max_message_bytes)));
  }

  void put(std::span<const std::byte> message) { put_until(message, os::Deadline::never()); }
  bool try_put(std::span<const std::byte> message) {
    return put_until(message, os::Deadline::now());
  }
  bool put_until(std::span<const std::byte> message, os::Deadline deadline) {
    if (message.size() > max_bytes_) os::throw_error(EMSGSIZE, "byte ring put");
    const auto attempt = [&] { return inside(deadline, [&] { return write(message); }); };
    if (!shared_->space.wait_until(attempt, deadline)) return false;
    shared_->messages.open();
    return true;
  }

  std::size_t get(std::span<std::byte> buffer) { return *get_until(buffer, os::Deadline::never()); }
  std::optional<std::size_t> try_get(std::span<std::byte> buffer) {
    return get_until(buffer, os::Deadline::now());
  }
  std::optional<std::size_t> get_until(std::span<std::byte> buffer, os::Deadline deadline) {
    if (buffer.size() < max_bytes_) os::throw_error(EMSGSIZE, "byte ring get");
    std::optional<std::size_t> size;
    const auto attempt = [&] {
      return inside(deadline, [&] { return (size = read(buffer)).has_value(); });
    };
    shared_->messages.wait_until(attempt, deadline);
    // Without a bound on their number, whether one fits depends on its size.
    if (size)
      shared_->space.open(most_messages_ == kUnbounded ? std::numeric_limits<int>::max() : 1);
    return size;
  }

  std::size_t size() {
    const std::lock_guard inside(shared_->mutex);
    return shared_->now().messages;
  }
  /// Whether a message of the largest size would have to wait.
  bool full() {
    const std::lock_guard inside(shared_->mutex);
    return !fits(shared_->now(), max_bytes_);
  }
  std::size_t capacity_messages() {
    return std::min(most_messages_, ring_bytes_ / (sizeof(Header) + max_bytes_));
  }
  std::size_t max_message_bytes() { return max_bytes_; }

 private:
  using Header = std::uint64_t;  ///< the message's size
  using Taken = os::RobustMutex::Taken;
  static constexpr std::size_t kChunk = std::size_t{1} << 20;
  static constexpr std::size_t kMostBytes = std::numeric_limits<std::ptrdiff_t>::max() - 2 * kChunk;
  static constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();

  /// Positions only grow; what lies at one is at its remainder by the ring's size.
  struct State {
    std::uint64_t first = 0;  ///< where the oldest message begins
    std::uint64_t end = 0;    ///< where the next one will
    std::size_t messages = 0;
  };

  struct Shared {
    os::RobustMutex mutex;
    State states[2];
    std::atomic<std::uint32_t> current{0};
    alignas(64) os::Gate messages;
    alignas(64) os::Gate space;

    [[nodiscard]] const State& now() const {
      return states[current.load(std::memory_order_relaxed)];
    }
    /// Beside the old one, so that there is a whole one at every moment.
    void change(const State& to) {
      const std::uint32_t other = 1 - current.load(std::memory_order_relaxed);
      states[other] = to;
      current.store(other, std::memory_order_release);
    }
  };
  static constexpr std::size_t kRingAt = 4096;  ///< the ring begins on a page of its own
  static_assert(sizeof(Shared) <= kRingAt);

  ByteRing(std::size_t most_messages, std::size_t max_bytes, std::size_t ring_bytes)
      : most_messages_(most_messages),
        max_bytes_(max_bytes),
        ring_bytes_(in_chunks(ring_bytes)),
        memory_(kRingAt + ring_bytes_),
        shared_(new (memory_.data()) Shared),
        ring_(memory_.data() + kRingAt) {}

  /// Of the ring, for that many of the longest messages.
  static std::size_t bytes_of(std::size_t messages, std::size_t max_bytes) {
    if (messages == 0) os::throw_error(EINVAL, "byte ring of capacity 0");
    const std::string what = "byte ring of " + std::to_string(messages) + " messages of " +
                             std::to_string(max_bytes) + " bytes";
    if (max_bytes > kMostBytes - sizeof(Header) ||
        messages > kMostBytes / (sizeof(Header) + max_bytes))
      os::throw_error(ENOMEM, what);
    return messages * (sizeof(Header) + max_bytes);
  }

  /// Where a chunk may be given back, the ring is made of whole ones.
  static std::size_t in_chunks(std::size_t bytes) {
    if (bytes > kMostBytes)
      os::throw_error(ENOMEM, "byte ring of " + std::to_string(bytes) + " bytes");
    return bytes <= kChunk ? bytes : (bytes + kChunk - 1) / kChunk * kChunk;
  }

  [[nodiscard]] bool fits(const State& state, std::size_t bytes) const {
    return state.messages < most_messages_ &&
           state.end - state.first + sizeof(Header) + bytes <= ring_bytes_;
  }

  /// Does the work under the mutex; false too when that stayed taken until the deadline. 10 ms at
  /// least, so that a try fails for that reason only when the holder is stopped or starved.
  template <class Work>
  bool inside(os::Deadline deadline, Work work) {
    constexpr os::Duration kAtLeast = std::chrono::milliseconds(10);
    Taken taken = shared_->mutex.try_lock();
    if (taken == Taken::kNo)
      taken =
          shared_->mutex.lock_until(os::Deadline::after(std::max(deadline.remaining(), kAtLeast)));
    if (taken == Taken::kNo) return false;
    const bool is_done = work();
    shared_->mutex.unlock();
    if (taken == Taken::kAfterDeath) {  // the dead one may have been about to wake somebody
      shared_->messages.open();
      shared_->space.open();
    }
    return is_done;
  }

  bool write(std::span<const std::byte> message) {
    State state = shared_->now();
    if (!fits(state, message.size())) return false;
    const auto size = static_cast<Header>(message.size());
    copy_in(state.end, std::as_bytes(std::span(&size, 1)));
    copy_in(state.end + sizeof size, message);
    state.end += sizeof size + size;
    ++state.messages;
    shared_->change(state);
    return true;
  }

  std::optional<std::size_t> read(std::span<std::byte> buffer) {
    const State before = shared_->now();
    if (before.messages == 0) return std::nullopt;
    Header size = 0;
    copy_out(before.first, std::as_writable_bytes(std::span(&size, 1)));
    copy_out(before.first + sizeof size, buffer.first(size));
    State state = before;
    state.first += sizeof size + size;
    // An empty ring begins at its front again, where the memory is there already.
    if (--state.messages == 0) state = State{};
    shared_->change(state);
    give_back(before, state);
    return size;
  }

  /// The memory of the chunks that were left; the system may decline. Not that of the first when
  /// the ring is empty, which is where it goes on, nor of one that newer messages have reached.
  void give_back(const State& before, const State& now) {
    if (ring_bytes_ <= kChunk) return;
    const std::uint64_t chunks = ring_bytes_ / kChunk;
    const bool is_empty = now.messages == 0;
    const std::uint64_t behind_last =
        is_empty ? (before.end + kChunk - 1) / kChunk : now.first / kChunk;
    for (auto chunk = before.first / kChunk; chunk < behind_last; ++chunk)
      if (is_empty ? chunk % chunks != 0 : (chunk + chunks) * kChunk >= now.end)
        ::madvise(ring_ + chunk % chunks * kChunk, kChunk, MADV_REMOVE);
  }

  void copy_in(std::uint64_t at, std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    const std::size_t offset = at % ring_bytes_;
    const std::size_t before_end = std::min(bytes.size(), ring_bytes_ - offset);
    std::memcpy(ring_ + offset, bytes.data(), before_end);
    std::memcpy(ring_, bytes.data() + before_end, bytes.size() - before_end);
  }
  void copy_out(std::uint64_t at, std::span<std::byte> bytes) const {
    if (bytes.empty()) return;
    const std::size_t offset = at % ring_bytes_;
    const std::size_t before_end = std::min(bytes.size(), ring_bytes_ - offset);
    std::memcpy(bytes.data(), ring_ + offset, before_end);
    std::memcpy(bytes.data() + before_end, ring_, bytes.size() - before_end);
  }

  std::size_t most_messages_;
  std::size_t max_bytes_;
  std::size_t ring_bytes_;
  os::SharedMapping memory_;
  Shared* shared_;
  std::byte* ring_;
};

static_assert(ByteQueue<ByteRing>);
static_assert(UnboundedByteQueue<ByteRing>);

}  // namespace ipc
