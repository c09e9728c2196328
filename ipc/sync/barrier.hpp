// A point that a number of processes pass together.
#pragma once

#include <chrono>

#include "ipc/os/clock.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/sync/errors.hpp"
#include "ipc/sync/lock_word.hpp"
#include "ipc/sync/wait_room.hpp"

namespace ipc {

/// A barrier for a fixed number of parties, made before the fork, to be passed again and again.
///
/// It breaks when the time of one that waits runs out, when abort() is called, and when a party
/// dies while it waits. Then all that wait, and all that come, get BrokenBarrier, until reset().
class Barrier {
 public:
  /// Throws std::system_error: EINVAL for no parties or more than WaitRoom::kMost.
  explicit Barrier(int parties);

  /// Blocks until all parties wait. Each gets another index, from 0 in the order of their coming to
  /// parties() - 1. Throws BrokenBarrier.
  unsigned wait() { return wait_until(os::Deadline::never()); }
  /// Throws BrokenBarrier, and breaks the barrier, when they did not all come in that time.
  template <class Rep, class Period>
  unsigned wait_for(std::chrono::duration<Rep, Period> wait) {
    return wait_until(os::Deadline::after(wait));
  }
  unsigned wait_until(os::Deadline deadline);

  /// Breaks it.
  void abort();
  /// Makes it as new: whole, and with nobody waiting. Those that do get BrokenBarrier.
  void reset();
  [[nodiscard]] bool broken() const { return state_->broken; }
  [[nodiscard]] unsigned parties() const { return parties_; }
  /// How many wait at this moment, 0 when broken.
  [[nodiscard]] unsigned waiting() const { return state_->room.waiting(); }

 private:
  struct State {
    LockWord lock;
    std::atomic<bool> broken{false};
    WaitRoom room;

    void break_up(bool stays_broken);
  };
  class Inside;

  unsigned sit_out(WaitPlace& place, unsigned index, os::Deadline deadline);

  unsigned parties_;
  os::SharedObject<State> state_;
};

}  // namespace ipc
