#include "bench/harness/topology_probe.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "bench/harness/peers.hpp"

namespace bench {

namespace {

constexpr std::int64_t kLength_ns = 1'000'000;
constexpr int kTripsOfAPiece = 16;
constexpr std::size_t kFewestPieces = 9;
constexpr std::uint32_t kLast = ~std::uint32_t{0};

struct Line {
  alignas(128) std::atomic<std::uint32_t> word{0};
  alignas(128) double median_ns = 0;
};

/// Spins until the word no longer holds what this side wrote; lets others run when that takes long.
std::uint32_t await_change(const std::atomic<std::uint32_t>& word, std::uint32_t written) {
  constexpr int kLooksOfARunningPeer = 1 << 14;
  std::uint32_t seen = written;
  for (int looks = 1; (seen = word.load(std::memory_order_acquire)) == written; ++looks)
    if (looks % kLooksOfARunningPeer == 0) ::sched_yield();
  return seen;
}

void initiate(Peer& peer, Line& line) {
  std::vector<double> pieces;
  pieces.reserve(4096);
  std::uint32_t number = 0;
  peer.start();
  std::int64_t last = ipc::os::now_ns();
  for (const std::int64_t end = last + kLength_ns; last < end || pieces.size() < kFewestPieces;) {
    for (int i = 0; i < kTripsOfAPiece; ++i) {
      line.word.store(++number, std::memory_order_release);
      number = await_change(line.word, number);
    }
    const std::int64_t now = ipc::os::now_ns();
    pieces.push_back(static_cast<double>(now - last) / kTripsOfAPiece);
    last = now;
  }
  line.word.store(kLast, std::memory_order_release);
  const auto middle = pieces.begin() + static_cast<std::ptrdiff_t>(pieces.size() / 2);
  std::nth_element(pieces.begin(), middle, pieces.end());
  line.median_ns = *middle;
}

void answer(Peer& peer, Line& line) {
  peer.start();
  for (std::uint32_t number = 0; (number = await_change(line.word, number)) != kLast;)
    line.word.store(++number, std::memory_order_release);
}

}  // namespace

double line_round_trip_ns(int first_cpu, int second_cpu) {
  const ipc::os::SharedObject<Line> line;
  Window window;
  window.warmup = std::chrono::nanoseconds(0);
  window.timed = std::chrono::nanoseconds(kLength_ns);
  run_peers({{"prober", {first_cpu}, [&](Peer& peer) { initiate(peer, *line); }},
             {"probed", {second_cpu}, [&](Peer& peer) { answer(peer, *line); }}},
            window);
  return line->median_ns;
}

}  // namespace bench
