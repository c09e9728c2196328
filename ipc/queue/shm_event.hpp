// Where processes wait until a change in shared memory lets them go on, woken one at a time.
#pragma once

#include <sched.h>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "ipc/os/clock.hpp"
#include "ipc/os/cpu.hpp"
#include "ipc/os/futex.hpp"

namespace ipc {

/// What one process knows of its waits at one event, in its own memory: whether to look and yield
/// for a while before it sleeps. Not where hundreds of messages went by since the last wait: a
/// sleep costs little for each then, and leaves the CPU to the others. And for some time not where
/// a yield gave the CPU to a stranger for a whole slice, as the kernel does not for one that wakes.
class SpinHabit {
 public:
  /// `place` says how far the queue has got.
  [[nodiscard]] bool pays(std::uint64_t place) {
    constexpr std::uint64_t kLongRun = 512;
    const int left = sleeps_left_.load(std::memory_order_relaxed);
    if (left > 0) sleeps_left_.store(left - 1, std::memory_order_relaxed);
    return left <= 0 && place - begin_.load(std::memory_order_relaxed) < kLongRun;
  }
  void waited(std::uint64_t place) { begin_.store(place, std::memory_order_relaxed); }
  void yielded(std::int64_t ns) {
    constexpr std::int64_t kSliceNs = 500'000;
    constexpr int kSleeps = 200;
    if (ns > kSliceNs) sleeps_left_.store(kSleeps, std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> begin_{0};
  std::atomic<int> sleeps_left_{0};
};

/// A futex word with two facts beside it, changed together: how many sleep, and whether there is a
/// scout, one that is awake and about to look. Who makes a change wakes a sleeper only when there
/// is no scout, and makes it the scout; so many changes cost one system call. The rule that keeps
/// this from losing a wake: whoever ends being the scout looks afterwards, and passes the wake on
/// when another could go on too.
///
/// A process killed as the scout, or between changing the word and waking, would leave the others
/// asleep: so sleepers look by themselves every 50 ms, and such a wake is late but not lost. One
/// killed asleep stays counted, until a wake finds nobody.
///
/// The changes that are waited for, and the looks, must be sequentially consistent: a look after
/// enter() sees the change, or the change's notify() sees the sleeper.
class ShmEvent {
 public:
  /// After each change that lets one that waits go on.
  void notify() {
    const Word seen = word_.load();
    if (sleepers_in(seen) > 0 && !(seen & kScout)) [[unlikely]]
      wake(seen);
  }

  /// Calls `attempt` until it gives true, or until the deadline passed: false. Its argument says
  /// that the time for patience is over: 50 ms went by, or the deadline did. `more` says
  /// whether another that waits could go on as well. `habit` and `place`: whether to look for a
  /// while before sleeping, which one at a time does.
  template <class Attempt, class More>
  bool await(Attempt attempt, More more, os::Deadline deadline, SpinHabit& habit,
             std::uint64_t place) {
    return await(attempt, more, deadline, habit.pays(place), [&] { return spin(attempt, habit); });
  }
  /// The same, where `spin`, unless it does not spin at all, is how the one scout looks before it
  /// sleeps: true when an attempt succeeded.
  template <class Attempt, class More, class Spin>
  bool await(Attempt attempt, More more, os::Deadline deadline, bool spins, Spin spin) {
    bool is_scout = spins && become_scout();
    for (auto patience = os::Deadline::after(kNap);;) {
      if (is_scout && (spins ? spin() : attempt(false))) {
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

  /// There may be no scout, as one that waited was killed: the next change wakes another.
  void distrust_scout() { retire(); }

 private:
  using Word = std::uint64_t;
  static_assert(std::atomic<Word>::is_always_lock_free);
  static constexpr Word kScout = Word{1} << 32;
  static constexpr Word kOneSleeper = Word{1} << 33;
  static constexpr os::Duration kNap = std::chrono::milliseconds(50);
  // A wake across CPUs takes some dozen us. Much less would fall into step with it: each side
  // asleep just before the other comes.
  static constexpr std::int64_t kSpinNs = 20'000;
  static constexpr int kLooksPerYield = 16;

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

  /// False when nothing came in a while. Yields in between: whoever is waited for may be waiting
  /// for this CPU. A yield that took long was its turn, and ends the spinning.
  template <class Attempt>
  static bool spin(Attempt attempt, SpinHabit& habit) {
    std::int64_t now = os::now_ns();
    const std::int64_t end = now + kSpinNs;
    do {
      for (int i = 0; i < kLooksPerYield; ++i) {
        if (attempt(false)) return true;
        os::relax();
      }
      const std::int64_t before = os::now_ns();
      ::sched_yield();
      now = os::now_ns();
      habit.yielded(now - before);
    } while (now < end);
    return attempt(false);
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
};

}  // namespace ipc
