#include "ipc/sync/lock_word.hpp"

#include <bit>

#include "ipc/os/futex.hpp"

namespace ipc {

namespace {

using Word = std::atomic<os::Identity>;
static_assert(Word::is_always_lock_free && sizeof(Word) == 2 * sizeof(os::FutexWord));

// The top bit of the lower half, which holds a pid.
constexpr os::Identity kContended = os::Identity{1} << 31;

/// For the kernel, which compares these 32 bits; this program never reads them as such.
os::FutexWord& lower_half(Word& word) {
  constexpr std::size_t kLower = std::endian::native == std::endian::little ? 0 : 1;
  return reinterpret_cast<os::FutexWord*>(&word)[kLower];
}

bool change(Word& word, os::Identity from, os::Identity to) {
  return word.compare_exchange_strong(from, to, std::memory_order_acquire,
                                      std::memory_order_relaxed);
}

}  // namespace

Taken LockWord::take_until(os::Deadline deadline) {
  const os::Identity me = os::my_identity();
  if (change(word_, 0, me)) return Taken::kYes;
  return wait_until(deadline, me);
}

Taken LockWord::wait_until(os::Deadline deadline, os::Identity me) {
  if (!deadline.expired() && take_awake(deadline, me)) return Taken::kYes;
  for (os::Identity before = 0;;) {
    os::Identity seen = word_.load(std::memory_order_relaxed);
    // Who had to wait cannot know that nobody else does.
    if (seen == 0) {
      if (change(word_, 0, me | kContended)) return Taken::kYes;
      continue;
    }
    const bool is_late = deadline.expired();
    // Looking closely costs more than a short wait: only after a whole nap, or before giving up.
    const os::Identity holder = seen & ~kContended;
    if (is_late || seen == before ? os::has_ended(holder) : os::is_reaped(holder)) {
      if (change(word_, seen, me | kContended)) return Taken::kAfterDeath;
      continue;
    }
    if (is_late) return Taken::kNo;
    if (!(seen & kContended)) {
      if (!change(word_, seen, seen | kContended)) continue;
      seen |= kContended;
    }
    before = seen;
    const std::int64_t called_before = giver_.called_ns();
    os::futex_nap(lower_half(word_), static_cast<std::uint32_t>(seen), deadline);
    giver_.learn(called_before);
  }
}

/// Whoever has not slept leaves the mark of those who do to the one that is woken.
bool LockWord::take_awake(os::Deadline deadline, os::Identity me) {
  return os::wait_awake(seat_, giver_.cpu(), deadline, [&] {
    return word_.load(std::memory_order_relaxed) == 0 && change(word_, 0, me);
  });
}

bool LockWord::give() {
  const os::Identity before = word_.exchange(0, std::memory_order_release);
  if (before & kContended) [[unlikely]]
    wake_one();
  return before != 0;
}

void LockWord::wake_one() {
  giver_.write();
  os::futex_wake(lower_half(word_), 1);
}

bool LockWord::is_held_by_this_process() const {
  return (word_.load(std::memory_order_relaxed) & ~kContended) == os::my_identity();
}

}  // namespace ipc
