// A mutex in shared memory that a holder's death gives back, pthread_mutexattr_setrobust(3).
#pragma once

#include <pthread.h>

#include "ipc/os/error.hpp"

namespace ipc::os {

/// A process-shared POSIX mutex; std::lock_guard works with it. After a holder died the next one
/// carries on with what it guards as it was left. It lies in shared memory, which may vanish
/// without a call to the destructor; on Linux that frees nothing.
class RobustMutex {
 public:
  RobustMutex() {
    Attributes attributes;
    done(::pthread_mutex_init(&mutex_, &attributes.value), "pthread_mutex_init");
  }
  RobustMutex(const RobustMutex&) = delete;
  RobustMutex& operator=(const RobustMutex&) = delete;
  ~RobustMutex() = default;

  void lock() { settle(::pthread_mutex_lock(&mutex_), "pthread_mutex_lock"); }
  bool try_lock() {
    const int error = ::pthread_mutex_trylock(&mutex_);
    if (error == EBUSY) return false;
    settle(error, "pthread_mutex_trylock");
    return true;
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

  static void done(int error, const char* call) {
    if (error) [[unlikely]]
      throw_error(error, call);
  }
  void settle(int error, const char* call) {
    if (error == EOWNERDEAD) [[unlikely]]
      error = ::pthread_mutex_consistent(&mutex_);
    done(error, call);
  }

  pthread_mutex_t mutex_;
};

}  // namespace ipc::os
