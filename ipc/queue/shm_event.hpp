// Where processes wait until a change in shared memory lets them go on, woken one at a time.
#pragma once

#include <sched.h>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "ipc/os/availability.hpp"
#include "ipc/os/cpu.hpp"
#include "ipc/os/futex.hpp"
#include "ipc/os/spin.hpp"

namespace ipc {

/// How one wait at an event is done.
struct Pace {
  bool sleeps_at_once = false;  ///< where it does not pay to wait awake
  int pauses_a_look = 0;        ///< while it does: os::relax(), so often before each look
};

/// A futex word with facts beside it, changed together: how many sleep; whether there is a scout,
/// one that is awake and about to look; and whether it is quiet, which means that nobody sleeps and
/// nobody has for long. Who makes a change wakes a sleeper only when there is no scout, and makes
/// it the scout; so many changes cost one system call. The rule that keeps this from losing a wake:
/// whoever ends being the scout looks afterwards, and passes the wake on when another could go on
/// too.
///
/// A process killed as the scout, or between changing the word and waking, would leave the others
/// asleep: so sleepers look by themselves every 50 ms, and such a wake is late but not lost. One
/// killed asleep stays counted, until a wake finds nobody.
///
/// A look after enter() must see the change, or the change's notify must see the sleeper. So the
/// changes and the looks are sequentially consistent, which costs each change a locked instruction;
/// but for changes while it is quiet. Who enters then, and nobody else, ends the quiet, and lets a
/// barrier run on all CPUs (membarrier(2)): a change that still saw the quiet is visible after
/// that. One that saw it and does not any more behind the change pays the locked instruction after
/// all.
class ShmEvent {
 public:
  /// Whether changes may be left to a barrier where it is quiet: for all processes that share this.
  void trust_barrier(bool trusts) { trusts_barrier_.store(trusts, std::memory_order_relaxed); }

  /// Makes a change that lets one that waits go on, and wakes one where that is needed. `change` is
  /// called with whether a store with release order will do for it; else it must be sequentially
  /// consistent.
  template <class Change>
  void after(Change change) {
    const bool was_quiet = word_.load(std::memory_order_relaxed) & kQuiet;
    change(was_quiet);
    Word seen = word_.load();
    if (was_quiet && !(seen & kQuiet)) [[unlikely]]
      seen = word_.fetch_or(0);
    if (sleepers_in(seen) > 0 && !(seen & kScout)) [[unlikely]]
      wake(seen);
  }
  /// After a sequentially consistent change.
  void notify() {
    after([](bool) {});
  }

  /// Calls `attempt` until it gives true, or until the deadline passed: false. Its argument says
  /// that the time for patience is over: 50 ms went by, or the deadline did. `more` says
  /// whether another that waits could go on as well. Only one at a time waits awake, and none where
  /// the policy is to block.
  template <os::WaitPolicy kWait, class Attempt, class More>
  bool await(Attempt attempt, More more, os::Deadline deadline, Pace pace) {
    if constexpr (kWait == os::WaitPolicy::spin) return spin(attempt, deadline, pace);
    const bool looks = kWait == os::WaitPolicy::adaptive && !pace.sleeps_at_once;
    return await(attempt, more, deadline, looks,
                 [&] { return os::wait_awake(waker_.cpu(), deadline, paced(attempt, pace)); });
  }
  /// The same, where `look`, unless none looks for long, is what the scout does before it sleeps:
  /// true when an attempt succeeded.
  template <class Attempt, class More, class Look>
  bool await(Attempt attempt, More more, os::Deadline deadline, bool looks, Look look) {
    bool is_scout = looks && become_scout();
    for (auto patience = os::Deadline::after(kNap);;) {
      if (is_scout && (looks ? look() : attempt(false))) {
        retire();
        break;
      }
      const std::uint32_t sequence = enter(is_scout);
      const bool is_late = deadline.expired();
      const bool is_impatient = is_late || patience.expired();
      if (is_impatient) patience = os::Deadline::after(kNap);
      const bool is_done = attempt(is_impatient);
      const bool was_woken = !is_done && !is_late && sleep(sequence, deadline);
      const bool was_let_be = !was_woken && leave(sequence);
      if (is_done) break;
      if (is_late && was_let_be) return false;
      // Perhaps the wake was another's: then a scout is taken for none, and one more is woken.
      is_scout = true;
    }
    if (more()) notify();
    return true;
  }

  /// Now and then, by those that wait here when they need not wait: it becomes quiet when nobody
  /// was woken since the last time and nobody sleeps.
  void settle();
  /// There may be no scout, as one that waited was killed: the next change wakes another.
  void distrust_scout() { retire(); }

 private:
  using Word = std::uint64_t;
  static_assert(std::atomic<Word>::is_always_lock_free);
  static constexpr Word kScout = Word{1} << 32;
  static constexpr Word kQuiet = Word{1} << 33;
  static constexpr Word kOneSleeper = Word{1} << 34;
  static constexpr os::Duration kNap = std::chrono::milliseconds(50);

  static std::uint32_t sequence_in(Word word) { return static_cast<std::uint32_t>(word); }
  static Word sleepers_in(Word word) { return word / kOneSleeper; }
  static Word with_next_sequence(Word word) {
    return (word & ~Word{UINT32_MAX}) | (sequence_in(word) + 1U);
  }

  /// For the kernel, which compares these 32 bits; this program never reads them as such.
  os::FutexWord& sequence_half() {
    constexpr std::size_t kLower = std::endian::native == std::endian::little ? 0 : 1;
    return reinterpret_cast<os::FutexWord*>(&word_)[kLower];
  }

  template <class Attempt>
  static auto paced(Attempt attempt, Pace pace) {
    return [=] {
      for (int i = 0; i < pace.pauses_a_look; ++i) os::relax();
      return attempt(false);
    };
  }

  /// Never sleeps, and lets others run when it takes long.
  template <class Attempt>
  static bool spin(Attempt attempt, os::Deadline deadline, Pace pace) {
    constexpr std::int64_t kUsualNs = 100'000;
    if (os::spin_for_ns(kUsualNs, paced(attempt, pace))) return true;
    for (auto patience = os::Deadline::after(kNap);;) {
      const bool is_late = deadline.expired();
      const bool is_impatient = is_late || patience.expired();
      if (is_impatient) patience = os::Deadline::after(kNap);
      if (attempt(is_impatient)) return true;
      if (is_late) return false;
      ::sched_yield();
    }
  }

  /// False when there is one.
  bool become_scout();
  void retire() { word_.fetch_and(~kScout); }
  /// Counts the caller as a sleeper, and no longer as the scout; gives what to sleep on.
  std::uint32_t enter(bool is_scout);
  /// Gives whether it was woken, or perhaps so; false when its time was over. Who wakes takes the
  /// woken out of the count: it must not leave() itself, even where the sequence is still the same,
  /// as it is for one that came between the change of the word and the call that woke it.
  bool sleep(std::uint32_t sequence, os::Deadline deadline);
  /// Takes the caller back out of the count; false when there was a wake since, which did it.
  bool leave(std::uint32_t sequence);
  void wake(Word seen);

  std::atomic<Word> word_{0};
  std::atomic<bool> trusts_barrier_{false};
  std::atomic<std::uint32_t> settled_sequence_{0};
  os::WakeNote waker_;
};

}  // namespace ipc
