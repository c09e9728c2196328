// One-way streams: numbered messages from one peer to another until the window ends.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bench/harness/case.hpp"
#include "bench/harness/payload.hpp"
#include "bench/harness/sampling.hpp"

namespace bench {

/// Sizes of messages, bytes.
inline constexpr std::array kStreamSizes{8, 64, 1024, 4096, 65536, 1 << 20};

/// Receives numbered messages until the window ends, then until the producer's last one.
template <class Receive>
void consume(Peer& peer, Receive receive) {
  std::uint64_t number = 0;
  expect_pattern(receive());  // the first is checked byte by byte, before the gate opens the window
  ++number;
  count(peer, [&] { expect(receive(), number++); });
  peer.stop();
  for (;;) {
    const std::span<const std::byte> message = receive();
    if (number_of(message) == kLastMessage) {
      expect_pattern(message);
      return;
    }
    expect(message, number++);
  }
}

/// Sends numbered messages until the consumer says that its window is over, then the last one.
template <class Send>
void produce(Peer& peer, std::size_t size, Send send) {
  std::vector<std::byte> message(size);
  fill(message);
  peer.start();
  for (std::uint64_t number = 0; !peer.stopped(); ++number) {
    stamp(message, number);
    send(std::span<const std::byte>(message));
  }
  stamp(message, kLastMessage);
  send(std::span<const std::byte>(message));
}

/// The counters of messages of one size.
inline void set_bytes(Outcome& outcome, std::size_t size) {
  outcome.counters["message_bytes"] = static_cast<double>(size);
  outcome.counters["bytes_per_second"] =
      outcome.counters["messages_per_second"] * static_cast<double>(size);
}

}  // namespace bench
