#include "ipc/os/poll.hpp"

#include "ipc/os/error.hpp"

namespace ipc::os {

bool wait_ready(int fd, short events, Deadline deadline) {
  pollfd entry{fd, events, 0};
  return wait_any(std::span(&entry, 1), deadline);
}

bool wait_any(std::span<pollfd> entries, Deadline deadline) {
  for (const auto& entry : entries)
    if (entry.fd < 0) throw_error(EBADF, "poll");  // poll(2) would pass over it
  for (;;) {
    const int ready = ::poll(entries.data(), entries.size(), deadline.poll_timeout_ms());
    for (const auto& entry : entries)
      if (ready > 0 && (entry.revents & POLLNVAL)) throw_error(EBADF, "poll");
    if (ready > 0) return true;
    if (ready == -1 && errno != EINTR) throw_errno("poll");
    if (deadline.expired()) return false;
  }
}

}  // namespace ipc::os
