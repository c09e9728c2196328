// Peers: the processes of one case, forked, pinned, released together, and watched until they
// ended.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "ipc/os/clock.hpp"
#include "ipc/os/futex.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/unique_fd.hpp"

namespace bench {

/// How long a case warms up and measures, and how late its peers may be before they count as hung.
struct Window {
  std::chrono::nanoseconds warmup = std::chrono::milliseconds(20);
  std::chrono::nanoseconds timed = std::chrono::milliseconds(50);
  std::chrono::nanoseconds grace = std::chrono::milliseconds(1000);
};

/// A case that gave no valid result, with the reason; names the peer where one is to blame.
class CaseFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What one peer used from the start gate until it left, its own children's share included.
struct Usage {
  std::int64_t cpu_ns = 0;
  std::int64_t voluntary_switches = 0;
  std::int64_t involuntary_switches = 0;
};

inline constexpr std::size_t kMaxPeers = 64;

/// What all peers of a case share. Lies in shared memory.
struct Board {
  struct Slot {
    std::array<char, 400> error{};
    Usage usage;
    std::atomic<std::int64_t> operations{0};
  };
  ipc::os::FutexWord gate{0};
  std::atomic<std::int64_t> opened_at_ns{0};
  alignas(64) std::atomic<bool> stop{false};
  alignas(64) std::array<Slot, kMaxPeers> slots;
};

/// A peer's view of its case, in its own process.
class Peer {
 public:
  Peer(Board& board, std::size_t index, int ready_fd, const Window& window)
      : board_(board), index_(index), ready_fd_(ready_fd), window_(window) {}

  /// Says that the setup is done and waits for the start gate; resource use is counted from here.
  void start();
  [[nodiscard]] const Window& window() const { return window_; }
  /// CLOCK_MONOTONIC ns at which warming up ends, and at which measuring ends.
  [[nodiscard]] std::int64_t timed_from() const { return opened_at_ns_ + window_.warmup.count(); }
  [[nodiscard]] std::int64_t timed_until() const { return timed_from() + window_.timed.count(); }
  /// Set by one peer for the others, when measuring is over.
  [[nodiscard]] bool stopped() const { return board_.stop.load(std::memory_order_relaxed); }
  void stop() { board_.stop.store(true, std::memory_order_relaxed); }
  /// Operations since the start gate, warm-up included: what resource use is divided by.
  void count_operations(std::int64_t operations) {
    board_.slots[index_].operations.store(operations, std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t index() const { return index_; }

  /// Runs a body as this peer, in the forked child; gives the exit code.
  int run(const std::function<void(Peer&)>& body, const std::vector<int>& cpus);

 private:
  Board& board_;
  std::size_t index_;
  int ready_fd_;
  Window window_;
  std::int64_t opened_at_ns_ = 0;
  Usage at_start_;
};

/// One peer to be: its role ("initiator", "echo", "producer 1"), its CPUs (none: unpinned), its
/// work.
struct PeerPlan {
  std::string role;
  std::vector<int> cpus;
  std::function<void(Peer&)> body;
};

/// What a finished case's peers used together.
struct PeersReport {
  Usage usage;
  std::int64_t operations = 0;
};

/// Forks the peers, opens the start gate when all are ready, and waits for them. Throws CaseFailed,
/// naming the peer, when one dies, throws, or is still busy `grace` after the window; whatever
/// happens, no peer and no descendant of one is left afterwards. The caller must be a subreaper
/// without other children.
PeersReport run_peers(const std::vector<PeerPlan>& plans, const Window& window);

}  // namespace bench
