// Queue backend of the typed queue: the lock-free slots where there is a bound on the number of
// messages, the ring of bytes where there is none.
#pragma once

#include <variant>

#include "ipc/queue/byte_ring.hpp"
#include "ipc/queue/shm_queue.hpp"

namespace ipc {

/// What both can do, and each as it does it: see ShmQueue and ByteRing.
class ShmOrByteRing {
  template <class Call>
  decltype(auto) with(Call call) {
    if (auto* const slots = std::get_if<ShmQueue>(&queue_)) [[likely]]
      return call(*slots);
    return call(std::get<ByteRing>(queue_));
  }

 public:
  static constexpr std::string_view kName = "shm_ring or byte_ring";
  static constexpr bool kHasSize = true;
  static constexpr bool kHasTimed = true;
  static constexpr bool kSurvivesKill = true;
  static constexpr bool kNeedsReclaim = false;
  static constexpr os::WaitPolicy kWaitPolicy = ShmQueue::kWaitPolicy;
  static constexpr std::size_t kMostMessageBytes = kAnyMessageBytes;

  static os::Unavailable unavailable() {
    if (auto reason = ShmQueue::unavailable()) return reason;
    return ByteRing::unavailable();
  }

  explicit ShmOrByteRing(QueueOptions options) : queue_(std::in_place_type<ShmQueue>, options) {}
  static ShmOrByteRing unbounded(UnboundedQueueOptions options) { return ShmOrByteRing(options); }

  void put(std::span<const std::byte> message) {
    with([&](auto& queue) { queue.put(message); });
  }
  bool try_put(std::span<const std::byte> message) {
    return with([&](auto& queue) { return queue.try_put(message); });
  }
  bool put_until(std::span<const std::byte> message, os::Deadline deadline) {
    return with([&](auto& queue) { return queue.put_until(message, deadline); });
  }
  std::size_t get(std::span<std::byte> buffer) {
    return with([&](auto& queue) { return queue.get(buffer); });
  }
  std::optional<std::size_t> try_get(std::span<std::byte> buffer) {
    return with([&](auto& queue) { return queue.try_get(buffer); });
  }
  std::optional<std::size_t> get_until(std::span<std::byte> buffer, os::Deadline deadline) {
    return with([&](auto& queue) { return queue.get_until(buffer, deadline); });
  }

  std::size_t size() {
    return with([](auto& queue) { return queue.size(); });
  }
  bool full() {
    auto* const slots = std::get_if<ShmQueue>(&queue_);
    return slots ? slots->size() >= slots->capacity_messages() : std::get<ByteRing>(queue_).full();
  }
  std::size_t capacity_messages() {
    return with([](auto& queue) { return queue.capacity_messages(); });
  }
  std::size_t max_message_bytes() {
    return with([](auto& queue) { return queue.max_message_bytes(); });
  }

 private:
  explicit ShmOrByteRing(UnboundedQueueOptions options) : queue_(ByteRing::unbounded(options)) {}

  std::variant<ShmQueue, ByteRing> queue_;
};
static_assert(UnboundedByteQueue<ShmOrByteRing>);

}  // namespace ipc
