#include "ipc/soak/sync_lines.hpp"

#include <algorithm>
#include <thread>

#include "ipc/soak/crew.hpp"
#include "ipc/sync/barrier.hpp"
#include "ipc/sync/condition.hpp"
#include "ipc/sync/event.hpp"

namespace ipc::soak {

namespace {

constexpr std::chrono::microseconds kWithin{600};

using Phase = std::atomic<std::uint64_t>;

/// The only one that sets and clears. The phase is even from the end of a clear to the beginning of
/// the next set.
void set_and_clear(Event& event, Phase& phase, Crew& crew, Badge& badge) {
  event.clear();
  phase = (phase + 1) & ~std::uint64_t{1};
  while (!crew.stopping()) {
    std::this_thread::yield();
    ++phase;
    event.set();
    event.clear();
    ++phase;
    badge.operations.fetch_add(1, std::memory_order_relaxed);
  }
  event.set();  // for those who wait still
}

void wait_for_set(const Event& event, const Phase& phase, Crew& crew, Badge& badge) {
  for (unsigned turn = 0; !crew.stopping(); ++turn) {
    const std::uint64_t before = phase;
    badge.wait([&] {
      if (turn % 2 == 0) return event.wait();
      while (!event.wait_for(std::chrono::milliseconds(20))) {
      }
    });
    if (before % 2 == 0 && phase == before && !crew.stopping())
      throw Violation("a wait ended that nobody ended");
    badge.operations.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace

void event_line(Line& line) {
  Event event;
  os::SharedObject<Phase> phase(0U);
  Crew crew(line);
  crew.add("setter", [&](Badge& badge) { set_and_clear(event, *phase, crew, badge); });
  for (int i = 0; i < 3; ++i)
    crew.add("waiter", [&](Badge& badge) { wait_for_set(event, *phase, crew, badge); });
  while (!line.is_over()) crew.restart(crew.kill_one(kWithin));
  crew.finish();
}

namespace {

/// A bounded heap of things, which a lock guards and two conditions tell of.
struct Heap {
  static constexpr long kMost = 3;

  Lock lock;
  Condition came{lock};
  Condition went{lock};
  /// Each changes in one step, so that a death between two leaves nothing half done.
  struct Counts {
    std::atomic<long> here{0}, given{0}, taken{0}, deaths{0};
  };
  os::SharedObject<Counts> counts;

  /// Runs `change` with the lock held, from the beginning again as often as a holder has died.
  template <class Change>
  void with_lock(Change change) {
    for (;;) {
      if (lock.take_until(os::Deadline::never()) == Taken::kAfterDeath) ++counts->deaths;
      try {
        change();
        return lock.release();
      } catch (const OwnerDied&) {  // from a wait, which holds the lock
        ++counts->deaths;
        lock.release();
      }
    }
  }

  void give() {
    with_lock([&] {
      went.wait([&] { return counts->here < kMost; });
      ++counts->here;
      ++counts->given;
      came.notify();
    });
  }
  void take() {
    with_lock([&] {
      came.wait([&] { return counts->here > 0; });
      --counts->here;
      ++counts->taken;
      went.notify();
    });
  }
  /// What the one who learns of a death does: it may have taken a notification with it, or not come
  /// to give one.
  void tell_again() {
    with_lock([&] {
      came.notify();
      went.notify();
    });
  }
};

}  // namespace

void condition_line(Line& line) {
  Heap heap;
  Crew crew(line);
  for (int i = 0; i < 3; ++i) {
    crew.add("giver", [&](Badge& badge) {
      for (; !crew.stopping(); ++badge.operations) badge.wait([&] { heap.give(); });
    });
    crew.add("taker", [&](Badge& badge) {
      for (; !crew.stopping(); ++badge.operations) badge.wait([&] { heap.take(); });
    });
  }
  while (!line.is_over()) {
    const auto place = crew.kill_one(kWithin);
    heap.tell_again();
    crew.restart(place);
  }
  heap.with_lock([&] {
    const long here = heap.counts->given - heap.counts->taken, deaths = heap.counts->deaths;
    if (std::abs(heap.counts->here - here) > deaths || deaths > line.tally.kills)
      throw Violation("the heap's counts do not agree");
    line.tally.lost += deaths;
  });
  // The last to stop may be one that waits for another that has stopped.
  crew.finish([&] {
    heap.with_lock([&] {
      heap.counts->here = 1;
      heap.came.notify_all();
      heap.went.notify_all();
    });
  });
}

namespace {

/// How often each index was given out.
using Passes = std::array<std::atomic<long>, 4>;

void pass(Barrier& barrier, Passes& passes, Crew& crew, const Tally& tally, Badge& badge) {
  while (!crew.stopping()) {
    ++badge.state;  // entries of the place, over all its lives
    try {
      const unsigned index = badge.wait([&] { return barrier.wait(); });
      ++passes.at(index);
      ++badge.operations;
    } catch (const BrokenBarrier&) {
      std::this_thread::sleep_for(std::chrono::microseconds(100));
      continue;
    }
    for (std::size_t place = 0; place < crew.size(); ++place)
      if (crew.badge(place).state + tally.kills + 1 < badge.operations)
        throw Violation("it has passed " + std::to_string(badge.operations) +
                        " times, but another came " + std::to_string(crew.badge(place).state) +
                        " times");
  }
}

}  // namespace

void barrier_line(Line& line) {
  os::SharedObject<Passes> passes;
  Barrier barrier(static_cast<int>(passes->size()));
  Crew crew(line);
  for (std::size_t i = 0; i < passes->size(); ++i)
    crew.add("party", [&](Badge& badge) { pass(barrier, *passes, crew, line.tally, badge); });
  while (!line.is_over()) {
    const auto place = crew.kill_one(kWithin);
    if (barrier.broken()) barrier.reset();
    crew.restart(place);
    // Whoever finds the dead one waiting breaks it, which takes a look of its own.
    std::this_thread::sleep_for(std::chrono::microseconds(line.pick(2000)));
    if (barrier.broken()) barrier.reset();
  }
  crew.finish([&] { barrier.abort(); });
  const auto [least, most] =
      std::ranges::minmax_element(*passes, {}, [](const auto& each) { return each.load(); });
  line.tally.lost += *most - *least;
  if (*most - *least > line.tally.kills)
    throw Violation("one index was given out " + std::to_string(*most) + " times, another " +
                    std::to_string(*least) + " times");
}

}  // namespace ipc::soak
