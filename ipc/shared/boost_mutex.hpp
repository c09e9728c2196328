// Guard backend: boost::interprocess::interprocess_mutex.
#pragma once

#include <boost/interprocess/sync/interprocess_mutex.hpp>

#include <new>

#include "ipc/os/boost_error.hpp"
#include "ipc/shared/contract.hpp"

namespace ipc {

/// A process-shared mutex that stays locked for ever when its holder is killed.
class BoostMutex {
 public:
  static constexpr std::string_view kName = "boost_mutex";
  static constexpr bool kRobust = false;
  static constexpr bool kInStorage = true;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { BoostMutex probe; });
  }

  BoostMutex() {
    os::boost_call("interprocess_mutex", [this] { new (&mutex_) Mutex; });
  }
  BoostMutex(const BoostMutex&) = delete;
  BoostMutex& operator=(const BoostMutex&) = delete;
  // Boost asserts in its own destructor that nobody holds it, and a killed process may.
  ~BoostMutex() {}

  void lock() {
    os::boost_call("interprocess_mutex lock", [this] { mutex_.lock(); });
  }
  bool try_lock() {
    return os::boost_call("interprocess_mutex try_lock", [this] { return mutex_.try_lock(); });
  }
  void unlock() { mutex_.unlock(); }

 private:
  using Mutex = boost::interprocess::interprocess_mutex;
  union {
    Mutex mutex_;
  };
};
static_assert(Guard<BoostMutex>);

}  // namespace ipc
