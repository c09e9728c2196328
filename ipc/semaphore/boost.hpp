// Semaphore backend: boost::interprocess::interprocess_semaphore in shared memory.
#pragma once

#include <boost/date_time/posix_time/posix_time_types.hpp>
#include <boost/interprocess/sync/interprocess_semaphore.hpp>

#include <algorithm>
#include <climits>

#include "ipc/os/boost_error.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/semaphore/contract.hpp"

namespace ipc {

/// Over POSIX threads this is a sem_t with Boost's interface: no count to look at, timed waits by
/// the wall clock, and an exception when a signal handler interrupts a wait.
class BoostSemaphore {
 public:
  static constexpr std::string_view kName = "boost";
  static constexpr bool kHasValue = false;
  static constexpr bool kChecksOverflow = true;
  static constexpr bool kSurvivesKill = false;
  static constexpr bool kNeedsReclaim = false;
  static constexpr unsigned kMaxCount = SEM_VALUE_MAX;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { BoostSemaphore probe(0); });
  }

  explicit BoostSemaphore(unsigned count)
      : semaphore_(os::boost_call("semaphore", [&] { return Shared(count); })) {}

  void acquire() {
    retry([this] { return semaphore_->wait(), true; });
  }
  bool try_acquire() {
    return retry([this] { return semaphore_->try_wait(); });
  }

  bool acquire_until(os::Deadline deadline) {
    using namespace boost::posix_time;
    if (deadline.is_never()) {
      acquire();
      return true;
    }
    for (;;) {
      // In slices, because a step of the wall clock moves what Boost waits for.
      const os::Duration slice = std::min<os::Duration>(deadline.remaining(), kSlice);
      const auto us = std::chrono::ceil<std::chrono::microseconds>(slice).count();
      const ptime until = microsec_clock::universal_time() + microseconds(us);
      if (retry([&] { return semaphore_->timed_wait(until); })) return true;
      if (deadline.expired()) return false;
    }
  }

  void release() {
    os::boost_call("semaphore post", [this] { semaphore_->post(); });
  }

  /// Boost shows no count.
  [[nodiscard]] unsigned value() const { os::throw_error(ENOTSUP, "Boost semaphore value"); }

 private:
  using Shared = os::SharedObject<boost::interprocess::interprocess_semaphore>;
  static constexpr std::chrono::seconds kSlice{60};

  /// Boost throws what sem_wait(3) gives, an interrupting signal handler included.
  template <class Wait>
  static bool retry(Wait wait) {
    for (;;) {
      try {
        return wait();
      } catch (const boost::interprocess::interprocess_exception& error) {
        if (os::error_of(error) != EINTR)
          os::throw_error(os::error_of(error), "Boost semaphore wait");
      }
    }
  }

  Shared semaphore_;
};
static_assert(CountingSemaphore<BoostSemaphore>);

}  // namespace ipc
