// A model of how the slots are claimed and how the waiting is done, walked through every order of
// steps with a death at any of them.
//
// A step is one access to shared memory or one system call, as in ShmSlots, ShmEvent and ShmQueue;
// what is between them is a process's own. A plain store of a slot's word waits in its process's
// store buffer, until it drains: at any later moment, at that process's next locked instruction, at
// a barrier on all CPUs or at its end. Sleepers look up by themselves only in a state in which
// nobody else can do anything: where nobody was killed, being there with something to do is an
// error.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "ipc/os/sanitized.hpp"
#include "ipc/os/state_walk_test_support.hpp"

namespace ipc {
namespace {

using Byte = std::uint8_t;

constexpr Byte kPut = 0, kGet = 1;  // sides; the events that they wait for have the same numbers
constexpr Byte kNobody = 0xff;

enum Phase : Byte { kFree, kWriting, kFull, kReading };
enum Pc : Byte {
  kLoadEnd,  // of the row, on this side
  kLoadSlot,
  kSetEnd,  // where none was found
  kClaim,
  kSetNext,  // after a claim
  kBecomeScout,
  kRetire,
  kEnter,
  kSleep,
  kAsleep,
  kLeave,
  kBarrier,  // on all CPUs, where it was quiet
  kLookForOwner,
  kRepair,
  kLoadQuiet,
  kFinish,
  kLoadEvent,
  kFence,
  kWake,
  kFutexWake,
  kTakeBack,
  kWakeAll,
  kGone  // done, given up or dead
};
enum Where : Byte { kAtFirst, kSpinning, kEntered, kForOthers };     // in which attempt
enum Why : Byte { kFinished, kPassOn, kRepairedGet, kRepairedPut };  // in which notify

struct Slot {
  Byte lap, phase, owner, message;
};
struct Event {
  Byte sequence, sleepers, is_scout, is_quiet;
  bool operator==(const Event&) const = default;
};
struct Process {
  Byte pc, where, why, side, calls_left, has_deadline;
  Byte place, known;  // of find()
  Slot seen;          // the slot's word as last loaded
  Byte my_place;      // as claimed
  Slot mine;
  Byte is_scout, is_late, is_patient, is_done, was_woken, sequence;  // of await()
  Byte event, was_quiet;                                             // of after()
  Event event_seen;
  Byte stores, stored_place;  // whether a store waits, and of which slot
  Slot stored;
  Byte is_dead;
};

constexpr std::size_t kMostProcesses = 4, kMostSlots = 2, kMostMessages = 4;
enum Fate : Byte { kUnborn, kInside, kHeld, kDelivered, kLost };

struct State {
  std::array<Slot, kMostSlots> slots;
  std::array<Event, 2> events;
  std::array<Byte, 2> ends;
  std::array<Process, kMostProcesses> processes;
  std::array<Byte, kMostMessages> fates;
  std::array<Byte, 2> claimed;  // the first place never claimed on each side
  Byte deaths_left, was_killed, progress, napped_at;
};

/// What the model can be made to do wrong, to see that the walk finds it.
enum class Flaw {
  kNone,
  kSleepsWithoutLooking,
  kPassesNothingOn,
  kRepairsTheLiving,
  kWokenLeaves,
  kNoBarrier,
  kNoFenceAfterTheQuiet,
  kStoresThoughNotQuiet,
  kTakesTheQuietBack
};

struct Setup {
  Byte producers, consumers, slots, calls;
  Byte deaths = 0;
  bool has_deadlines = false;
  Flaw flaw = Flaw::kNone;
};

class Walk {
 public:
  explicit Walk(Setup setup) : setup_(setup) {}

  /// Gives what is wrong in the first state found that is, nothing when none is.
  std::string run() {
    State first{};
    first.deaths_left = setup_.deaths;
    first.napped_at = kNobody;
    for (Byte i = 0; i < count(); ++i) {
      auto& process = first.processes[i];
      process.side = i < setup_.producers ? kPut : kGet;
      process.calls_left = calls_of(i);
      process.has_deadline = setup_.has_deadlines;
      process.pc = kLoadEnd;
    }
    for (Byte i = count(); i < kMostProcesses; ++i) first.processes[i].pc = kGone;
    visit(first);
    return walk_.run([this](const State& state) { explore(state); });
  }
  [[nodiscard]] std::size_t late_wakes() const { return late_wakes_; }

 private:
  [[nodiscard]] Byte count() const {
    return static_cast<Byte>(setup_.producers + setup_.consumers);
  }
  /// As many messages are got as put.
  [[nodiscard]] Byte calls_of(Byte process) const {
    const int messages = setup_.producers * setup_.calls;
    return process < setup_.producers ? setup_.calls
                                      : static_cast<Byte>(messages / setup_.consumers);
  }

  /// What a process will not look at again must not make two states of one, and of a sequence only
  /// whether it is still the event's.
  static void forget(State& state) {
    const auto events = state.events;
    for (auto& event : state.events) event.sequence = 1;
    for (auto& process : state.processes) {
      const Byte pc = process.pc;
      const bool notifies = pc >= kLoadEvent && pc <= kWakeAll;
      const bool is_asleep = pc == kSleep || pc == kAsleep || pc == kLeave || pc == kBarrier;
      const bool finds = pc <= kSetNext;
      const bool repairs = pc == kLookForOwner || pc == kRepair;
      const bool is_repairing = repairs || (notifies && process.why >= kRepairedGet);
      const bool is_entered = is_asleep || is_repairing || (finds && process.where == kEntered);
      const bool awaits =
          is_entered || pc == kBecomeScout || pc == kEnter || (finds && process.where == kSpinning);
      const bool claimed = pc == kSetNext || pc == kRetire || pc == kLoadQuiet || pc == kFinish ||
                           (finds && process.where == kForOthers) ||
                           (notifies && process.why == kPassOn) ||
                           (pc == kLeave && process.is_done);
      if (!notifies) process.event_seen = {}, process.event = 0, process.why = 0;
      if (pc != kFinish && pc != kLoadEvent) process.was_quiet = 0;
      if (!finds && !is_repairing) process.where = 0;
      if (!finds && !repairs) process.place = process.known = 0, process.seen = {};
      if (!claimed) process.my_place = 0, process.mine = {};
      if (!awaits) process.is_scout = process.is_patient = 0;
      if (!is_entered) process.is_late = process.is_done = process.sequence = 0;
      if (pc != kLeave) process.was_woken = 0;
      const auto renew = [&](Byte& sequence, Byte event) {
        sequence = sequence == events[event].sequence;
      };
      if (is_entered) renew(process.sequence, process.side);
      if (notifies) renew(process.event_seen.sequence, process.event);
    }
  }

  void visit(State state) {
    forget(state);
    walk_.visit(state);
  }
  void fail(std::string what) { walk_.fail(std::move(what)); }

  void explore(const State& state) {
    bool can_move = false, sleeps = false;
    for (Byte i = 0; i < count(); ++i) {
      if (state.processes[i].stores) {
        can_move = true;
        State next = state;
        drain(next, i);
        visit(next);
      }
      const auto pc = state.processes[i].pc;
      sleeps |= pc == kAsleep;
      if (pc == kAsleep || pc == kGone) continue;
      can_move = true;
      step(state, i);
    }
    if (can_move || sleeps) kill_each(state);
    if (!can_move) at_rest(state);
  }
  void kill_each(const State& state) {
    if (state.deaths_left == 0) return;
    for (Byte i = 0; i < count(); ++i) {
      if (state.processes[i].pc == kGone) continue;
      State next = state;
      drain(next, i);  // the kernel takes a process down behind a barrier
      --next.deaths_left;
      next.was_killed = 1;
      next.processes[i] = {};
      next.processes[i].side = state.processes[i].side;
      next.processes[i].pc = kGone;
      next.processes[i].is_dead = 1;
      visit(next);
    }
  }

  /// Everybody sleeps or is gone.
  void at_rest(const State& state) {
    bool somebody_could_go_on = false, sleeps = false;
    for (Byte i = 0; i < count(); ++i) {
      if (state.processes[i].pc != kAsleep) continue;
      sleeps = true;
      somebody_could_go_on |= could_go_on(state, state.processes[i].side);
    }
    if (somebody_could_go_on && !state.was_killed) return fail("a wake got lost");
    check_fates(state, sleeps);
    if (!somebody_could_go_on) return;
    if (state.napped_at == state.progress) return fail("looking up did not help");
    ++late_wakes_;
    State next = state;
    next.napped_at = state.progress;
    for (auto& process : next.processes)
      if (process.pc == kAsleep) process.pc = kLeave, process.is_patient = 0;
    visit(next);
  }
  void check_fates(const State& state, bool somebody_sleeps) {
    const auto with = [&](Fate fate) { return std::ranges::count(state.fates, fate); };
    if (with(kHeld) + with(kLost) > setup_.deaths - state.deaths_left)
      fail("more got lost than the dead held");
    if (state.was_killed || setup_.has_deadlines) return;
    if (somebody_sleeps || with(kDelivered) != setup_.producers * setup_.calls)
      fail("a message did not arrive");
  }
  bool could_go_on(const State& state, Byte side) const {
    Byte place = state.ends[side];
    for (;; ++place) {
      const Slot& slot = state.slots[place % setup_.slots];
      const auto found = compare(slot, place, side);
      if (found == Found::kClaimable) return true;
      if (found == Found::kNotYet)
        return (slot.phase == kWriting || (side == kPut && slot.phase == kReading)) &&
               state.processes[slot.owner].is_dead;
    }
  }

  enum class Found { kClaimable, kNotYet, kPassed };
  [[nodiscard]] Found compare(const Slot& slot, Byte place, Byte side) const {
    const int ahead = slot.lap - place / setup_.slots;
    const Phase phase = side == kPut ? kFree : kFull;
    if (ahead == 0 && slot.phase == phase) return Found::kClaimable;
    return ahead < 0 || (ahead == 0 && slot.phase < phase) ? Found::kNotYet : Found::kPassed;
  }

  /// A store that waits becomes visible.
  static void drain(State& state, Byte me);
  void drain_if_locked(State& state, Byte me) const;
  void settle_or_not(const State& next, Byte me);
  void step(const State& state, Byte me);
  void attempted(State next, Byte me, bool is_claimed);
  void begin_call(State next, Byte me);
  void notified(State next, Byte me);
  void claim(State next, Byte me);
  void finish(State next, Byte me);
  void leave(State next, Byte me);
  void futex_wake(const State& state, Byte me);
  void wake_if_needed(State next, Byte me);

  static void attempt(Process& process, Where where) {
    process.where = where;
    process.pc = kLoadEnd;
  }
  static void notify(Process& process, Byte event, Why why) {
    process.event = event;
    process.why = why;
    process.pc = kLoadEvent;
  }
  static Byte other(Byte side) { return side == kPut ? kGet : kPut; }

  Setup setup_;
  test::StateWalk<State> walk_;
  std::size_t late_wakes_ = 0;
};

void Walk::drain(State& state, Byte me) {
  Process& process = state.processes[me];
  if (!process.stores) return;
  Slot& slot = state.slots[process.stored_place];
  if (process.stored.phase == kFull) state.fates[process.stored.message] = kInside;
  slot = process.stored;
  process.stores = process.stored_place = 0;
  process.stored = {};
}

void Walk::drain_if_locked(State& state, Byte me) const {
  switch (state.processes[me].pc) {
    case kClaim:
    case kBecomeScout:
    case kRetire:
    case kEnter:
    case kLeave:
    case kRepair:
    case kWake:
    case kTakeBack:
      return drain(state, me);
    case kFence:
      if (setup_.flaw != Flaw::kNoFenceAfterTheQuiet) drain(state, me);
      return;
    case kFinish:
      if (!state.processes[me].was_quiet) drain(state, me);
      return;
    default:
      return;
  }
}

/// ShmEvent::settle(), which may find at any claim that nobody was woken for long.
void Walk::settle_or_not(const State& next, Byte me) {
  visit(next);
  State quiet = next;
  Event& own = quiet.events[next.processes[me].side];
  if (own.sleepers > 0 || own.is_quiet) return;
  drain(quiet, me);
  own.is_quiet = 1;
  visit(quiet);
}

void Walk::begin_call(State next, Byte me) {
  Process& process = next.processes[me];
  const Process before = process;
  process = {};
  process.stores = before.stores;
  process.stored_place = before.stored_place;
  process.stored = before.stored;
  process.side = before.side;
  process.has_deadline = before.has_deadline;
  process.calls_left = static_cast<Byte>(before.calls_left - 1);
  process.pc = process.calls_left > 0 ? kLoadEnd : kGone;
  visit(next);
}

/// What ShmQueue and ShmEvent::await() do with the end of an attempt.
void Walk::attempted(State next, Byte me, bool is_claimed) {
  Process& process = next.processes[me];
  switch (process.where) {
    case kAtFirst:
      process.is_patient = 1;
      process.pc = is_claimed ? kLoadQuiet : kEnter;
      if (is_claimed) return settle_or_not(next, me);
      visit(next);
      process.pc = kBecomeScout;
      break;
    case kSpinning:
      process.pc = is_claimed ? kRetire : kEnter;
      break;
    case kEntered: {
      const bool is_unfinished = process.seen.phase == kWriting ||
                                 (process.side == kPut && process.seen.phase == kReading);
      process.is_done = is_claimed;
      if (!is_claimed && is_unfinished && (process.is_late || !process.is_patient))
        process.pc = kLookForOwner;
      else
        process.pc = is_claimed || process.is_late ? kLeave : kSleep, process.is_patient = 1;
      break;
    }
    case kForOthers:
      if (is_claimed && setup_.flaw != Flaw::kPassesNothingOn)
        notify(process, process.side, kPassOn);
      else
        process.pc = kLoadQuiet;
      break;
  }
  visit(next);
}

void Walk::notified(State next, Byte me) {
  Process& process = next.processes[me];
  switch (process.why) {
    case kFinished:
      return begin_call(next, me);
    case kPassOn:
      process.pc = kLoadQuiet;
      break;
    case kRepairedGet:
      notify(process, kPut, kRepairedPut);
      break;
    case kRepairedPut:
      attempt(process, kEntered);
      break;
  }
  visit(next);
}

void Walk::claim(State next, Byte me) {
  Process& process = next.processes[me];
  Slot& slot = next.slots[process.place % setup_.slots];
  if (std::memcmp(&slot, &process.seen, 3) != 0) {
    process.pc = kLoadEnd;
    return visit(next);
  }
  Byte& first = next.claimed[process.side];
  if (process.side == kPut ? process.place != first : process.place < first)
    return fail("claimed out of order");
  first = static_cast<Byte>(process.place + 1);
  if (process.side == kGet) {
    if (next.fates[slot.message] != kInside) return fail("got what is not inside");
    next.fates[slot.message] = kHeld;
  }
  slot.phase = process.side == kPut ? kWriting : kReading;
  slot.owner = me;
  if (process.side == kPut)  // seen by nobody before it is full
    slot.message = static_cast<Byte>(me * setup_.calls + setup_.calls - process.calls_left);
  process.my_place = process.place;
  process.mine = slot;
  ++next.progress;
  process.pc = kSetNext;
  visit(next);
}

void Walk::finish(State next, Byte me) {
  Process& process = next.processes[me];
  Slot& slot = next.slots[process.my_place % setup_.slots];
  if (std::memcmp(&slot, &process.mine, 3) != 0) return fail("taken for dead");
  Slot to = {slot.lap, kFull, kNobody, slot.message};
  if (process.side == kGet) {
    if (next.fates[slot.message] != kHeld) return fail("got twice");
    next.fates[slot.message] = kDelivered;
    to = {static_cast<Byte>(slot.lap + 1), kFree, kNobody, kNobody};
  }
  const bool by_store = process.was_quiet || setup_.flaw == Flaw::kStoresThoughNotQuiet;
  const Byte was_quiet = process.was_quiet;
  process.stores = 1;
  process.stored_place = static_cast<Byte>(process.my_place % setup_.slots);
  process.stored = to;
  if (!by_store) drain(next, me);
  notify(process, other(process.side), kFinished);
  process.was_quiet = was_quiet;
  visit(next);
}

void Walk::leave(State next, Byte me) {
  Process& process = next.processes[me];
  Event& event = next.events[process.side];
  const bool was_let_be = !process.was_woken && event.sequence == process.sequence;
  if (was_let_be) --event.sleepers;
  if (process.is_done) {
    attempt(process, kForOthers);
  } else if (process.is_late && was_let_be) {
    process.calls_left = 1;  // gives up for good
    return begin_call(next, me);
  } else {
    process.is_scout = 1;
    attempt(process, kSpinning);
  }
  visit(next);
}

/// The loop of ShmEvent::wake(), at its condition.
void Walk::wake_if_needed(State next, Byte me) {
  Process& process = next.processes[me];
  if (process.event_seen.sleepers == 0 || process.event_seen.is_scout) return notified(next, me);
  process.pc = kWake;
  visit(next);
}

void Walk::futex_wake(const State& state, Byte me) {
  bool is_anybody_woken = false;
  for (Byte i = 0; i < count(); ++i) {
    const Process& sleeper = state.processes[i];
    if (sleeper.pc != kAsleep || sleeper.side != state.processes[me].event) continue;
    State next = state;
    next.processes[i].pc = kLeave;
    next.processes[i].was_woken = setup_.flaw != Flaw::kWokenLeaves;
    is_anybody_woken = true;
    notified(next, me);
  }
  if (is_anybody_woken) return;
  State next = state;
  next.processes[me].pc = kTakeBack;
  visit(next);
}

void Walk::step(const State& state, Byte me) {
  State next = state;
  drain_if_locked(next, me);
  Process& process = next.processes[me];
  Slot& slot = next.slots[process.place % setup_.slots];
  Event& own = next.events[process.side];
  Event& event = next.events[process.event];
  switch (process.pc) {
    case kLoadEnd:
      process.place = process.known = next.ends[process.side];
      process.pc = kLoadSlot;
      break;
    case kLoadSlot: {
      const bool is_own = process.stores && process.stored_place == process.place % setup_.slots;
      process.seen = is_own ? process.stored : slot;
      const auto found = compare(process.seen, process.place, process.side);
      if (found == Found::kPassed) {
        const Slot& seen = process.seen;
        const int laps = std::max(seen.lap - process.place / setup_.slots -
                                      (seen.phase > (process.side == kPut ? kFree : kFull) ? 0 : 1),
                                  0);
        process.place = static_cast<Byte>(process.place + laps * setup_.slots + 1);
      } else if (found == Found::kClaimable) {
        if (process.where == kForOthers) return attempted(next, me, true);
        process.pc = kClaim;
      } else if (process.place != process.known) {
        process.pc = kSetEnd;
      } else {
        return attempted(next, me, false);
      }
      break;
    }
    case kSetEnd:
      next.ends[process.side] = process.place;
      return attempted(next, me, false);
    case kClaim:
      return claim(next, me);
    case kSetNext:
      next.ends[process.side] = static_cast<Byte>(process.place + 1);
      return attempted(next, me, true);
    case kBecomeScout:
      process.is_scout = !own.is_scout;
      own.is_scout = 1;
      if (process.is_scout)
        attempt(process, kSpinning);
      else
        process.pc = kEnter;
      break;
    case kRetire:
      own.is_scout = 0;
      attempt(process, kForOthers);
      break;
    case kEnter:
      ++own.sleepers;
      if (process.is_scout) own.is_scout = 0;
      process.sequence = own.sequence;
      if (own.is_quiet && setup_.flaw != Flaw::kNoBarrier) {
        own.is_quiet = 0;
        process.pc = kBarrier;
        break;
      }
      own.is_quiet = 0;
      if (setup_.flaw == Flaw::kSleepsWithoutLooking) {
        process.pc = kSleep;
        break;
      }
      attempt(process, kEntered);
      if (process.has_deadline) {
        visit(next);
        process.is_late = 1;
      }
      break;
    case kBarrier:
      for (Byte i = 0; i < count(); ++i) drain(next, i);
      attempt(process, kEntered);
      if (process.has_deadline) {
        visit(next);
        process.is_late = 1;
      }
      break;
    case kSleep:
      process.is_patient = 1;
      process.pc = own.sequence == process.sequence ? kAsleep : kLeave;
      break;
    case kLeave:
      return leave(next, me);
    case kLookForOwner:
      if (next.processes[process.seen.owner].is_dead || setup_.flaw == Flaw::kRepairsTheLiving)
        process.pc = kRepair;
      else
        process.pc = process.is_late ? kLeave : kSleep;
      break;
    case kRepair:
      if (std::memcmp(&slot, &process.seen, 3) == 0) {
        if (slot.phase == kReading) next.fates[slot.message] = kLost;
        slot = {static_cast<Byte>(slot.lap + 1), kFree, kNobody, kNobody};
        ++next.progress;
      }
      notify(process, kGet, kRepairedGet);
      break;
    case kLoadQuiet:
      process.was_quiet = next.events[other(process.side)].is_quiet;
      process.pc = kFinish;
      break;
    case kFinish:
      return finish(next, me);
    case kLoadEvent:
      process.event_seen = event;
      if (!process.was_quiet || event.is_quiet) return wake_if_needed(next, me);
      process.pc = kFence;
      break;
    case kFence:
      process.event_seen = event;
      return wake_if_needed(next, me);
    case kWake:
      if (event != process.event_seen) {
        process.event_seen = event;
        return wake_if_needed(next, me);
      }
      event = {static_cast<Byte>(event.sequence + 1), static_cast<Byte>(event.sleepers - 1), 1,
               event.is_quiet};
      process.event_seen = event;
      process.pc = kFutexWake;
      break;
    case kFutexWake:
      return futex_wake(state, me);
    case kTakeBack:
      if (event.sequence != process.event_seen.sequence) return notified(next, me);
      process.pc = kWakeAll;
      {
        const bool is_alone = event == process.event_seen;
        event = {static_cast<Byte>(event.sequence + 1), 0, 0, event.is_quiet};
        if (setup_.flaw == Flaw::kTakesTheQuietBack) event.is_quiet = 0;
        if (is_alone) return notified(next, me);
      }
      break;
    case kWakeAll:
      for (auto& sleeper : next.processes)
        if (sleeper.pc == kAsleep && sleeper.side == process.event)
          sleeper.pc = kLeave, sleeper.was_woken = 1;
      return notified(next, me);
    default:
      return fail("no such step");
  }
  visit(next);
}

void expect_sound(Setup setup) {
  Walk walk(setup);
  EXPECT_EQ(walk.run(), "") << int{setup.producers} << " producers, " << int{setup.consumers}
                            << " consumers, " << int{setup.slots} << " slots, " << int{setup.calls}
                            << " calls, " << int{setup.deaths} << " deaths";
  EXPECT_EQ(walk.late_wakes() > 0, setup.deaths > 0);
}

std::string flaw_found(Flaw flaw, Setup setup) {
  setup.flaw = flaw;
  return Walk(setup).run();
}

TEST(TheModelOfTheQueue, LosesNoWakeAndNoMessageInAnyOrderOfSteps) {
  for (const Byte slots : {Byte{1}, Byte{2}}) {
    expect_sound({.producers = 1, .consumers = 1, .slots = slots, .calls = 4});
    expect_sound({.producers = 1, .consumers = 2, .slots = slots, .calls = 2});
    expect_sound({.producers = 2, .consumers = 1, .slots = slots, .calls = 1});
    // Else minutes, and the model has no memory of its own to misuse.
    if (slots == 1 || !os::kSanitized)
      expect_sound({.producers = 2, .consumers = 2, .slots = slots, .calls = 1});
  }
}

TEST(TheModelOfTheQueue, LosesNoWakeToThoseThatGiveUp) {
  expect_sound({.producers = 1, .consumers = 1, .slots = 1, .calls = 3, .has_deadlines = true});
  expect_sound({.producers = 1, .consumers = 2, .slots = 1, .calls = 2, .has_deadlines = true});
  expect_sound({.producers = 2, .consumers = 1, .slots = 2, .calls = 1, .has_deadlines = true});
}

TEST(TheModelOfTheQueue, GoesOnAfterADeathAtAnyStepAndLosesOnlyWhatTheDeadHeld) {
  for (const Byte slots : {Byte{1}, Byte{2}}) {
    expect_sound({.producers = 1, .consumers = 1, .slots = slots, .calls = 3, .deaths = 1});
    expect_sound({.producers = 1, .consumers = 2, .slots = slots, .calls = 2, .deaths = 1});
    expect_sound({.producers = 2, .consumers = 1, .slots = slots, .calls = 1, .deaths = 2});
  }
}

TEST(TheModelOfTheQueue, FindsEveryFlawPutIntoIt) {
  EXPECT_EQ(flaw_found(Flaw::kSleepsWithoutLooking,
                       {.producers = 1, .consumers = 1, .slots = 1, .calls = 2}),
            "a wake got lost");
  EXPECT_EQ(
      flaw_found(Flaw::kPassesNothingOn, {.producers = 1, .consumers = 2, .slots = 2, .calls = 2}),
      "a wake got lost");
  EXPECT_EQ(flaw_found(Flaw::kNoBarrier, {.producers = 1, .consumers = 1, .slots = 2, .calls = 2}),
            "a wake got lost");
  EXPECT_EQ(flaw_found(Flaw::kStoresThoughNotQuiet,
                       {.producers = 1, .consumers = 1, .slots = 2, .calls = 2}),
            "a wake got lost");
  for (const Flaw flaw : {Flaw::kNoFenceAfterTheQuiet, Flaw::kTakesTheQuietBack})
    EXPECT_EQ(flaw_found(flaw, {.producers = 2, .consumers = 2, .slots = 1, .calls = 1}),
              "a wake got lost");
  EXPECT_EQ(
      flaw_found(Flaw::kWokenLeaves, {.producers = 2, .consumers = 2, .slots = 2, .calls = 1}),
      "a wake got lost");
  EXPECT_NE(
      flaw_found(Flaw::kRepairsTheLiving,
                 {.producers = 1, .consumers = 2, .slots = 1, .calls = 2, .has_deadlines = true}),
      "");
}

}  // namespace
}  // namespace ipc
