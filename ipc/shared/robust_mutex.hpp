// Guard backend: a robust process-shared POSIX mutex, pthread_mutexattr_setrobust(3).
#pragma once

#include <pthread.h>

#include "ipc/os/error.hpp"
#include "ipc/shared/contract.hpp"

namespace ipc {

/// A holder that dies gives it back: the next one carries on with the cells as they were left.
/// Its memory may vanish without a call to the destructor; on Linux that frees nothing.
class RobustMutex {
 public:
  static constexpr std::string_view kName = "robust_mutex";
  static constexpr bool kRobust = true;
  static constexpr bool kInStorage = true;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { RobustMutex probe; });
  }

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
      os::throw_error(error, call);
  }
  void settle(int error, const char* call) {
    if (error == EOWNERDEAD) [[unlikely]]
      error = ::pthread_mutex_consistent(&mutex_);
    done(error, call);
  }

  pthread_mutex_t mutex_;
};
static_assert(Guard<RobustMutex>);

}  // namespace ipc
