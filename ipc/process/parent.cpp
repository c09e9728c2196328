#include "ipc/process/parent.hpp"

#include <poll.h>
#include <unistd.h>

#include <thread>
#include <utility>

#include "ipc/os/child.hpp"
#include "ipc/os/poll.hpp"

namespace ipc {

ParentProcess::ParentProcess(std::string name, pid_t pid)
    : name_(std::move(name)), pid_(pid), pidfd_(os::open_pidfd(pid)) {
  // It may have ended before the call, and the descriptor be of another process with its pid.
  if (::getppid() != pid_) pidfd_.reset();
}

bool ParentProcess::join_until(os::Deadline deadline) const {
  if (pidfd_) return os::wait_ready(pidfd_.get(), POLLIN, deadline);
  while (::getppid() == pid_) {
    if (deadline.expired()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace ipc
