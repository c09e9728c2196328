// Guard backend: a lock on a file, held by an open file description, fcntl(2) F_OFD_SETLK.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mutex>
#include <string>

#include "ipc/os/error.hpp"
#include "ipc/os/futex.hpp"
#include "ipc/os/private_fd.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/shared/contract.hpp"

namespace ipc {

/// The file is a memfd that children inherit; each process opens it anew at its first use, since
/// processes that share an open file description would share the lock. The kernel frees it when the
/// holder dies. Threads of one process keep each other out by a word of their own.
class OfdLock {
 public:
  static constexpr std::string_view kName = "ofd_lock";
  static constexpr bool kRobust = true;
  static constexpr bool kInStorage = false;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] {
      OfdLock probe;
      probe.lock();
      probe.unlock();
    });
  }

  OfdLock() : file_(os::check(::memfd_create("ipcmark.lock", MFD_CLOEXEC), "memfd_create")) {}

  void lock() {
    std::unique_lock inside(threads_);
    os::check(os::retry_eintr([this] { return set(F_OFD_SETLKW, F_WRLCK); }), "F_OFD_SETLKW");
    inside.release();
  }
  bool try_lock() {
    std::unique_lock inside(threads_, std::try_to_lock);
    if (!inside) return false;
    if (os::retry_eintr([this] { return set(F_OFD_SETLK, F_WRLCK); }) == -1) {
      if (errno == EAGAIN || errno == EACCES) return false;
      os::throw_errno("F_OFD_SETLK");
    }
    inside.release();
    return true;
  }
  void unlock() {
    set(F_OFD_SETLK, F_UNLCK);
    threads_.unlock();
  }

 private:
  /// A mutex that carries the pid of the process it is locked in: the copy that a fork made while
  /// it was locked is free in the child.
  class Threads {
   public:
    void lock() {
      if (take(0)) return;
      while (!take(kWaiting)) {
        const std::uint32_t held = own() | kWaiting;
        std::uint32_t seen = own();
        if (word_.compare_exchange_strong(seen, held) || seen == held) os::futex_nap(word_, held);
      }
    }
    bool try_lock() { return take(0); }
    void unlock() {
      if (word_.exchange(0, std::memory_order_release) & kWaiting) os::futex_wake(word_, 1);
    }

   private:
    static constexpr std::uint32_t kWaiting = std::uint32_t{1} << 31;

    static std::uint32_t own() { return static_cast<std::uint32_t>(::getpid()); }
    bool take(std::uint32_t flag) {
      std::uint32_t seen = word_.load(std::memory_order_relaxed);
      return (seen & ~kWaiting) != own() &&
             word_.compare_exchange_strong(seen, own() | flag, std::memory_order_acquire,
                                           std::memory_order_relaxed);
    }

    os::FutexWord word_{0};
  };

  int set(int command, short type) {
    struct flock whole {};
    whole.l_type = type;
    whole.l_whence = SEEK_SET;
    return ::fcntl(own_description(), command, &whole);
  }

  int own_description() {
    if (const int fd = own_.get(); fd != -1) return fd;
    const std::string path = "/proc/self/fd/" + std::to_string(file_.get());
    own_.reset(os::UniqueFd(os::check(::open(path.c_str(), O_RDWR | O_CLOEXEC), "open " + path)));
    return own_.get();
  }

  os::UniqueFd file_;
  os::PrivateFd own_;
  Threads threads_;
};
static_assert(Guard<OfdLock>);

}  // namespace ipc
