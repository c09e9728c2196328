#include "ipc/os/poll.hpp"

#include <poll.h>

#include "ipc/os/error.hpp"

namespace ipc::os {

bool wait_ready(int fd, short events, Deadline deadline) {
  if (fd < 0) throw_error(EBADF, "poll");  // poll(2) would wait for nothing
  for (;;) {
    pollfd entry{fd, events, 0};
    const int ready = ::poll(&entry, 1, deadline.poll_timeout_ms());
    if (ready > 0 && (entry.revents & POLLNVAL)) throw_error(EBADF, "poll");
    if (ready > 0) return true;
    if (ready == -1 && errno != EINTR) throw_errno("poll");
    if (deadline.expired()) return false;
  }
}

}  // namespace ipc::os
