// Peers: the processes of one case, forked, pinned, released together, and watched until they
// ended.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/harness/perf_counters.hpp"
#include "bench/harness/repetition.hpp"
#include "ipc/os/clock.hpp"
#include "ipc/os/futex.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/unique_fd.hpp"

namespace bench {

/// A case that gave no valid result, with the reason; names the peer where one is to blame.
class CaseFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline constexpr std::size_t kMaxPeers = 64;

/// What all peers of a case share. Lies in shared memory.
struct Board {
  struct Slot {
    std::array<char, 400> error{};
    std::atomic<pid_t> pid{0};
    Usage usage;        ///< from the start gate until it left, its own children's share included
    PerfCounts events;  ///< over the same time, where the window has them counted
    std::atomic<std::int64_t> operations{0};
    std::array<std::int64_t, kMostRepetitions> counted{};
  };
  ipc::os::FutexWord gate{0};
  std::atomic<std::int64_t> opened_at_ns{0};
  /// The window that is open, 1 for the first repetition, or kNoMoreWindows.
  alignas(64) ipc::os::FutexWord window{0};
  std::atomic<std::int64_t> from_ns{0};
  alignas(64) std::atomic<bool> stop{false};
  std::atomic<std::int64_t> injected_turns{0};
  std::size_t peers = 0;
  std::array<Repetition, kMostRepetitions> repetitions;
  std::array<Anchor, kMostRepetitions + 1> anchors;
  alignas(64) std::array<Slot, kMaxPeers> slots;
};

/// When a peer works: ns of CLOCK_MONOTONIC.
struct OpenWindow {
  std::int64_t from_ns = 0;
  std::int64_t until_ns = 0;
};

/// A peer's view of its case, in its own process. The first of a case leads: it looks at the anchor
/// and opens the windows in which all measure.
class Peer {
 public:
  Peer(Board& board, std::size_t index, int ready_fd, const Window& window)
      : board_(board), index_(index), ready_fd_(ready_fd), window_(window) {
    if (window.counted) events_.emplace(*window.counted);
  }

  /// Says that the setup is done and waits for the start gate; resource use is counted from here.
  void start();
  [[nodiscard]] const Window& window() const { return window_; }
  [[nodiscard]] bool leads() const { return index_ == 0; }

  /// First the warm-up, then the repetitions, one after the other; nothing when all are over. A
  /// peer that does not lead waits for the window to be opened, and may come late to it.
  std::optional<OpenWindow> next_window();
  /// What this peer did in the window that it had last, warm-up excepted.
  void end_window(std::int64_t operations, std::int64_t elapsed_ns, const Quantiles& ns = {});

  /// Set by one peer for the others, when measuring is over.
  [[nodiscard]] bool stopped() const { return board_.stop.load(std::memory_order_relaxed); }
  void stop() { board_.stop.store(true, std::memory_order_relaxed); }
  /// Operations since the start gate, warm-up included: what resource use is divided by.
  void count_operations(std::int64_t operations) {
    board_.slots[index_].operations.store(operations, std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t index() const { return index_; }

  /// Makes every operation of the case longer by so much, from now on: see injected_delay().
  void inject(std::int64_t ns);
  /// Where a case can be made slower on purpose, as a positive control: nothing unless asked for.
  void injected_delay() {
    if (const auto turns = board_.injected_turns.load(std::memory_order_relaxed); turns > 0)
        [[unlikely]]
      turn_anchor(turns);
  }

  /// Runs a body as this peer, in the forked child; gives the exit code.
  int run(const std::function<void(Peer&)>& body, const std::vector<int>& cpus);

 private:
  OpenWindow open_window();
  std::optional<OpenWindow> await_window();
  [[nodiscard]] Usage usage_of_all() const;

  Board& board_;
  std::size_t index_;
  int ready_fd_;
  Window window_;
  std::int64_t opened_at_ns_ = 0;
  std::optional<ProcessUsage> self_;
  std::optional<PerfCounters> events_;  ///< made before the body: its children inherit them
  Usage at_start_;
  std::uint32_t number_ = 0;  ///< of the window that this peer had last; 0 is the warm-up
  bool warm_ = false;
  std::vector<ProcessUsage> others_;
  Usage at_window_;
};

/// One peer to be: its role ("initiator", "echo", "producer 1"), its CPUs (none: unpinned), its
/// work.
struct PeerPlan {
  std::string role;
  std::vector<int> cpus;
  std::function<void(Peer&)> body;
};

/// What a finished case's peers did and used together.
struct PeersReport {
  Usage usage;  ///< from the start gate on, warm-up included
  /// Events over the same time, by name: those that could be counted in every peer.
  std::vector<std::pair<std::string, double>> events;
  std::int64_t operations = 0;
  std::chrono::nanoseconds stood_still{0};  ///< how long, at least, the caller did not run
  std::vector<Repetition> repetitions;
  std::vector<Anchor>
      anchors;  ///< before each of them and after the last; none where not asked for
  /// What each peer counted in each repetition; of peers that counted nothing, nothing.
  std::vector<std::vector<std::int64_t>> counted;

  [[nodiscard]] std::int64_t total_counted(std::size_t peer) const {
    return std::accumulate(counted[peer].begin(), counted[peer].end(), std::int64_t{0});
  }
};

/// Forks the peers, opens the start gate when all are ready, and waits for them. Throws CaseFailed,
/// naming the peer, when one dies, throws, or is still busy `grace` after the last window; whatever
/// happens, no peer and no descendant of one is left afterwards. The caller must be a subreaper
/// without other children.
PeersReport run_peers(const std::vector<PeerPlan>& plans, const Window& window);

}  // namespace bench
