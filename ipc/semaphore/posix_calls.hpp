// The calls that both backends over a sem_t make, sem_overview(7).
#pragma once

#include <semaphore.h>

#include <climits>

#include "ipc/os/clock.hpp"
#include "ipc/os/error.hpp"

namespace ipc {

/// A semaphore but for its name: Handle says where the sem_t lies, and makes and destroys it. A
/// waiter killed while it is being woken takes that wake with it (sem_post(3) wakes one).
template <class Handle>
class PosixSemaphoreCalls {
 public:
  static constexpr bool kHasValue = true;
  static constexpr bool kChecksOverflow = true;
  static constexpr unsigned kMaxCount = SEM_VALUE_MAX;
  static constexpr bool kSurvivesKill = false;
  static constexpr bool kNeedsReclaim = false;

  explicit PosixSemaphoreCalls(unsigned count) : handle_(count) {}

  void acquire() {
    os::check(os::retry_eintr([this] { return ::sem_wait(get()); }), "sem_wait");
  }

  bool try_acquire() {
    if (os::retry_eintr([this] { return ::sem_trywait(get()); }) == 0) return true;
    if (errno == EAGAIN) return false;
    os::throw_errno("sem_trywait");
  }

  bool acquire_until(os::Deadline deadline) {
    if (deadline.is_never()) {
      acquire();
      return true;
    }
    const timespec until = deadline.monotonic();
    const auto wait = [&] { return ::sem_clockwait(get(), CLOCK_MONOTONIC, &until); };
    if (os::retry_eintr(wait) == 0) return true;
    if (errno == ETIMEDOUT) return false;
    os::throw_errno("sem_clockwait");
  }

  void release() { os::check(::sem_post(get()), "sem_post"); }

  [[nodiscard]] unsigned value() const {
    int value = 0;
    os::check(::sem_getvalue(get(), &value), "sem_getvalue");
    return static_cast<unsigned>(value);
  }

 private:
  [[nodiscard]] sem_t* get() const { return handle_.get(); }

  Handle handle_;
};

}  // namespace ipc
