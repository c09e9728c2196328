#include "ipc/queue/shm_event.hpp"

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

bool ShmEvent::leave(std::uint32_t sequence) {
  Word seen = word_.load();
  do
    if (sequence_in(seen) != sequence) return false;
  while (!word_.compare_exchange_weak(seen, seen - kOneSleeper));
  return true;
}

void ShmEvent::wake(Word seen) {
  while (sleepers_in(seen) > 0 && !(seen & kScout)) {
    const Word woken = with_next_sequence(seen - kOneSleeper) | kScout;
    if (!word_.compare_exchange_weak(seen, woken)) continue;
    if (os::futex_wake(sequence_half(), 1) > 0) return;
    // Nobody slept: those counted are dead, or on their way to sleep, which the new sequence
    // prevents. Whoever was counted since then may sleep already, so look again for that one.
    seen = woken;
    if (word_.compare_exchange_strong(seen, with_next_sequence(sequence_in(woken)))) return;
    while (sequence_in(seen) == sequence_in(woken) && (seen & kScout))
      if (word_.compare_exchange_weak(seen, seen & ~kScout)) seen &= ~kScout;
  }
}

}  // namespace ipc
