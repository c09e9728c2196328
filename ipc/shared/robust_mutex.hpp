// Guard backend: a robust process-shared POSIX mutex, pthread_mutexattr_setrobust(3).
#pragma once

#include "ipc/os/robust_mutex.hpp"
#include "ipc/shared/contract.hpp"

namespace ipc {

/// A holder that dies gives it back: the next one carries on with the cells as they were left.
class RobustMutex {
 public:
  static constexpr std::string_view kName = "robust_mutex";
  static constexpr bool kRobust = true;
  static constexpr bool kInStorage = true;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { RobustMutex probe; });
  }

  void lock() { mutex_.lock(); }
  bool try_lock() { return mutex_.try_lock() != os::RobustMutex::Taken::kNo; }
  void unlock() { mutex_.unlock(); }

 private:
  os::RobustMutex mutex_;
};
static_assert(Guard<RobustMutex>);

}  // namespace ipc
