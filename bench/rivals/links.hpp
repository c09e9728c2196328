// Round trips and one-way streams over links: the loops that every side runs, ours and bare alike.
#pragma once

#include <atomic>
#include <concepts>
#include <span>

#include "bench/harness/payload.hpp"
#include "bench/measure.hpp"

namespace bench::rivals {

/// One end of a link, for one peer. Messages are built and read where the mechanism wants them, so
/// that nobody pays for a copy that a program over the bare calls would not make.
template <class E>
concept LinkEnd = requires(E end) {
  { end.message() } -> std::same_as<std::span<std::byte>>;  // where to build the next one
  end.send();                                               // sends it
  { end.receive() } -> std::same_as<std::span<const std::byte>>;
};

/// Two ends, `first` and `second`, connected both ways, for messages of one size.
template <class L>
concept Link = std::constructible_from<L, std::size_t> && requires(L link) {
  requires LinkEnd<std::remove_reference_t<decltype(link.first)>>;
  requires LinkEnd<std::remove_reference_t<decltype(link.second)>>;
};

/// There and back; the median of all inside the window.
template <Link L>
double round_trip_ns(std::size_t size, const Window& window, Placement placement) {
  L link(size);
  const auto initiator = [&](Peer& peer, Samples& samples) {
    auto& end = link.first;
    std::uint64_t number = 0;
    fill(end.message());
    peer.start();
    sample(peer, samples, [&] {
      stamp(end.message(), number);
      end.send();
      expect(end.receive(), number++);
    });
    stamp(end.message(), kLastMessage);
    end.send();
  };
  const auto echo = [&](Peer& peer) {
    auto& end = link.second;
    fill(end.message());
    peer.start();
    for (std::uint64_t number = 0; (number = number_of(end.receive())) != kLastMessage;) {
      stamp(end.message(), number);
      end.send();
    }
  };
  return round_trips(window, placement, initiator, echo).operation_ns;
}

/// One message of a stream, as its receiver counts them.
template <Link L>
double one_way_ns(std::size_t size, const Window& window, Placement placement) {
  L link(size);
  const auto producer = [&](Peer& peer) {
    auto& end = link.first;
    fill(end.message());
    peer.start();
    for (std::uint64_t number = 0; !peer.stopped(); ++number) {
      stamp(end.message(), number);
      end.send();
    }
    stamp(end.message(), kLastMessage);
    end.send();
  };
  const auto consumer = [&](Peer& peer) {
    auto& end = link.second;
    std::uint64_t number = 0;
    peer.start();
    count(peer, [&] { expect(end.receive(), number++); });
    peer.stop();
    for (std::uint64_t got = 0; (got = number_of(end.receive())) != kLastMessage; ++number)
      if (got != number) throw std::runtime_error(fmt::format("{} came after {}", got, number - 1));
  };
  return one_way(window, placement, producer, consumer).operation_ns;
}

}  // namespace bench::rivals
