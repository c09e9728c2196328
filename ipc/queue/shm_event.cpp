#include "ipc/queue/shm_event.hpp"

#include <algorithm>
#include <climits>

#include "ipc/os/membarrier.hpp"

namespace ipc {

bool ShmEvent::become_scout() {
  Word seen = word_.load();
  return !(seen & kScout) && word_.compare_exchange_strong(seen, seen | kScout);
}

std::uint32_t ShmEvent::enter(bool is_scout) {
  Word seen = word_.load();
  Word next = 0;
  do next = (seen & ~(is_scout ? kScout | kQuiet : kQuiet)) + kOneSleeper;
  while (!word_.compare_exchange_weak(seen, next));
  // Where a filter forbids it now, this one wake may be late by a nap.
  if (seen & kQuiet && !os::membarrier()) trust_barrier(false);
  return sequence_in(next);
}

bool ShmEvent::sleep(std::uint32_t sequence, os::Deadline deadline) {
  const auto nap = std::min(deadline.remaining(), kNap);
  const std::int64_t called_before = waker_.called_ns();
  if (!os::futex_wait(sequence_half(), sequence, os::Deadline::after(nap))) return false;
  waker_.learn(called_before);
  return true;
}

bool ShmEvent::leave(std::uint32_t sequence) {
  Word seen = word_.load();
  do
    if (sequence_in(seen) != sequence) return false;
  while (!word_.compare_exchange_weak(seen, seen - kOneSleeper));
  return true;
}

void ShmEvent::settle() {
  Word seen = word_.load(std::memory_order_relaxed);
  const bool is_calm =
      settled_sequence_.exchange(sequence_in(seen), std::memory_order_relaxed) == sequence_in(seen);
  if (is_calm && sleepers_in(seen) == 0 && trusts_barrier_.load(std::memory_order_relaxed))
    word_.compare_exchange_strong(seen, seen | kQuiet);
}

void ShmEvent::wake(Word seen) {
  Word woken = 0;
  do {
    if (sleepers_in(seen) == 0 || (seen & kScout)) return;
    woken = with_next_sequence(seen - kOneSleeper) | kScout;
  } while (!word_.compare_exchange_weak(seen, woken));
  waker_.write();
  if (os::futex_wake(sequence_half(), 1) > 0) return;
  // Nobody slept: those counted are dead, or on their way to sleep, from which the new sequence
  // keeps them. There is no scout then, and nobody to count.
  seen = woken;
  do
    if (sequence_in(seen) != sequence_in(woken)) return;
  while (!word_.compare_exchange_weak(seen, with_next_sequence(seen & (kQuiet | UINT32_MAX))));
  // Some came since, and may sleep already.
  if (seen != woken) os::futex_wake(sequence_half(), INT_MAX);
}

}  // namespace ipc
