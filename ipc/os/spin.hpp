// Waiting awake: how long it pays to look for a change before sleeping until it.
#pragma once

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "ipc/os/clock.hpp"
#include "ipc/os/cpu.hpp"

namespace ipc::os {

/// What this process has learnt of waiting. Everything in it is a hint, shared by its threads
/// without order.
class SpinBudget {
 public:
  /// A forked child begins with what its parent has learnt.
  static SpinBudget& of_this_process();

  /// How long to look before sleeping: twice what being woken costs on this machine, so that two
  /// peers do not both give up just before the other comes, and so meet only asleep ever after. 0
  /// on a machine with one CPU, where nothing changes while one looks.
  [[nodiscard]] std::int64_t ns() const {
    if (!has_other_cpus()) return 0;
    return std::clamp(2 * wake_ns_.load(std::memory_order_relaxed), kLeastNs, kMostNs);
  }
  /// The same, but not beyond the deadline.
  [[nodiscard]] std::int64_t ns(Deadline deadline) const {
    return std::min<std::int64_t>(ns(), deadline.remaining().count());
  }
  /// After a wake from another CPU that took so long.
  void learn(std::int64_t wake_ns);

  /// Whether to let others run, instead of sleeping, when the change has to come from this CPU.
  /// Not for a while after that was in vain or took long: what it cost beyond a sleep is spread
  /// over so many waits that none pays more than half a microsecond.
  bool may_yield();
  void yielded(bool was_useful, std::int64_t took_ns);

 private:
  static constexpr std::int64_t kLeastNs = 20'000, kMostNs = 100'000;

  static bool has_other_cpus();

  std::atomic<std::int64_t> wake_ns_{kMostNs / 2};
  std::atomic<std::uint32_t> skip_yields_{0};
};

/// The CPU that the caller runs on.
inline int this_cpu() {
  return ::sched_getcpu();
}

/// Looks for `budget` ns, often, whether it is so; true when it was.
template <class IsSo>
bool spin_for_ns(std::int64_t budget, IsSo is_so) {
  constexpr int kLooksPerClock = 32;  // a look at the clock costs about as much as a spin
  for (std::int64_t until = 0;;) {
    for (int i = 0; i < kLooksPerClock; ++i) {
      if (is_so()) return true;
      relax();
    }
    const std::int64_t now = now_ns();
    if (until == 0) until = now + budget;
    if (now >= until) return false;
  }
}

/// Looks until then whether it is so; true when it was. Lets others run now and then, and at every
/// look while what is waited for has to come from this CPU.
template <class IsSo>
bool spin_in_turns(const std::atomic<int>& others_cpu, std::int64_t until_ns, IsSo is_so) {
  constexpr std::int64_t kTurnNs = 20'000;
  do {
    const bool is_here = others_cpu.load(std::memory_order_relaxed) == this_cpu();
    if (!is_here && spin_for_ns(kTurnNs, is_so)) return true;
    ::sched_yield();
    if (is_so()) return true;
  } while (now_ns() < until_ns);
  return false;
}

/// The one process, of all that wait for the same thing, that may spin for it: further ones would
/// only keep it from those that run. Lies in shared memory, best on a cache line of its own. It is
/// taken for a limited time, so one that is killed meanwhile keeps nobody from it for long.
class SpinSeat {
 public:
  /// False when another has it.
  bool take(std::int64_t now, std::int64_t until) {
    std::int64_t taken_until = taken_until_.load(std::memory_order_relaxed);
    return taken_until <= now &&
           taken_until_.compare_exchange_strong(taken_until, until, std::memory_order_relaxed);
  }
  [[nodiscard]] bool is_taken(std::int64_t now) const {
    return taken_until_.load(std::memory_order_relaxed) > now;
  }
  void leave() { taken_until_.store(0, std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> taken_until_{0};
};

inline constexpr int kUnknownCpu = -1;

/// What whoever wakes a sleeper leaves for it, in shared memory: where it ran, and when it called.
class WakeNote {
 public:
  /// kUnknownCpu as long as nobody was woken.
  [[nodiscard]] int cpu() const { return cpu_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t called_ns() const {
    return called_ns_.load(std::memory_order_relaxed);
  }
  void write() {
    cpu_.store(this_cpu(), std::memory_order_relaxed);
    called_ns_.store(now_ns(), std::memory_order_relaxed);
  }
  /// What the wake cost, for one that slept since `called_before`; from this CPU it says nothing of
  /// those that are worth spinning for.
  void learn(std::int64_t called_before) const {
    const std::int64_t called = called_ns();
    if (called == called_before || cpu() == this_cpu()) return;
    SpinBudget::of_this_process().learn(now_ns() - called);
  }

 private:
  std::atomic<int> cpu_{kUnknownCpu};
  std::atomic<std::int64_t> called_ns_{0};
};

/// Lets others run once, where that pays; true when it came. `is_patient`: however long that took,
/// it paid when it came.
template <class IsSo>
bool yield_once(IsSo is_so, bool is_patient = false) {
  SpinBudget& budget = SpinBudget::of_this_process();
  if (!budget.may_yield()) return false;
  const std::int64_t from = now_ns();
  ::sched_yield();
  const bool came = is_so();
  budget.yielded(came, came && is_patient ? 0 : now_ns() - from);
  return came;
}

/// Waits awake, but not beyond the deadline, for a change of which the last one came from the CPU
/// `others_cpu`; true when it came. Spins for a change from another CPU, and lets others run once
/// for one from this. For the only one that waits for it.
template <class IsSo>
bool wait_awake(int others_cpu, Deadline deadline, IsSo is_so) {
  if (others_cpu == this_cpu()) return yield_once(is_so);
  const std::int64_t ns = SpinBudget::of_this_process().ns(deadline);
  return ns > 0 && spin_for_ns(ns, is_so);
}

/// The same for one of several, of which only the one in the seat spins.
template <class IsSo>
bool wait_awake(SpinSeat& seat, int others_cpu, Deadline deadline, IsSo is_so) {
  if (others_cpu == this_cpu()) return yield_once(is_so);
  const std::int64_t ns = SpinBudget::of_this_process().ns(deadline);
  const std::int64_t now = now_ns();
  if (ns <= 0 || !seat.take(now, now + ns)) return false;
  const bool came = spin_for_ns(ns, is_so);
  seat.leave();
  return came;
}

}  // namespace ipc::os
