// How the two sides of a ring wait for each other: spinning, sleeping, or first one, then the
// other.
#pragma once

#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

#include "ipc/os/availability.hpp"
#include "ipc/os/cpu.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/futex.hpp"
#include "ipc/os/poll.hpp"
#include "ipc/os/spin.hpp"
#include "ipc/os/unique_fd.hpp"

namespace ipc {

/// One end of a socket pair that carries nothing and is closed together with the end of the ring:
/// the kernel tells by its hang-up that every copy of the other end is closed or dead.
class Lifeline {
 public:
  static std::pair<Lifeline, Lifeline> pair() {
    int fds[2];
    os::check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), "socketpair");
    return {Lifeline(os::UniqueFd(fds[0])), Lifeline(os::UniqueFd(fds[1]))};
  }

  [[nodiscard]] bool is_open() const { return static_cast<bool>(socket_); }
  /// Whether the other end is gone. What was written to shared memory before that is visible then.
  [[nodiscard]] bool is_cut() const {
    return os::wait_ready(socket_.get(), 0, os::Deadline::now());
  }
  void close() { socket_.reset(); }

 private:
  explicit Lifeline(os::UniqueFd socket) : socket_(std::move(socket)) {}

  os::UniqueFd socket_;
};

/// The sleeps of one wait, which grow from 10 ms to 50 ms: a wake that a killed process did not
/// give, and an end that nobody announced, are noticed when one is over. Shorter ones cost far
/// more, as the processor's timer then has to be set anew for each.
class GrowingNap {
 public:
  explicit GrowingNap(os::Deadline deadline) : deadline_(deadline) {}

  /// False when nobody woke it: look around before the next one.
  bool sleep(os::FutexWord& word, std::uint32_t expected) {
    const auto nap = std::min<os::Duration>(deadline_.remaining(), length_);
    if (os::futex_wait(word, expected, os::Deadline::after(nap))) return true;
    length_ = std::min(2 * length_, kLongest);
    return false;
  }

 private:
  static constexpr os::Duration kLongest = std::chrono::milliseconds(50);

  os::Deadline deadline_;
  os::Duration length_ = std::chrono::milliseconds(10);
};

/// How long to spin before a sleep, learnt from how long wakes take. Lies in shared memory, on the
/// line of the side that waits. Not less than the least: two peers that both give up too early
/// meet only through the kernel ever after.
class RingBudget {
 public:
  [[nodiscard]] std::int64_t ns() const { return std::clamp(2 * wake_ns_, kLeastNs, kMostNs); }
  void learn(std::int64_t wake_ns) {
    wake_ns_ += (std::clamp<std::int64_t>(wake_ns, 0, kMostNs) - wake_ns_) / 8;
  }

 private:
  static constexpr std::int64_t kLeastNs = 20'000, kMostNs = 100'000;

  std::int64_t wake_ns_ = kLeastNs;
};

/// Where one side of a ring waits, in shared memory: a word to sleep on and what else it tells the
/// other side. That one looks here at every message and should find the line in its own cache, so
/// nothing here is written at every message.
struct RingDoor {
  // What the state tells.
  static constexpr std::uint32_t kWaits = 1;   ///< it does, or soon may: see who reads it
  static constexpr std::uint32_t kAsleep = 2;  ///< it has to be woken
  static constexpr std::uint32_t kLook = 4;    ///< a copy of the other end was closed: look for it
  static constexpr std::uint32_t kOtherLook = 8;  ///< a copy of this end was: the other has to look

  os::FutexWord state{0};
  std::atomic<int> cpu{-1};  ///< where this side ran when it last waited or woke the other
  std::atomic<std::int64_t> woke_at_ns{0};  ///< when it last woke the other
  /// The consumer's: up to where pieces are taken. The producer's: up to where it wants them taken
  /// before it is woken.
  std::atomic<std::uint64_t> position{0};

  /// Stores only what changed: the line stays with whoever reads it.
  int note_cpu() {
    const int here = os::this_cpu();
    if (cpu.load(std::memory_order_relaxed) != here) cpu.store(here, std::memory_order_relaxed);
    return here;
  }

  /// Wakes this side if it sleeps; called from the other side, whose door is `others`. Entering and
  /// leaving sleep and this are read-modify-writes of one word: of two of them the later sees the
  /// earlier, and what was written before it.
  void wake(RingDoor& others) {
    if (state.load(std::memory_order_relaxed) & kAsleep) {
      others.note_cpu();
      others.woke_at_ns.store(os::now_ns(), std::memory_order_relaxed);
    }
    if (state.fetch_and(~kAsleep, std::memory_order_seq_cst) & kAsleep) os::futex_wake(state, 1);
  }

  /// Tells this side that a copy of the other end was closed.
  void make_look() {
    if (state.fetch_or(kLook, std::memory_order_seq_cst) & kAsleep) os::futex_wake(state, 1);
  }
};

/// How a wait ended.
enum class Waited {
  kSo,    ///< it became what was waited for
  kCut,   ///< it did not, and the other end is gone
  kLate,  ///< the deadline passed
};

/// Spins first, as the policy has it; whether it became so meanwhile.
template <os::WaitPolicy kWait, class IsSo>
bool spin_first(RingDoor& door, const RingDoor& others, const RingBudget& budget, IsSo is_so) {
  if constexpr (kWait == os::WaitPolicy::block) return is_so();
  const int here = door.note_cpu();
  if (kWait == os::WaitPolicy::adaptive && others.cpu.load(std::memory_order_relaxed) == here)
    return is_so();
  return os::spin_for_ns(budget.ns(), is_so);
}

/// Sleeps at a door until it is so. A spinning side lets others run instead, as long as it takes.
template <os::WaitPolicy kWait, class IsSo>
Waited sleep_until(RingDoor& door, const RingDoor& others, RingBudget& budget,
                   os::Deadline deadline, const Lifeline& life, IsSo is_so) {
  constexpr std::uint32_t kFlag = kWait == os::WaitPolicy::spin ? 0 : RingDoor::kAsleep;
  GrowingNap nap(deadline);
  for (bool looks = false;;) {
    const std::uint32_t seen = door.state.fetch_or(kFlag, std::memory_order_seq_cst) | kFlag;
    std::optional<Waited> ended;
    if (is_so()) {
      ended = Waited::kSo;
    } else if (looks || seen & RingDoor::kLook || deadline.expired()) {
      door.state.fetch_and(~RingDoor::kLook, std::memory_order_seq_cst);
      // All that was sent was sent before the hang-up.
      if (life.is_cut()) ended = is_so() ? Waited::kSo : Waited::kCut;
      if (!ended && deadline.expired()) ended = Waited::kLate;
    }
    if (ended) {
      door.state.fetch_and(~kFlag, std::memory_order_seq_cst);
      return *ended;
    }
    if (seen & RingDoor::kLook) continue;  // the word is no more what it was
    if constexpr (kWait == os::WaitPolicy::spin) {
      const auto until = os::now_ns() + 1'000'000;
      while (!is_so() && os::now_ns() < until) ::sched_yield();
      looks = true;
    } else {
      looks = !nap.sleep(door.state, seen);
      if (kWait == os::WaitPolicy::adaptive && !looks &&
          !(door.state.load(std::memory_order_relaxed) & RingDoor::kAsleep))
        budget.learn(os::now_ns() - others.woke_at_ns.load(std::memory_order_relaxed));
    }
  }
}

}  // namespace ipc
