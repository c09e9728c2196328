// A model of how the two sides of a ring wait for each other, walked through every order of their
// steps, of when their stores reach memory, and of a death at any of them.
//
// A step is one access to shared memory or one system call, as in RingProducer, RingConsumer and
// RingDoor, without the spinning, which only looks more often. A plain store waits in its side's
// store buffer, first in first out, as on x86, and the other side does not see it; a
// read-modify-write and a system call wait until the own buffer is empty. Sleepers look up by
// themselves only in a state in which nobody else can do anything: where nobody was killed, being
// there with something to do is an error, and after a death one nap must do.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "ipc/os/state_walk_test_support.hpp"

namespace ipc {
namespace {

using Byte = std::uint8_t;

constexpr Byte kProducer = 0, kConsumer = 1;
/// Of a door's state, as in RingDoor.
constexpr Byte kWaits = 1, kAsleep = 2, kLook = 4, kOtherLook = 8;
constexpr Byte kNever = 0xff;

/// Shared memory. Pieces are of one size, and positions count them; commits come in order, so
/// their number says which there are.
enum Word : Byte { kCommitted, kProducerState, kConsumerState, kTold, kWanted, kWords };
constexpr Byte state_of(Byte side) {
  return static_cast<Byte>(kProducerState + side);
}

enum Pc : Byte {
  kCommit,       // the producer's
  kLookForRoom,  // before it waits
  kWant,         // sets how far it wants pieces taken
  kSetWaits,     // before it sleeps
  kUnsetWaits,   // after
  kSeeState,     // of the consumer's door, after commits
  kForgetLook,   // there, when a copy of the consumer's end was closed
  kLookForReader,
  kTake,         // the consumer's
  kStopWaiting,  // it trusts to stay awake
  kSeeProducer,  // after each piece
  kTell,
  kSeeAsleep,
  kSeeWanted,
  kSeeWaits,  // before it sleeps
  kRaiseWaits,
  kBarrier,
  kFallAsleep,  // sleep_until(), both sides'
  kLookAgain,
  kClearLook,
  kLookForPeer,
  kLookLast,
  kFutexWait,
  kSleeps,
  kWakeUp,
  kWake,  // RingDoor::wake() of the other's
  kFutexWake,
  kClose,  // close(), both sides'
  kTellReader,
  kTellPeer,
  kGone
};

struct Store {
  Byte word, value;
};
struct Side {
  Byte pc, then, then_told;             // and where to go on after a wake, and after tell()
  Byte done, known;                     // written and limit, or taken and told
  Byte since_sleep, seen, looks, ends;  // `ends`: the other is gone
  Byte is_closed, stores;
  std::array<Store, 3> buffer;
};
struct State {
  std::array<Byte, kWords> memory;
  std::array<Side, 2> sides;
  Byte deaths_left, was_killed, progress, napped_at;
};

/// What the model can be made to do wrong, to see that the walk finds it.
enum class Flaw {
  kNone,
  kNoFence,            ///< the producer reads the flag plainly, though the consumer may sleep
  kNoBarrier,          ///< the consumer sleeps without one, though the producer has no fence
  kSleepsOnFirstLook,  ///< the flag is set after the last look
  kTellsAfterLook,     ///< the consumer looks at the producer's flag before it tells
  kTellsPlainly,       ///< or its telling may be visible after that look
  kSleepsUntold,       ///< it sleeps without telling what it took last
  kWaitsUnannounced,   ///< the producer waits for room without waking for what it committed
  kNapsOn,             ///< nobody looks for the other after a nap
};

struct Plan {
  Byte messages, room;
  Byte needs = 1;       ///< so many free places, for a piece that then takes one
  Byte step = 1;        ///< so many are taken before they are told
  Byte batch = 1;       ///< so many are sent before the consumer is woken
  Byte awake_for = 1;   ///< so many are taken before the consumer trusts to stay awake
  Byte takes = kNever;  ///< so many, then the consumer closes
  Byte deaths = 0;
  bool has_heirs = false;  ///< a copy of the end goes on for one that was killed
  Flaw flaw = Flaw::kNone;
};

class RingWalk {
 public:
  explicit RingWalk(Plan plan) : plan_(plan) {}

  /// Gives what is wrong in the first state found that is, nothing when none is.
  std::string run() {
    State first{};
    first.deaths_left = plan_.deaths;
    first.napped_at = kNever;
    first.memory[kConsumerState] = kWaits;
    first.sides[kProducer].known = plan_.room;
    begin(first, kProducer);
    begin(first, kConsumer);
    walk_.visit(first);
    return walk_.run([this](const State& state) { explore(state); });
  }
  [[nodiscard]] std::size_t late_wakes() const { return late_wakes_; }

 private:
  static Byte other(Byte side) { return side == kProducer ? kConsumer : kProducer; }

  void explore(const State& state) {
    bool can_move = false;
    for (Byte me = 0; me < 2; ++me) {
      const Side& side = state.sides[me];
      if (side.stores > 0) {
        can_move = true;
        State next = state;
        drain_one(next, me);
        walk_.visit(next);
      }
      if (side.pc == kSleeps || side.pc == kGone) continue;
      if (side.stores > 0 && !may_overtake(side.pc)) continue;
      can_move = true;
      State next = state;
      if (step(next, me)) walk_.visit(next);
    }
    if (state.deaths_left > 0) kill_each(state);
    if (!can_move) at_rest(state);
  }

  /// What is neither a read-modify-write nor a system call.
  [[nodiscard]] bool may_overtake(Byte pc) const {
    switch (pc) {
      case kCommit:
      case kLookForRoom:
      case kWant:
      case kSeeState:
      case kTake:
      case kSeeProducer:
      case kSeeAsleep:
      case kSeeWanted:
      case kSeeWaits:
      case kLookAgain:
      case kLookLast:
        return true;
      case kTell:
        return plan_.flaw == Flaw::kTellsPlainly;
      default:
        return false;
    }
  }

  static void drain_one(State& state, Byte me) {
    Side& side = state.sides[me];
    state.memory[side.buffer[0].word] = side.buffer[0].value;
    std::rotate(side.buffer.begin(), side.buffer.begin() + 1, side.buffer.end());
    side.buffer.back() = {};
    --side.stores;
  }
  static void drain(State& state, Byte me) {
    while (state.sides[me].stores > 0) drain_one(state, me);
  }
  /// Plainly. The buffer holds what it has to: a commit, a wish, and one more.
  static void store(State& state, Byte me, Word word, Byte value) {
    Side& side = state.sides[me];
    if (side.stores == side.buffer.size()) drain_one(state, me);
    side.buffer[side.stores++] = {word, value};
  }
  static Byte load(const State& state, Byte me, Byte word) {
    const Side& side = state.sides[me];
    for (std::size_t i = side.stores; i > 0; --i)
      if (side.buffer[i - 1].word == word) return side.buffer[i - 1].value;
    return state.memory[word];
  }

  void kill_each(const State& state) {
    for (Byte me = 0; me < 2; ++me) {
      if (state.sides[me].pc == kGone) continue;
      State next = state;
      --next.deaths_left;
      next.was_killed = 1;
      ++next.progress;
      drain(next, me);
      Side& side = next.sides[me];
      if (plan_.has_heirs && side.pc < kClose) {
        side.looks = side.ends = side.seen = 0;
        if (me == kProducer) side.done = next.memory[kCommitted];  // step_over_committed()
        begin(next, me);
      } else {
        leave(side);
      }
      walk_.visit(next);
    }
  }
  static void leave(Side& side) {
    const Byte done = side.done;
    side = {};
    side.done = done;
    side.pc = kGone;
    side.is_closed = 1;
  }

  /// Everybody sleeps or is gone.
  void at_rest(const State& state) {
    bool sleeps = false, could_go_on = false;
    for (Byte me = 0; me < 2; ++me) {
      if (state.sides[me].pc != kSleeps) continue;
      sleeps = true;
      could_go_on |= is_so(state, me) || state.sides[other(me)].is_closed;
    }
    if (!sleeps) return check_end(state);
    if (!could_go_on) return walk_.fail("both sleep");
    if (!state.was_killed) return walk_.fail("a wake got lost");
    if (state.napped_at == state.progress) return walk_.fail("looking up did not help");
    ++late_wakes_;
    State next = state;
    next.napped_at = state.progress;
    for (Side& side : next.sides)
      if (side.pc == kSleeps) side.pc = kFallAsleep, side.looks = 1;
    walk_.visit(next);
  }
  void check_end(const State& state) {
    const bool is_cut_short = plan_.takes != kNever || (state.was_killed && !plan_.has_heirs);
    if (!is_cut_short && plan_.deaths == state.deaths_left &&
        state.sides[kConsumer].done != plan_.messages)
      walk_.fail("a message did not arrive");
  }

  /// What a side waits for.
  [[nodiscard]] bool is_so(const State& state, Byte me) const {
    const Side& side = state.sides[me];
    if (me == kConsumer) return load(state, me, kCommitted) > side.done;
    return side.done + plan_.needs <= load(state, me, kTold) + plan_.room;
  }

  /// The next message, or the end.
  void begin(State& state, Byte me) {
    Side& side = state.sides[me];
    if (me == kConsumer)
      side.pc = side.done == plan_.takes ? kClose : kTake;
    else if (side.done == plan_.messages)
      side.pc = kClose;
    else
      side.pc = side.done + plan_.needs <= side.known ? kCommit : kLookForRoom;
  }
  /// Where a sleep ends.
  void wake_up(State& state, Byte me, bool is_cut) {
    state.sides[me].ends = is_cut;
    state.sides[me].pc = kWakeUp;
  }
  /// Goes on at a Pc, or, with kGone, at the next message.
  void go_on(State& state, Byte me, Byte where) {
    if (where == kGone)
      begin(state, me);
    else
      state.sides[me].pc = where;
  }
  void tell(Side& side, Byte then) {
    side.then_told = then;
    side.pc = plan_.flaw == Flaw::kTellsAfterLook ? kSeeAsleep : kTell;
  }
  void told(State& state, Byte me) {
    Side& side = state.sides[me];
    side.known = side.done;
    go_on(state, me, side.then_told);
  }
  /// After a wake of the other, or where none was needed.
  void woke(State& state, Byte me) {
    Side& side = state.sides[me];
    if (me == kConsumer) return told(state, me);
    if (side.seen & kOtherLook)
      side.pc = kForgetLook;
    else
      go_on(state, me, side.then);
  }

  bool step(State& state, Byte me) {
    if (state.sides[me].pc >= kClose) return close_step(state, me);
    if (state.sides[me].pc >= kWake) return wake_step(state, me);
    if (state.sides[me].pc >= kFallAsleep) return sleep_step(state, me);
    return me == kProducer ? producer_step(state) : consumer_step(state);
  }

  bool producer_step(State& state);
  bool consumer_step(State& state);
  bool sleep_step(State& state, Byte me);
  bool wake_step(State& state, Byte me);
  bool close_step(State& state, Byte me);

  Plan plan_;
  test::StateWalk<State> walk_;
  std::size_t late_wakes_ = 0;
};

bool RingWalk::producer_step(State& state) {
  Side& my = state.sides[kProducer];
  switch (my.pc) {
    case kCommit:
      store(state, kProducer, kCommitted, ++my.done);
      ++state.progress;
      if (my.done % plan_.batch == 0 || my.done == plan_.messages)
        my.pc = kSeeState, my.then = kGone;
      else
        begin(state, kProducer);
      return true;
    case kLookForRoom:
      my.known = static_cast<Byte>(load(state, kProducer, kTold) + plan_.room);
      if (my.done + plan_.needs <= my.known)
        my.pc = kCommit;
      else if (plan_.flaw == Flaw::kWaitsUnannounced)
        my.pc = kWant;
      else
        my.pc = kSeeState, my.then = kWant;
      return true;
    case kWant: {
      const int half = my.done + plan_.needs - plan_.room + plan_.room / 2;
      store(state, kProducer, kWanted, static_cast<Byte>(std::min<int>(my.done, half)));
      my.pc = kSetWaits;
      return true;
    }
    case kSetWaits:
      state.memory[state_of(kProducer)] |= kWaits;
      my.pc = kFallAsleep;
      return true;
    case kUnsetWaits:
      state.memory[state_of(kProducer)] &= static_cast<Byte>(~kWaits);
      if (my.ends)
        leave(my), ++state.progress;
      else
        begin(state, kProducer);
      return true;
    case kSeeState:
      my.seen = load(state, kProducer, kConsumerState);
      if (plan_.flaw == Flaw::kNoFence ? my.seen & kAsleep : my.seen & ~kLook)
        my.pc = kWake;
      else
        woke(state, kProducer);
      return true;
    case kForgetLook:
      state.memory[kConsumerState] &= static_cast<Byte>(~kOtherLook);
      my.pc = kLookForReader;
      return true;
    case kLookForReader:
      if (state.sides[kConsumer].is_closed)
        leave(my), ++state.progress;
      else
        go_on(state, kProducer, my.then);
      return true;
    default:
      return walk_.fail("no such step of the producer"), false;
  }
}

bool RingWalk::consumer_step(State& state) {
  Side& my = state.sides[kConsumer];
  switch (my.pc) {
    case kTake:
      if (is_so(state, kConsumer)) {
        ++my.done;
        ++state.progress;
        my.since_sleep = static_cast<Byte>(std::min(my.since_sleep + 1, plan_.awake_for + 1));
        my.pc = my.since_sleep == plan_.awake_for ? kStopWaiting : kSeeProducer;
      } else if (my.done != my.known && plan_.flaw != Flaw::kSleepsUntold) {
        tell(my, kSeeWaits);
      } else {
        my.pc = kSeeWaits;
      }
      return true;
    case kStopWaiting:
      state.memory[kConsumerState] &= static_cast<Byte>(~kWaits);
      my.pc = kSeeProducer;
      return true;
    case kSeeProducer:
      if (load(state, kConsumer, state_of(kProducer)) & ~kLook || my.done - my.known >= plan_.step)
        tell(my, kGone);
      else
        begin(state, kConsumer);
      return true;
    case kTell:
      store(state, kConsumer, kTold, my.done);
      if (plan_.flaw != Flaw::kTellsPlainly) drain(state, kConsumer);
      my.pc = kSeeAsleep;
      if (plan_.flaw == Flaw::kTellsAfterLook)
        my.seen ? void(my.pc = kSeeWanted) : told(state, kConsumer);
      return true;
    case kSeeAsleep:
      my.seen = load(state, kConsumer, state_of(kProducer)) & kAsleep;
      if (plan_.flaw == Flaw::kTellsAfterLook)
        my.pc = kTell;
      else
        my.seen ? void(my.pc = kSeeWanted) : told(state, kConsumer);
      return true;
    case kSeeWanted:
      if (my.done >= load(state, kConsumer, kWanted))
        my.pc = kWake;
      else
        told(state, kConsumer);
      return true;
    case kSeeWaits:
      my.since_sleep = 0;
      my.pc = load(state, kConsumer, kConsumerState) & kWaits ? kFallAsleep : kRaiseWaits;
      return true;
    case kRaiseWaits:
      state.memory[kConsumerState] |= kWaits;
      my.pc = plan_.flaw == Flaw::kNoBarrier ? kFallAsleep : kBarrier;
      return true;
    case kBarrier:
      drain(state, kProducer);
      my.pc = kFallAsleep;
      return true;
    default:
      return walk_.fail("no such step of the consumer"), false;
  }
}

bool RingWalk::sleep_step(State& state, Byte me) {
  Side& my = state.sides[me];
  Byte& door = state.memory[state_of(me)];
  switch (my.pc) {
    case kFallAsleep:
      if (plan_.flaw == Flaw::kSleepsOnFirstLook && !my.looks) {
        door |= kAsleep;
        my.seen = door;
        my.pc = kFutexWait;
        return true;
      }
      door |= kAsleep;
      my.seen = door;
      my.pc = kLookAgain;
      return true;
    case kLookAgain:
      if (is_so(state, me))
        wake_up(state, me, false);
      else
        my.pc = my.looks || my.seen & kLook ? kClearLook : kFutexWait;
      return true;
    case kClearLook:
      door &= static_cast<Byte>(~kLook);
      my.pc = kLookForPeer;
      return true;
    case kLookForPeer:
      if (state.sides[other(me)].is_closed && plan_.flaw != Flaw::kNapsOn)
        my.pc = kLookLast;
      else
        my.pc = my.seen & kLook ? kFallAsleep : kFutexWait;
      return true;
    case kLookLast:
      wake_up(state, me, !is_so(state, me));
      return true;
    case kFutexWait:
      my.looks = 0;
      my.pc = door == my.seen ? kSleeps : kFallAsleep;
      return true;
    case kWakeUp:
      door &= static_cast<Byte>(~kAsleep);
      my.looks = my.seen = 0;
      if (me == kProducer) {
        my.pc = kUnsetWaits;
      } else if (my.ends) {
        if (load(state, me, kCommitted) > my.done) walk_.fail("the end came before a message");
        leave(my), ++state.progress;
      } else {
        begin(state, me);
      }
      return true;
    default:
      return walk_.fail("no such step of a sleep"), false;
  }
}

bool RingWalk::wake_step(State& state, Byte me) {
  Side& my = state.sides[me];
  Side& its = state.sides[other(me)];
  Byte& door = state.memory[state_of(other(me))];
  if (my.pc == kFutexWake) {
    if (its.pc == kSleeps) its.pc = kFallAsleep;
    woke(state, me);
  } else {
    my.pc = kFutexWake;
    const bool was_asleep = door & kAsleep;
    door &= static_cast<Byte>(~kAsleep);
    if (!was_asleep) woke(state, me);
  }
  return true;
}

bool RingWalk::close_step(State& state, Byte me) {
  Side& my = state.sides[me];
  Side& its = state.sides[other(me)];
  switch (my.pc) {
    case kClose:
      my.is_closed = 1;
      my.pc = me == kConsumer ? kTellReader : kTellPeer;
      return true;
    case kTellReader:
      state.memory[kConsumerState] |= kOtherLook;
      my.pc = kTellPeer;
      return true;
    case kTellPeer: {  // make_look(); a death before its futex_wake() leaves what one before all of
                       // it does
      Byte& door = state.memory[state_of(other(me))];
      if (door & kAsleep && its.pc == kSleeps) its.pc = kFallAsleep;
      door |= kLook;
      leave(my), ++state.progress;
      return true;
    }
    default:
      return walk_.fail("no such step of a close"), false;
  }
}

void expect_sound(Plan plan) {
  RingWalk walk(plan);
  EXPECT_EQ(walk.run(), "") << int{plan.messages} << " messages, room for " << int{plan.room}
                            << ", needs " << int{plan.needs} << ", told in steps of "
                            << int{plan.step} << ", in batches of " << int{plan.batch}
                            << ", awake for " << int{plan.awake_for} << ", takes "
                            << int{plan.takes} << ", deaths " << int{plan.deaths} << ", heirs "
                            << plan.has_heirs;
  EXPECT_EQ(walk.late_wakes() > 0, plan.deaths > 0);
}

/// Rings and habits of several kinds, each for `messages`.
void expect_all_sound(Plan plan) {
  for (const Byte room : {Byte{1}, Byte{2}, Byte{3}})
    for (const Byte batch : {Byte{1}, Byte{2}})
      for (const Byte awake_for : {Byte{1}, Byte{2}, kNever})
        for (Byte step = 1; step <= room; ++step) {
          plan.needs = static_cast<Byte>(room + 1 - step);
          plan.room = room, plan.step = step;
          plan.batch = batch, plan.awake_for = awake_for;
          expect_sound(plan);
        }
}

std::string flaw_found(Flaw flaw, Plan plan) {
  EXPECT_EQ(RingWalk(plan).run(), "");
  plan.flaw = flaw;
  return RingWalk(plan).run();
}

TEST(TheModelOfTheRing, LosesNoWakeInAnyOrderOfStepsAndStores) {
  expect_all_sound({.messages = 5, .room = 1});
}

TEST(TheModelOfTheRing, EndsTheOtherSideWhereOneCloses) {
  for (const Byte takes : {Byte{0}, Byte{1}, Byte{2}})
    expect_all_sound({.messages = 4, .room = 1, .takes = takes});
}

TEST(TheModelOfTheRing, NeedsOneNapAtMostAfterADeathAtAnyStep) {
  expect_all_sound({.messages = 4, .room = 1, .deaths = 1});
}

TEST(TheModelOfTheRing, NeedsOneNapAtMostWhereACopyOfTheEndGoesOnForTheDead) {
  expect_all_sound({.messages = 4, .room = 1, .deaths = 1, .has_heirs = true});
  expect_all_sound({.messages = 2, .room = 1, .deaths = 2, .has_heirs = true});
}

TEST(TheModelOfTheRing, FindsEveryFlawPutIntoIt) {
  const Plan fenced{.messages = 4, .room = 2, .awake_for = kNever};
  const Plan unfenced{.messages = 4, .room = 2};
  EXPECT_EQ(flaw_found(Flaw::kNoFence, fenced), "a wake got lost");
  EXPECT_EQ(flaw_found(Flaw::kNoBarrier, unfenced), "a wake got lost");
  EXPECT_EQ(flaw_found(Flaw::kSleepsOnFirstLook, fenced), "a wake got lost");
  EXPECT_EQ(flaw_found(Flaw::kTellsAfterLook, {.messages = 4, .room = 1}), "a wake got lost");
  EXPECT_EQ(flaw_found(Flaw::kTellsPlainly, fenced), "a wake got lost");
  EXPECT_EQ(flaw_found(Flaw::kSleepsUntold, {.messages = 4, .room = 2, .needs = 2, .step = 2}),
            "both sleep");
  EXPECT_EQ(flaw_found(Flaw::kWaitsUnannounced, {.messages = 4, .room = 1, .batch = 2}),
            "a wake got lost");
  EXPECT_EQ(flaw_found(Flaw::kNapsOn, {.messages = 3, .room = 1, .deaths = 1}),
            "looking up did not help");
}

}  // namespace
}  // namespace ipc
