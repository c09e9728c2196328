// How the two sides of a ring wait for each other: spinning, sleeping, or first one, then the
// other.
#pragma once

#include <sched.h>
#include <sys/socket.h>

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
  /// Where this side ran when it last waited or woke the other.
  std::atomic<int> cpu{os::kUnknownCpu};
  std::atomic<std::int64_t> woke_at_ns{0};  ///< when it last woke the other
  /// The consumer's: up to where pieces are taken. The producer's: up to where it wants them taken
  /// before it is woken.
  std::atomic<std::uint64_t> position{0};

  /// Stores only what changed: the line stays with whoever reads it.
  void note_cpu() {
    const int here = os::this_cpu();
    if (cpu.load(std::memory_order_relaxed) != here) cpu.store(here, std::memory_order_relaxed);
  }

  /// Wakes this side if it sleeps; called from the other side, whose door is `others`. Entering and
  /// leaving sleep and this are read-modify-writes of one word: of two of them the later sees the
  /// earlier, and what was written before it.
  template <os::WaitPolicy kWait>
  void wake(RingDoor& others) {
    if (kWait == os::WaitPolicy::adaptive && state.load(std::memory_order_relaxed) & kAsleep) {
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

/// Whether what is waited for may come while the waiter looks: not where the other side last ran on
/// the CPU that this one ran on.
template <os::WaitPolicy kWait>
bool may_spin(const RingDoor& door, const RingDoor& others) {
  if constexpr (kWait != os::WaitPolicy::adaptive) return kWait == os::WaitPolicy::spin;
  return door.cpu.load(std::memory_order_relaxed) != others.cpu.load(std::memory_order_relaxed);
}

/// Waits awake first, as the policy has it; true when it became so meanwhile.
template <os::WaitPolicy kWait, class IsSo>
bool awake_first(RingDoor& door, const RingDoor& others, os::Deadline deadline, IsSo is_so) {
  if constexpr (kWait == os::WaitPolicy::block) return false;
  int others_cpu = os::kUnknownCpu;
  if constexpr (kWait == os::WaitPolicy::adaptive) {
    door.note_cpu();
    others_cpu = others.cpu.load(std::memory_order_relaxed);
  }
  return os::wait_awake(others_cpu, deadline, is_so);
}

/// The other side has just woken this one.
inline void learn_from_wake(const RingDoor& others) {
  if (others.cpu.load(std::memory_order_relaxed) == os::this_cpu()) return;
  const std::int64_t woke_at = others.woke_at_ns.load(std::memory_order_relaxed);
  os::SpinBudget::of_this_process().learn(os::now_ns() - woke_at);
}

/// Sleeps at a door until it is so. A spinning side lets others run instead, as long as it takes.
template <os::WaitPolicy kWait, class IsSo>
Waited sleep_until(RingDoor& door, const RingDoor& others, os::Deadline deadline,
                   const Lifeline& life, IsSo is_so) {
  constexpr std::uint32_t kFlag = kWait == os::WaitPolicy::spin ? 0 : RingDoor::kAsleep;
  os::Naps naps(deadline);
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
      looks = !naps.sleep(door.state, seen);
      const bool was_woken =
          !looks && !(door.state.load(std::memory_order_relaxed) & RingDoor::kAsleep);
      if (kWait == os::WaitPolicy::adaptive && was_woken) learn_from_wake(others);
    }
  }
}

}  // namespace ipc
