// Users of a semaphore are killed while they wait for it, hold it or give it back.
#pragma once

#include <bit>
#include <thread>

#include "ipc/semaphore/contract.hpp"
#include "ipc/soak/crew.hpp"
#include "ipc/sync/bounded_semaphore.hpp"

namespace ipc::soak {

inline constexpr unsigned kUnits = 6;
/// Between two counts; fewer than units, so that those who live never wait for nothing.
inline constexpr unsigned kKillsOfARound = 5;

/// What a user is doing, as its badge shows it; from kPaused on it pauses, and shows in which
/// pause.
enum UserState : int { kElsewhere, kAtSemaphore, kPaused };

/// What the users have in common, in shared memory.
struct UserDesk {
  /// Odd while they are to pause, and another number each time.
  std::atomic<int> pause{0};
  /// Whose unit is known to be held, a bit a place. While a user takes and gives, nobody can know.
  std::atomic<std::uint32_t> holders{0};

  static std::uint32_t bit(std::size_t place) { return std::uint32_t{1} << place; }
};

template <class S>
void take_one(S& semaphore, std::uint64_t turn) {
  constexpr std::chrono::milliseconds kWhile{20};
  const auto try_for_a_while = [&] {
    if constexpr (requires { semaphore.try_acquire_for(kWhile); })
      return semaphore.try_acquire_for(kWhile);
    else
      return semaphore.acquire_until(os::Deadline::after(kWhile));
  };
  if (turn % 2 == 0) return semaphore.acquire();
  while (!try_for_a_while()) {
  }
}

/// Takes and gives until the crew stops, and pauses when told.
template <class S>
void use_units(S& semaphore, UserDesk& desk, Crew& crew, Badge& badge) {
  const std::uint32_t mine = UserDesk::bit(badge.place);
  for (std::uint64_t turn = badge.place; !crew.stopping(); ++turn) {
    for (int now = desk.pause; now % 2 == 1; now = desk.pause) {
      badge.state = kPaused + now;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    badge.state = kAtSemaphore;
    badge.wait([&] { take_one(semaphore, turn); });
    const auto holders = static_cast<unsigned>(std::popcount(desk.holders.fetch_or(mine) | mine));
    if (holders > kUnits) throw Violation(std::to_string(holders) + " hold units at once");
    badge.operations.fetch_add(1, std::memory_order_relaxed);
    if (turn % 16 == 0) std::this_thread::yield();
    desk.holders &= ~mine;
    semaphore.release();
    badge.state = kElsewhere;
  }
}

inline void await_pause(Crew& crew, int pause) {
  for (std::size_t place = 0; place < crew.size(); ++place)
    while (crew.badge(place).state != kPaused + pause) {
      crew.watch();
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
}

/// Counts the units while nobody uses any, and makes them whole again; gives how many had gone.
template <class S>
long count_units(S& semaphore, long doubtful) {
  long units = 0;
  while (semaphore.try_acquire()) ++units;
  for (unsigned i = 0; i < kUnits; ++i) semaphore.release();
  const long gone = kUnits - units;
  if (gone < 0 || gone > doubtful)
    throw Violation(std::to_string(units) + " units are there of " + std::to_string(kUnits) +
                    ", and " + std::to_string(doubtful) + " users were killed in doubt");
  return gone;
}

/// Kills one and gives back what it is known to have held; says whether it may have held one.
template <class S>
bool kill_user(S& semaphore, UserDesk& desk, Crew& crew) {
  const auto place = crew.kill_one(std::chrono::microseconds(600));
  const std::uint32_t its = UserDesk::bit(place);
  const bool held = desk.holders.fetch_and(~its) & its;
  const bool doubtful = !held && crew.badge(place).state == kAtSemaphore;
  crew.badge(place).state = kElsewhere;
  if (held) semaphore.release();
  crew.restart(place);
  return doubtful;
}

template <class S>
void semaphore_line(Line& line) {
  S semaphore(kUnits);
  os::SharedObject<UserDesk> desk;
  Crew crew(line);
  for (unsigned i = 0; i < kUnits + 3; ++i)
    crew.add("user", [&](Badge& badge) { use_units(semaphore, *desk, crew, badge); });
  while (!line.is_over()) {
    long doubtful = 0;
    for (unsigned i = 0; i < kKillsOfARound; ++i)
      doubtful += kill_user(semaphore, *desk, crew) ? 1 : 0;
    ++desk->pause;
    await_pause(crew, desk->pause);
    line.tally.lost += count_units(semaphore, doubtful);
    ++desk->pause;
  }
  crew.finish();
}

}  // namespace ipc::soak
