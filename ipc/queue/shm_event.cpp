#include "ipc/queue/shm_event.hpp"

#include <algorithm>
#include <climits>

namespace ipc {

bool ShmEvent::become_scout() {
  Word seen = word_.load();
  return !(seen & kScout) && word_.compare_exchange_strong(seen, seen | kScout);
}

std::uint32_t ShmEvent::enter(bool is_scout) {
  Word seen = word_.load();
  Word next = 0;
  do next = (is_scout ? seen & ~kScout : seen) + kOneSleeper;
  while (!word_.compare_exchange_weak(seen, next));
  return sequence_in(next);
}

bool ShmEvent::sleep(std::uint32_t sequence, os::Deadline deadline) {
  const auto nap = std::min(deadline.remaining(), kNap);
  return os::futex_wait(sequence_half(), sequence, os::Deadline::after(nap));
}

bool ShmEvent::leave(std::uint32_t sequence) {
  Word seen = word_.load();
  do
    if (sequence_in(seen) != sequence) return false;
  while (!word_.compare_exchange_weak(seen, seen - kOneSleeper));
  return true;
}

void ShmEvent::wake(Word seen) {
  Word woken = 0;
  do {
    if (sleepers_in(seen) == 0 || (seen & kScout)) return;
    woken = with_next_sequence(seen - kOneSleeper) | kScout;
  } while (!word_.compare_exchange_weak(seen, woken));
  if (os::futex_wake(sequence_half(), 1) > 0) return;
  // Nobody slept: those counted are dead, or on their way to sleep, from which the new sequence
  // keeps them. There is no scout then, and nobody to count.
  seen = woken;
  do
    if (sequence_in(seen) != sequence_in(woken)) return;
  while (!word_.compare_exchange_weak(seen, with_next_sequence(sequence_in(seen))));
  // Some came since, and may sleep already.
  if (seen != woken) os::futex_wake(sequence_half(), INT_MAX);
}

}  // namespace ipc
