#include "ipc/sync/rlock.hpp"

#include "ipc/os/error.hpp"

namespace ipc {

namespace {

void done(int error, const char* call) {
  if (error) [[unlikely]]
    os::throw_error(error, call);
}

struct Attributes {
  Attributes() { done(::pthread_mutexattr_init(&value), "pthread_mutexattr_init"); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { ::pthread_mutexattr_destroy(&value); }
  pthread_mutexattr_t value{};
};

int lock_until(pthread_mutex_t& mutex, os::Deadline deadline) {
  if (deadline.is_never()) return ::pthread_mutex_lock(&mutex);
  if (deadline.expired()) return ::pthread_mutex_trylock(&mutex);
  const timespec until = deadline.monotonic();
  return ::pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &until);
}

}  // namespace

RLock::Mutex::Mutex() {
  Attributes attributes;
  auto* const value_of = &attributes.value;
  done(::pthread_mutexattr_setpshared(value_of, PTHREAD_PROCESS_SHARED),
       "pthread_mutexattr_setpshared");
  done(::pthread_mutexattr_setrobust(value_of, PTHREAD_MUTEX_ROBUST),
       "pthread_mutexattr_setrobust");
  done(::pthread_mutexattr_settype(value_of, PTHREAD_MUTEX_RECURSIVE), "pthread_mutexattr_settype");
  done(::pthread_mutex_init(&value, value_of), "pthread_mutex_init");
}

bool RLock::acquire_until(os::Deadline deadline) {
  const int error = lock_until(mutex_->value, deadline);
  if (error == EBUSY || error == ETIMEDOUT) return false;
  if (error == EOWNERDEAD) [[unlikely]] {
    done(::pthread_mutex_consistent(&mutex_->value), "pthread_mutex_consistent");
    done(::pthread_mutex_unlock(&mutex_->value), "pthread_mutex_unlock");
    throw OwnerDied("the thread that held the recursive lock has ended");
  }
  done(error, "pthread_mutex_lock");
  return true;
}

void RLock::release() {
  const int error = ::pthread_mutex_unlock(&mutex_->value);
  if (error == EPERM)
    throw std::logic_error("release of a recursive lock by another than its owner");
  done(error, "pthread_mutex_unlock");
}

}  // namespace ipc
