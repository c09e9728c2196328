// Waiting on a word in shared memory, futex(2).
#pragma once

#include <atomic>
#include <cstdint>

#include "ipc/os/clock.hpp"

namespace ipc::os {

using FutexWord = std::atomic<std::uint32_t>;
static_assert(FutexWord::is_always_lock_free && sizeof(FutexWord) == 4);

/// Sleeps while the word holds `expected`, until woken or the deadline passed. False only when the
/// deadline passed; true may be spurious, so look at the word again.
bool futex_wait(FutexWord& word, std::uint32_t expected, Deadline deadline = Deadline::never());

/// As futex_wait(), but looks up by itself now and then. For protocols in which a process that is
/// killed between changing the word and waking somebody, or between being woken and acting on it,
/// takes a wake with it that another one needed: that one is late then, but not lost.
bool futex_nap(FutexWord& word, std::uint32_t expected, Deadline deadline = Deadline::never());

/// The naps of one wait, which grow from 10 ms to as long as those of futex_nap(): for waiters that
/// look around after each, at what nobody announces. Shorter ones cost far more, as the processor's
/// timer then has to be set anew for each; the limit itself costs 0.2 us a sleep, a twentieth of a
/// round trip of two wakes on one CPU, over a sleep without any.
class Naps {
 public:
  explicit Naps(Deadline deadline) : deadline_(deadline) {}

  /// False when nobody woke it.
  bool sleep(FutexWord& word, std::uint32_t expected);

 private:
  Deadline deadline_;
  Duration length_ = std::chrono::milliseconds(10);
};

/// Wakes up to `count` waiters of all processes; gives how many there were.
int futex_wake(FutexWord& word, int count);

}  // namespace ipc::os
