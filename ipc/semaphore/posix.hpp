// Semaphore backend: an unnamed POSIX semaphore in shared memory, sem_overview(7).
#pragma once

#include <semaphore.h>

#include <climits>

#include "ipc/os/error.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/semaphore/contract.hpp"

namespace ipc {

/// sem_init(3) with pshared; uncontended, it never enters the kernel.
class PosixSemaphore {
 public:
  static constexpr std::string_view kName = "posix";
  static constexpr bool kHasValue = true;
  static constexpr bool kChecksOverflow = true;
  static constexpr unsigned kMaxCount = SEM_VALUE_MAX;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { PosixSemaphore probe(0); });
  }

  explicit PosixSemaphore(unsigned count) : handle_(count) {}

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
  struct Handle {
    explicit Handle(unsigned count) { os::check(::sem_init(&semaphore, 1, count), "sem_init"); }
    ~Handle() { ::sem_destroy(&semaphore); }
    sem_t semaphore;
  };
  [[nodiscard]] sem_t* get() const { return &handle_->semaphore; }

  os::SharedObject<Handle> handle_;
};
static_assert(CountingSemaphore<PosixSemaphore>);

}  // namespace ipc
