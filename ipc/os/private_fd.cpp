#include "ipc/os/private_fd.hpp"

#include <pthread.h>
#include <unistd.h>

#include <mutex>
#include <set>

#include "ipc/os/error.hpp"

namespace ipc::os {

/// All of a process. Whoever forks holds its mutex, so that the child finds it whole.
struct PrivateFd::Registry {
  std::mutex mutex;
  std::set<PrivateFd*> all;

  static Registry& get() {
    // Never destroyed: objects with static storage may outlive any order of destruction.
    static Registry* const only = [] {
      auto* const made = new Registry;
      const int error = ::pthread_atfork(before_fork, in_parent, in_child);
      if (error) throw_error(error, "pthread_atfork");
      return made;
    }();
    return *only;
  }

 private:
  static void before_fork() { get().mutex.lock(); }
  static void in_parent() { get().mutex.unlock(); }
  static void in_child() {
    for (PrivateFd* const each : get().all) {
      if (each->fd_ >= 0) ::close(each->fd_);
      each->fd_ = -1;
    }
    get().mutex.unlock();
  }
};

PrivateFd::PrivateFd() {
  Registry& registry = Registry::get();
  const std::lock_guard inside(registry.mutex);
  registry.all.insert(this);
}

PrivateFd::~PrivateFd() {
  Registry& registry = Registry::get();
  const std::lock_guard inside(registry.mutex);
  registry.all.erase(this);
  if (fd_ >= 0) ::close(fd_);
}

int PrivateFd::get() const noexcept {
  return owner_ == ::getpid() ? fd_ : -1;
}

void PrivateFd::reset(UniqueFd fd) {
  const std::lock_guard inside(Registry::get().mutex);
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd.release();
  owner_ = ::getpid();
}

}  // namespace ipc::os
