// What the notifiers over real-time signals share: a signal number, and sending to who attached.
#pragma once

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "ipc/os/availability.hpp"
#include "ipc/os/clock.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/shared_mapping.hpp"

namespace ipc {

/// A signal number, allocated among this process's objects and given back by the process (and
/// thread) that took it.
class SignalNumber {
 public:
  SignalNumber() {
    for (number_ = SIGRTMIN + 1; number_ <= SIGRTMAX; ++number_)
      if (is_free() && !(taken().fetch_or(bit()) & bit())) return;
    os::throw_error(EAGAIN, "real-time signal: all numbers are in use");
  }
  SignalNumber(SignalNumber&& other) noexcept
      : number_(std::exchange(other.number_, 0)),
        was_blocked_(other.was_blocked_),
        owner_(other.owner_),
        thread_(other.thread_) {}
  SignalNumber& operator=(SignalNumber&& other) noexcept {
    std::swap(number_, other.number_);
    std::swap(was_blocked_, other.was_blocked_);
    std::swap(owner_, other.owner_);
    std::swap(thread_, other.thread_);
    return *this;
  }
  ~SignalNumber() {
    if (number_ == 0 || owner_ != ::getpid()) return;
    if (thread_ == ::gettid()) unblock();
    taken().fetch_and(~bit());
  }

  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] sigset_t set() const {
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, number_);
    return only;
  }

  /// From here on the signal waits in this thread and in the threads and children it makes.
  void block() {
    // Not SIG_IGN, which programs started by exec would inherit.
    struct sigaction action {};
    action.sa_handler = ignore;
    action.sa_flags = SA_RESTART;
    os::check(::sigaction(number_, &action, nullptr), "sigaction");
    sigset_t before;
    const sigset_t only = set();
    os::check(::pthread_sigmask(SIG_BLOCK, &only, &before) == 0 ? 0 : -1, "pthread_sigmask");
    was_blocked_ = ::sigismember(&before, number_) == 1;
  }

 private:
  static void ignore(int) {}
  static std::atomic<std::uint64_t>& taken() {
    static std::atomic<std::uint64_t> numbers{0};
    return numbers;
  }
  [[nodiscard]] std::uint64_t bit() const { return std::uint64_t{1} << (number_ - 1); }
  [[nodiscard]] bool is_free() const {
    struct sigaction action {};
    if (::sigaction(number_, nullptr, &action) != 0 || (action.sa_flags & SA_SIGINFO)) return false;
    return action.sa_handler == SIG_DFL || action.sa_handler == ignore;
  }
  void unblock() const {
    const sigset_t only = set();
    const timespec now{};
    while (::sigtimedwait(&only, nullptr, &now) > 0) {
    }
    if (!was_blocked_) ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  }

  int number_ = 0;
  bool was_blocked_ = false;
  pid_t owner_ = ::getpid();
  pid_t thread_ = ::gettid();
};

/// Half a notifier: all but the wait. Each object has a real-time signal number of its own
/// (SIGRTMIN+1 to SIGRTMAX, those without a handler of the program's), until the process that made
/// it destroys it; EAGAIN when there is none left. The signal goes to the thread that called
/// attach(), which is the one that has to wait. It cannot kill: the making and the attached thread
/// block it, and an empty handler takes what comes too late. notify() throws EAGAIN when the
/// receiver's queue is full (RLIMIT_SIGPENDING), and ESRCH when it is gone or did not attach.
class QueuedSignal {
 public:
  void attach() {
    const sigset_t only = signal_.set();
    os::check(::pthread_sigmask(SIG_BLOCK, &only, nullptr) == 0 ? 0 : -1, "pthread_sigmask");
    waiter_->process.store(::getpid());
    waiter_->thread.store(::gettid());
  }

  void notify() {
    // Nobody reads the sender's pid and uid, and finding them out would be two more system calls.
    siginfo_t info{};
    info.si_signo = signal_.number();
    info.si_code = SI_QUEUE;
    std::memcpy(&info.si_value, &cookie_, sizeof(cookie_));
    const pid_t process = waiter_->process.load(std::memory_order_relaxed);
    const pid_t thread = waiter_->thread.load(std::memory_order_acquire);
    if (thread == 0) os::throw_error(ESRCH, "notify before attach");
    os::check(::syscall(SYS_rt_tgsigqueueinfo, process, thread, signal_.number(), &info),
              "rt_tgsigqueueinfo");
  }

 protected:
  QueuedSignal() { signal_.block(); }

  /// Whether one can be made, notified and waited for.
  template <class Notifier>
  static os::Unavailable unavailable_to() {
    rlimit pending{};
    if (::getrlimit(RLIMIT_SIGPENDING, &pending) == 0 && pending.rlim_cur < kUnread)
      return "RLIMIT_SIGPENDING is " + std::to_string(pending.rlim_cur);
    return os::unavailable_if_throws([] {
      Notifier probe;
      probe.attach();
      probe.notify();
      if (!probe.wait_until(os::Deadline::now()))
        os::throw_error(ENOSYS, "rt_tgsigqueueinfo delivered nothing");
    });
  }

  /// The signal alone.
  [[nodiscard]] sigset_t set() const { return signal_.set(); }

  /// Whether a signal of this number is a notification: one meant for the number's earlier owner is
  /// not.
  [[nodiscard]] bool is_mine(int code, std::uint64_t value) const {
    return code == SI_QUEUE && static_cast<Cookie>(value) == cookie_;
  }

 private:
  static constexpr rlim_t kUnread = 100;  ///< what the contract wants queued

  struct Waiter {
    std::atomic<pid_t> process{0}, thread{0};
  };

  /// What travels with a signal has the size of a pointer: a process, which is less than 2^22, and
  /// a number among its objects.
  using Cookie = std::uintptr_t;
  static Cookie next_cookie() {
    constexpr unsigned kNumberBits = sizeof(Cookie) == 8 ? 32 : 10;
    constexpr Cookie kNumbers = (Cookie{1} << kNumberBits) - 1;
    static std::atomic<std::uint32_t> count{0};
    return static_cast<Cookie>(::getpid()) << kNumberBits | (count.fetch_add(1) & kNumbers);
  }

  SignalNumber signal_;
  Cookie cookie_ = next_cookie();
  static_assert(sizeof(sigval) == sizeof(cookie_));
  os::SharedObject<Waiter> waiter_;
};

}  // namespace ipc
