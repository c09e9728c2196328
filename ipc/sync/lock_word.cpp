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
    // Looking costs more than a short wait: only after a whole nap, or before giving up.
    if ((is_late || seen == before) && os::has_ended(seen & ~kContended)) {
      if (change(word_, seen, me | kContended)) return Taken::kAfterDeath;
      continue;
    }
    if (is_late) return Taken::kNo;
    if (!(seen & kContended)) {
      if (!change(word_, seen, seen | kContended)) continue;
      seen |= kContended;
    }
    before = seen;
    const std::int64_t called_before = giver_called_ns_.load(std::memory_order_relaxed);
    os::futex_nap(lower_half(word_), static_cast<std::uint32_t>(seen), deadline);
    learn_from_wake(called_before);
  }
}

/// Whoever has not slept leaves the mark of those who do to the one that is woken.
bool LockWord::take_awake(os::Deadline deadline, os::Identity me) {
  const int giver_cpu = giver_cpu_.load(std::memory_order_relaxed);
  return os::wait_awake(seat_, giver_cpu, deadline, [&] {
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
  giver_cpu_.store(os::this_cpu(), std::memory_order_relaxed);
  giver_called_ns_.store(os::now_ns(), std::memory_order_relaxed);
  os::futex_wake(lower_half(word_), 1);
}

void LockWord::learn_from_wake(std::int64_t called_before) {
  const std::int64_t called = giver_called_ns_.load(std::memory_order_relaxed);
  if (called == called_before || giver_cpu_.load(std::memory_order_relaxed) == os::this_cpu())
    return;
  os::SpinBudget::of_this_process().learn(os::now_ns() - called);
}

bool LockWord::is_held_by_this_process() const {
  return (word_.load(std::memory_order_relaxed) & ~kContended) == os::my_identity();
}

}  // namespace ipc
