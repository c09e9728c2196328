// Who waits, in shared memory: a place for each, so that a dead one can be told from the living.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "ipc/os/futex.hpp"
#include "ipc/os/identity.hpp"

namespace ipc {

/// One that waits, on its place's word. Each change is a single store: a process killed between
/// two of them leaves a place that is free or that can be seen to be a dead one's.
struct WaitPlace {
  static constexpr std::uint32_t kFree = 0, kWaiting = 1;

  /// kFree, kWaiting, or what the wait ended with.
  os::FutexWord state{kFree};
  /// Places in the order of their coming.
  std::atomic<std::uint32_t> ticket{0};
  std::atomic<os::Identity> who{0};

  /// Ends its wait; a waiter not woken for the death of the caller looks up by itself.
  void end(std::uint32_t with);
  /// By the one that waited, or by others once it has ended.
  void leave() { state.store(kFree, std::memory_order_release); }
  [[nodiscard]] bool is_waiting() const {
    return state.load(std::memory_order_acquire) == kWaiting;
  }
};

/// The places of one object. All but WaitPlace::leave() by one's own hand needs the lock that the
/// object has for it.
class WaitRoom {
 public:
  /// How many can wait at once.
  static constexpr std::uint32_t kMost = 1024;

  /// A place for this process. Throws std::system_error, EAGAIN, when kMost are taken.
  WaitPlace& enter();
  [[nodiscard]] std::uint32_t waiting() const;
  /// Of those that wait, who came first; null when nobody does.
  WaitPlace* first();
  /// Ends every wait.
  void end_all(std::uint32_t with);
  /// Whether one that waits has ended.
  [[nodiscard]] bool has_dead_waiter() const;
  /// Whether the one that waits in the next place, in a ring, has ended: when each looks after the
  /// next, some look notices a dead one, and no look is dear.
  [[nodiscard]] bool is_next_dead(const WaitPlace& place) const;
  /// Frees the places of those that ended before they left, waiting or not; gives how many of them
  /// waited no longer.
  std::uint32_t clear_dead();

 private:
  WaitPlace* free_place();

  std::array<WaitPlace, kMost> places_;
  /// No place from here on was ever taken.
  std::atomic<std::uint32_t> used_{0};
  std::atomic<std::uint32_t> next_ticket_{0};
};

}  // namespace ipc
