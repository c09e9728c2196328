// What tests of blocking calls share: handlers that interrupt them, and knowing that a peer sleeps.
#pragma once

#include <sched.h>

#include <atomic>
#include <csignal>
#include <ctime>

#include "ipc/os/clock.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/process_facts.hpp"
#include "ipc/os/shared_mapping.hpp"

namespace ipc::test {

/// While it lives, SIGUSR1 with a handler without SA_RESTART interrupts this process every 2 ms.
/// (Not SIGALRM: that one guards the tests against hanging.)
class Interruptions {
 public:
  Interruptions() {
    counter() = &*count_;
    struct sigaction action {};
    action.sa_handler = [](int) { counter()->fetch_add(1); };
    os::check(::sigaction(SIGUSR1, &action, &before_), "sigaction SIGUSR1");
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGUSR1;
    os::check(::timer_create(CLOCK_MONOTONIC, &event, &timer_), "timer_create");
    const itimerspec every{{0, 2'000'000}, {0, 2'000'000}};
    os::check(::timer_settime(timer_, 0, &every, nullptr), "timer_settime");
  }
  Interruptions(const Interruptions&) = delete;
  Interruptions& operator=(const Interruptions&) = delete;
  ~Interruptions() {
    ::timer_delete(timer_);
    ::sigaction(SIGUSR1, &before_, nullptr);
  }

  /// How many there were; children made while it lives see it too.
  [[nodiscard]] int count() const { return count_->load(); }
  /// Returns after that many more.
  void wait_for(int more) const {
    for (const int until = count() + more; count() < until;) ::sched_yield();
  }

 private:
  static std::atomic<int>*& counter() {
    static std::atomic<int>* current = nullptr;
    return current;
  }
  os::SharedObject<std::atomic<int>> count_{0};
  struct sigaction before_ {};
  timer_t timer_{};
};

/// The state letter of a process in /proc; Z also for one that is gone.
inline char state_of(pid_t pid) {
  const auto facts = os::process_facts(pid);
  return facts ? facts->state : 'Z';
}

/// Returns once that process sleeps in the kernel or has ended, or after a while, since it may also
/// wait without sleeping. A test that calls it makes the interesting order of events likely; none
/// may depend on it.
inline void until_asleep(pid_t pid) {
  const auto long_enough = os::Deadline::after(std::chrono::milliseconds(100));
  for (char state = 0; state != 'S' && state != 'Z' && !long_enough.expired();) {
    ::sched_yield();
    state = state_of(pid);
  }
}

}  // namespace ipc::test
