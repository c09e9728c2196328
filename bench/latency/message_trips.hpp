// Messages there and back through a pipe or a pair of queues, for whatever times the round trips.
#pragma once

#include <span>
#include <stdexcept>
#include <vector>

#include "bench/harness/payload.hpp"
#include "bench/measure.hpp"
#include "ipc/pipe/contract.hpp"
#include "ipc/queue/contract.hpp"

namespace bench {

inline constexpr std::size_t kQueueDepth = 8;

/// `measure(initiator, echo)` runs the two peers; initiator(peer, timed) calls timed(operation)
/// between the start gate and its end, and each operation is a round trip that proves itself.
template <ipc::Pipe P, class Measure>
Outcome pipe_trips(std::size_t size, Measure measure) {
  auto ends = P::make({});
  const auto initiator = [&](Peer& peer, const auto& timed) {
    ends.second.close();
    std::vector<std::byte> message(size), reply(size);
    fill(message);
    std::uint64_t number = 0;
    peer.start();
    timed([&] {
      stamp(message, number);
      ends.first.send(message);
      if (ends.first.recv(reply) != size) throw std::runtime_error("reply of another size");
      expect(reply, number++);
    });
    expect_pattern(reply);
    stamp(message, kLastMessage);
    ends.first.send(message);
  };
  const auto echo = [&](Peer& peer) {
    ends.first.close();
    std::vector<std::byte> message(size);
    peer.start();
    while (ends.second.recv(message) && number_of(message) != kLastMessage) {
      peer.injected_delay();
      ends.second.send(message);
    }
  };
  Outcome outcome = measure(initiator, echo);
  outcome.counters["message_bytes"] = static_cast<double>(size);
  outcome.counters["capacity_bytes"] = static_cast<double>(ends.first.capacity_bytes());
  return outcome;
}

/// The same through a queue each way.
template <ipc::ByteQueue Q, class Measure>
Outcome queue_trips(std::size_t size, Measure measure) {
  Q there({kQueueDepth, size}), back({kQueueDepth, size});
  const auto initiator = [&](Peer& peer, const auto& timed) {
    std::vector<std::byte> message(size), reply(back.max_message_bytes());
    fill(message);
    std::uint64_t number = 0;
    peer.start();
    timed([&] {
      stamp(message, number);
      there.put(message);
      if (back.get(reply) != size) throw std::runtime_error("reply of another size");
      expect(std::span(reply).first(size), number++);
    });
    expect_pattern(std::span(reply).first(size));
    stamp(message, kLastMessage);
    there.put(message);
  };
  const auto echo = [&](Peer& peer) {
    std::vector<std::byte> buffer(there.max_message_bytes());
    peer.start();
    for (;;) {
      const auto message = std::span(buffer).first(there.get(buffer));
      if (number_of(message) == kLastMessage) return;
      back.put(message);
    }
  };
  Outcome outcome = measure(initiator, echo);
  outcome.counters["message_bytes"] = static_cast<double>(size);
  outcome.counters["capacity_messages"] = static_cast<double>(there.capacity_messages());
  return outcome;
}

}  // namespace bench
