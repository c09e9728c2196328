// Producers and consumers of one queue are killed; every message is accounted for.
#pragma once

#include <set>
#include <thread>

#include "ipc/queue/contract.hpp"
#include "ipc/soak/crew.hpp"
#include "ipc/soak/message.hpp"

namespace ipc::soak {

/// The numbers of the messages: each place of a producer goes on where the one before it ended.
class Numbers {
 public:
  static constexpr std::uint32_t kProducers = 3;
  static constexpr std::uint64_t kMost = std::uint64_t{1} << 23;

  /// The number of the message that this producer is about to put.
  [[nodiscard]] std::uint64_t next(std::uint32_t source) const { return places_->at(source).next; }
  void begin(std::uint32_t source) { places_->at(source).putting = true; }
  void end(std::uint32_t source) {
    ++places_->at(source).next;
    places_->at(source).putting = false;
  }
  [[nodiscard]] bool used_up() const {
    return std::ranges::any_of(*places_, [](const Place& each) { return each.next >= kMost; });
  }
  /// The message that a killed producer was putting may be there or not.
  void producer_died(std::uint32_t source) {
    Place& place = places_->at(source);
    if (place.putting.exchange(false)) doubtful_.emplace(source, place.next++);
  }

  void came(const MessageHead& head) {
    if (head.source >= kProducers || head.number >= kMost)
      throw Violation("a message came that nobody put");
    if (seen(head.source, head.number).fetch_add(1) != 0)
      throw Violation("message " + std::to_string(head.number) + " of producer " +
                      std::to_string(head.source) + " came twice");
  }

  struct Missing {
    long unfinished = 0;  ///< their producers were killed while they put them
    long taken = 0;       ///< put, and not delivered
  };
  [[nodiscard]] Missing missing() const {
    Missing found;
    for (std::uint32_t source = 0; source < kProducers; ++source)
      for (std::uint64_t number = 0; number < next(source); ++number)
        if (seen(source, number) == 0)
          ++(doubtful_.contains({source, number}) ? found.unfinished : found.taken);
    return found;
  }

 private:
  struct alignas(64) Place {
    std::atomic<std::uint64_t> next{0};
    std::atomic<bool> putting{false};
  };

  [[nodiscard]] std::atomic<std::uint8_t>& seen(std::uint32_t source, std::uint64_t number) const {
    return reinterpret_cast<std::atomic<std::uint8_t>*>(seen_.data())[source * kMost + number];
  }

  os::SharedObject<std::array<Place, kProducers>> places_;
  os::SharedMapping seen_{kProducers * kMost};
  std::set<std::pair<std::uint32_t, std::uint64_t>> doubtful_;
};

/// Uses all forms of its calls in turn.
template <ByteQueue Q>
class QueueUser {
 public:
  explicit QueueUser(Q& queue) : queue_(queue), buffer_(queue.max_message_bytes()) {}

  void put(std::uint32_t source, std::uint64_t number) {
    const auto message = write_message(buffer_, source, number, number * 7919 % buffer_.size());
    if constexpr (Q::kHasTimed) {
      if (number % 2 == 1) {
        while (!queue_.put_until(message, os::Deadline::after(std::chrono::milliseconds(20)))) {
        }
        return;
      }
    }
    queue_.put(message);
  }

  MessageHead get() {
    if constexpr (Q::kHasTimed) {
      if (++gets_ % 2 == 1) {
        for (;;)
          if (const auto size =
                  queue_.get_until(buffer_, os::Deadline::after(std::chrono::milliseconds(20))))
            return read_message(std::span(buffer_).first(*size));
      }
    }
    return read_message(std::span(buffer_).first(queue_.get(buffer_)));
  }

 private:
  Q& queue_;
  wire::Bytes buffer_;
  unsigned gets_ = 0;
};

inline constexpr std::uint32_t kStopSource = UINT32_MAX;

template <ByteQueue Q>
void produce(Q& queue, Numbers& numbers, Crew& crew, Badge& badge) {
  QueueUser<Q> user(queue);
  const std::uint32_t source = badge.place;
  while (!crew.stopping()) {
    if (numbers.used_up()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    numbers.begin(source);
    badge.wait([&] { user.put(source, numbers.next(source)); });
    numbers.end(source);
  }
}

template <ByteQueue Q>
void consume(Q& queue, Numbers& numbers, Badge& badge) {
  QueueUser<Q> user(queue);
  std::array<std::int64_t, Numbers::kProducers> last;
  last.fill(-1);
  for (;;) {
    const MessageHead head = badge.wait([&] { return user.get(); });
    if (head.source == kStopSource) return;
    numbers.came(head);
    const auto number = static_cast<std::int64_t>(head.number);
    if (const auto before = std::exchange(last.at(head.source), number); before >= number)
      throw Violation("message " + std::to_string(number) + " came after " +
                      std::to_string(before));
    badge.operations.fetch_add(1, std::memory_order_relaxed);
  }
}

/// Every consumer that is told so ends; what is in the queue comes first.
template <ByteQueue Q>
void put_stops(Q& queue, std::size_t consumers) {
  wire::Bytes buffer(queue.max_message_bytes());
  const auto patience = os::Deadline::after(kHang);
  while (consumers > 0) {
    if (queue.try_put(write_message(buffer, kStopSource, 0, 0))) {
      --consumers;
    } else if (patience.expired()) {
      throw Violation("the consumers take nothing");
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  }
}

template <ByteQueue Q>
void queue_line(Line& line) {
  constexpr std::size_t kConsumers = 3;
  Q queue{{.capacity_messages = 4, .max_message_bytes = 300}};
  Numbers numbers;
  Crew producers(line), consumers(line);
  for (std::size_t i = 0; i < Numbers::kProducers; ++i)
    producers.add("producer", [&](Badge& badge) { produce(queue, numbers, producers, badge); });
  for (std::size_t i = 0; i < kConsumers; ++i)
    consumers.add("consumer", [&](Badge& badge) { consume(queue, numbers, badge); });
  long consumers_killed = 0;
  while (!line.is_over() && !numbers.used_up()) {
    const bool is_producer = line.pick(1) == 0;
    Crew& crew = is_producer ? producers : consumers;
    const auto place = crew.kill_one(std::chrono::microseconds(600));
    if (is_producer)
      numbers.producer_died(static_cast<std::uint32_t>(place));
    else
      ++consumers_killed;
    crew.restart(place);
    (is_producer ? consumers : producers).watch();
  }
  producers.finish();
  put_stops(queue, kConsumers);
  consumers.finish();
  wire::Bytes buffer(queue.max_message_bytes());
  if (queue.try_get(buffer)) throw Violation("a message was left after the last");
  const auto missing = numbers.missing();
  line.tally.lost += missing.unfinished + missing.taken;
  if (missing.taken > consumers_killed)
    throw Violation(std::to_string(missing.taken) + " messages were put and never came, with " +
                    std::to_string(consumers_killed) + " consumers killed");
}

}  // namespace ipc::soak
