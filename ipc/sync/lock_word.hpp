// The part of a Lock that lies in shared memory: one word that names the process that holds it.
#pragma once

#include <atomic>
#include <cstdint>

#include "ipc/os/clock.hpp"
#include "ipc/os/identity.hpp"
#include "ipc/os/spin.hpp"

namespace ipc {

/// How an attempt to take a lock ended.
enum class Taken {
  kNo,          ///< the time ran out
  kYes,         ///< held now
  kAfterDeath,  ///< held now, taken from a process that ended while it held it
};

/// Free (0), or the holder's identity, with a bit that says whether anybody waits: holder and word
/// change together, so there is no moment at which a death leaves a lock that nobody holds.
/// Waiters first wait awake where that pays (os::wait_awake()), then sleep in naps, after which
/// they look whether the holder still lives: its death is noticed within 50 ms, at once
/// where it was reaped, and a waiter killed while it is woken delays the others by no more.
class LockWord {
 public:
  Taken take_until(os::Deadline deadline);
  /// Frees it, whoever holds it; false when it was free.
  bool give();
  [[nodiscard]] bool is_held() const { return word_.load(std::memory_order_relaxed) != 0; }
  [[nodiscard]] bool is_held_by_this_process() const;

 private:
  Taken wait_until(os::Deadline deadline, os::Identity me);
  bool take_awake(os::Deadline deadline, os::Identity me);
  [[gnu::cold, gnu::noinline]] void wake_one();

  std::atomic<os::Identity> word_{0};
  os::WakeNote giver_;
  alignas(64) os::SpinSeat seat_;
};

}  // namespace ipc
