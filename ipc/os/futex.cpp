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

bool futex_nap(FutexWord& word, std::uint32_t expected, Deadline deadline) {
  constexpr std::chrono::milliseconds kLongest{50};
  const auto nap = std::min<Duration>(deadline.remaining(), kLongest);
  return futex_wait(word, expected, Deadline::after(nap)) || !deadline.expired();
}

int futex_wake(FutexWord& word, int count) {
  return static_cast<int>(
      check(::syscall(SYS_futex, &word, FUTEX_WAKE, count, nullptr, nullptr, 0), "futex wake"));
}

}  // namespace ipc::os
