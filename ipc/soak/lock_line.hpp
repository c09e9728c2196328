// Holders of a lock, and those who wait for it, are killed; nobody is ever inside with another.
#pragma once

#include <sched.h>

#include "ipc/shared/shared.hpp"
#include "ipc/soak/crew.hpp"
#include "ipc/sync/lock.hpp"
#include "ipc/sync/rlock.hpp"

namespace ipc::soak {

/// A lock as a line uses it: enter() says whether a holder's death was told instead, once.
template <class L>
struct TellingDoor {
  bool enter(std::uint64_t turn) {
    for (bool died = false;; died = true) {
      try {
        if (turn % 2 == 0) {
          lock.acquire();
        } else {
          while (!lock.try_acquire_for(std::chrono::milliseconds(20))) {
          }
        }
        return died;
      } catch (const OwnerDied&) {
      }
    }
  }
  void leave() { lock.release(); }

  L lock;
};

/// A guard of shared memory, which carries on without a word.
template <class G>
struct SilentDoor {
  bool enter(std::uint64_t turn) {
    if (turn % 8 == 0 && cells.guard().try_lock()) return false;
    cells.guard().lock();
    return false;
  }
  void leave() { cells.guard().unlock(); }

  Cells<long, Shared<AnonymousStorage, G>> cells{1};
};

/// What the lock guards, in shared memory.
struct Room {
  std::atomic<std::uint64_t> inside{0};
  std::atomic<long> count{0};
  std::atomic<long> deaths_told{0};
  std::atomic<long> cut_short{0};  ///< stays that a death ended
};

template <class Door>
void visit(Door& door, Room& room, Crew& crew, Badge& badge) {
  const std::uint64_t me = badge.identity() + 1;
  for (std::uint64_t turn = me; !crew.stopping(); ++turn) {
    if (badge.wait([&] { return door.enter(turn); })) ++room.deaths_told;
    const std::uint64_t before = room.inside.exchange(me);
    if (before != 0) {
      if (!crew.is_doomed(before - 1)) throw Violation("two are inside");
      ++room.cut_short;
    }
    const long count = room.count.load(std::memory_order_relaxed);
    if (turn % 16 == 0) ::sched_yield();  // so that others come to wait
    room.count.store(count + 1, std::memory_order_relaxed);
    if (room.inside.exchange(0) != me) throw Violation("another came inside");
    badge.operations.fetch_add(1, std::memory_order_relaxed);
    door.leave();
  }
}

template <class Door>
void lock_line(Line& line) {
  const long told_before = line.tally.operations;
  Door door;
  os::SharedObject<Room> room;
  Crew crew(line);
  for (int i = 0; i < 4; ++i)
    crew.add("user", [&](Badge& badge) { visit(door, *room, crew, badge); });
  while (!line.is_over()) crew.restart(crew.kill_one(std::chrono::microseconds(600)));
  crew.finish();
  const long kills = line.tally.kills, told = line.tally.operations - told_before;
  if (room->count < told || room->count > told + kills)
    throw Violation("the count is " + std::to_string(room->count) + ", told were " +
                    std::to_string(told) + ", with " + std::to_string(kills) + " killed");
  if (room->deaths_told > kills || room->cut_short > kills)
    throw Violation("more deaths than kills");
  line.tally.lost += room->cut_short.load();
}

}  // namespace ipc::soak
