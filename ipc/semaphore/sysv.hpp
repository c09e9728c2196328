// Semaphore backend: a System V set of one semaphore, semop(2).
#pragma once

#include <sys/sem.h>

#include <string>

#include "ipc/os/error.hpp"
#include "ipc/os/sysv.hpp"
#include "ipc/semaphore/contract.hpp"

namespace ipc {

/// Every operation is a system call. The process that made it removes it; calls of others then
/// throw EIDRM or EINVAL. The kernel gives a unit to the sleeper itself: killed before it returns,
/// it has taken that unit with it. SEM_UNDO is not used, since a unit may be released by anybody.
class SysvSemaphore {
 public:
  static constexpr std::string_view kName = "sysv";
  static constexpr bool kHasValue = true;
  static constexpr bool kChecksOverflow = true;
  static constexpr unsigned kMaxCount = 32767;  ///< SEMVMX, which no setting changes
  static constexpr bool kSurvivesKill = false;
  static constexpr bool kNeedsReclaim = true;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { SysvSemaphore probe(0); });
  }

  explicit SysvSemaphore(unsigned count) {
    if (count > kMaxCount)
      os::throw_error(EINVAL, "System V semaphore of count " + std::to_string(count));
    set_ = os::SysvHandle(os::SysvKind::semaphores, 1);
    // What semctl(2) wants to be passed; no header defines it.
    union {
      int value;
      void* pointer;
    } start{};
    start.value = static_cast<int>(count);
    os::check(::semctl(set_.id(), 0, SETVAL, start), "semctl SETVAL");
  }

  void acquire() {
    os::check(os::retry_eintr([this] { return change(-1, 0); }), "semop");
  }

  bool try_acquire() {
    if (os::retry_eintr([this] { return change(-1, IPC_NOWAIT); }) == 0) return true;
    if (errno == EAGAIN) return false;
    os::throw_errno("semop");
  }

  bool acquire_until(os::Deadline deadline) {
    if (deadline.is_never()) {
      acquire();
      return true;
    }
    for (;;) {
      // Relative, so a wait that a signal handler interrupted goes on with what is left.
      const timespec left = os::to_timespec(deadline.remaining());
      sembuf take{0, -1, 0};
      if (::semtimedop(set_.id(), &take, 1, &left) == 0) return true;
      if (errno != EAGAIN && errno != EINTR) os::throw_errno("semtimedop");
      if (errno == EAGAIN && deadline.expired()) return false;
    }
  }

  void release() {
    if (os::retry_eintr([this] { return change(1, 0); }) == 0) return;
    os::throw_error(errno == ERANGE ? EOVERFLOW : errno, "semop");
  }

  [[nodiscard]] unsigned value() const {
    return static_cast<unsigned>(os::check(::semctl(set_.id(), 0, GETVAL), "semctl GETVAL"));
  }

 private:
  int change(short by, short flags) {
    sembuf operation{0, by, flags};
    return ::semop(set_.id(), &operation, 1);
  }

  os::SysvHandle set_;
};
static_assert(CountingSemaphore<SysvSemaphore>);

}  // namespace ipc
