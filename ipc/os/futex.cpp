#include "ipc/os/futex.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "ipc/os/error.hpp"

namespace ipc::os {

bool futex_wait(FutexWord& word, std::uint32_t expected, Deadline deadline) {
  timespec until;
  timespec* timeout = nullptr;
  if (!deadline.is_never()) {
    until = deadline.monotonic();
    timeout = &until;
  }
  // The bitset form takes an absolute CLOCK_MONOTONIC time; the plain form a relative one.
  const long result = ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, expected, timeout, nullptr,
                                FUTEX_BITSET_MATCH_ANY);
  if (result == 0 || errno == EAGAIN || errno == EINTR) return true;
  if (errno == ETIMEDOUT) return false;
  throw_errno("futex wait");
}

namespace {

constexpr Duration kLongestNap = std::chrono::milliseconds(50);

/// False when nobody woke it.
bool nap(FutexWord& word, std::uint32_t expected, Deadline deadline, Duration longest) {
  return futex_wait(word, expected, Deadline::after(std::min(deadline.remaining(), longest)));
}

}  // namespace

bool futex_nap(FutexWord& word, std::uint32_t expected, Deadline deadline) {
  return nap(word, expected, deadline, kLongestNap) || !deadline.expired();
}

bool Naps::sleep(FutexWord& word, std::uint32_t expected) {
  if (nap(word, expected, deadline_, length_)) return true;
  length_ = std::min(2 * length_, kLongestNap);
  return false;
}

int futex_wake(FutexWord& word, int count) {
  return static_cast<int>(
      check(::syscall(SYS_futex, &word, FUTEX_WAKE, count, nullptr, nullptr, 0), "futex wake"));
}

}  // namespace ipc::os
