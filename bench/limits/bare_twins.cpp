// Bare twins of some of our operations: what is left of them without the library.
#include "bench/bare_operations.hpp"
#include "bench/limits/themes.hpp"
#include "bench/measure.hpp"

namespace bench::limits {
namespace {

Outcome pipe_round_trip(const Window& window, Placement placement) {
  bare::PipePair pipes;
  const auto initiator = [&](Peer& peer, Samples& samples) {
    pipes.keep_first();
    peer.start();
    sample(peer, samples, [&] { pipes.round_trip(); });
    pipes.end();
    if (!pipes.is_whole()) throw std::runtime_error("a message came in pieces");
  };
  const auto echo = [&](Peer& peer) {
    pipes.keep_second();
    peer.start();
    pipes.answer();
  };
  return round_trips(window, placement, initiator, echo);
}

Outcome semaphore_pair(const Window& window, Placement placement) {
  return alone(window, placement, "caller", [](Peer& peer, Samples& samples) {
    bare::SemaphorePair pair;
    peer.start();
    sample(peer, samples, [&] { pair.take_and_give(); });
  });
}

Outcome value_load(const Window& window, Placement placement) {
  return alone(window, placement, "reader", [](Peer& peer, Samples& samples) {
    bare::Value value;
    peer.start();
    sample(peer, samples, [&] { value.load(); });
    if (!value.is_right()) throw std::runtime_error("loaded another number than was stored");
  });
}

}  // namespace

void add_bare_twins(Matrix& matrix) {
  for (const auto& [twin, run] :
       {std::pair{kBarePipe, &pipe_round_trip}, std::pair{kBareSemaphore, &semaphore_pair},
        std::pair{kBareLoad, &value_load}})
    matrix.add({twin.noun, twin.backend, {}, false, {}, {}, run, Bound::none, false, true}, kOneCpu,
               kOneCpu);
}

}  // namespace bench::limits
