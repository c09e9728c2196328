// A mutex in shared memory that a dead holder gives back, pthread_mutexattr_setrobust(3).
#pragma once

#include <pthread.h>

#include "ipc/os/clock.hpp"
#include "ipc/os/error.hpp"
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace ipc::os {

/// A robust process-shared POSIX mutex, whose waiters sleep in naps. Its memory may vanish without
/// a call to the destructor; on Linux that frees nothing.
class RobustMutex {
 public:
  enum class Taken {
    kNo,         ///< held by another
    kYes,        ///< held now
    kAfterDeath  ///< held now, and the last holder died with it: what it guards may be half done
  };

  RobustMutex() {
    Attributes attributes;
    done(::pthread_mutex_init(&mutex_, &attributes.value), "pthread_mutex_init");
  }
  RobustMutex(const RobustMutex&) = delete;
  RobustMutex& operator=(const RobustMutex&) = delete;
  ~RobustMutex() = default;

  Taken lock() { return lock_until(Deadline::never()); }
  Taken try_lock() {
    const int error = ::pthread_mutex_trylock(&mutex_);
    return error == EBUSY ? Taken::kNo : taken(error, "pthread_mutex_trylock");
  }
  /// kNo when it was held by others until then.
  Taken lock_until(Deadline deadline) {
    Taken result = try_lock();
    while (result == Taken::kNo) {
      const bool is_last = deadline.remaining() <= kNap;
      result = wait_until(is_last ? deadline : Deadline::after(kNap));
      if (is_last) break;
    }
    return result;
  }
  void unlock() { ::pthread_mutex_unlock(&mutex_); }

 private:
  struct Attributes {
    Attributes() {
      done(::pthread_mutexattr_init(&value), "pthread_mutexattr_init");
      done(::pthread_mutexattr_setpshared(&value, PTHREAD_PROCESS_SHARED),
           "pthread_mutexattr_setpshared");
      done(::pthread_mutexattr_setrobust(&value, PTHREAD_MUTEX_ROBUST),
           "pthread_mutexattr_setrobust");
    }
    ~Attributes() { ::pthread_mutexattr_destroy(&value); }
    pthread_mutexattr_t value;
  };

  /// A holder that is killed in unlock(), between freeing the mutex and waking somebody, takes the
  /// wake with it when another locks the mutex before the kernel looks: so nobody sleeps longer.
  static constexpr Duration kNap = std::chrono::milliseconds(50);

  Taken wait_until(Deadline deadline) {
    const timespec until = deadline.monotonic();
    const int error = ::pthread_mutex_clocklock(&mutex_, CLOCK_MONOTONIC, &until);
    if (error == ETIMEDOUT) return Taken::kNo;
#ifdef __SANITIZE_THREAD__  // which does not know of this call, but of all others
    __tsan_mutex_pre_lock(&mutex_, __tsan_mutex_try_lock);
    __tsan_mutex_post_lock(&mutex_, __tsan_mutex_try_lock, 0);
#endif
    return taken(error, "pthread_mutex_clocklock");
  }

  static void done(int error, const char* call) {
    if (error) [[unlikely]]
      throw_error(error, call);
  }
  Taken taken(int error, const char* call) {
    const bool is_after_death = error == EOWNERDEAD;
    if (is_after_death) [[unlikely]]
      error = ::pthread_mutex_consistent(&mutex_);
    done(error, call);
    return is_after_death ? Taken::kAfterDeath : Taken::kYes;
  }

  pthread_mutex_t mutex_;
};

}  // namespace ipc::os
