// Waiting for descriptors with a deadline.
#pragma once

#include <poll.h>

#include <span>

#include "ipc/os/clock.hpp"

namespace ipc::os {

/// Waits until `fd` has one of `events` (poll(2)), an error or a hang-up. False only when the
/// deadline passed, never before it; a signal handler does not end the wait. Throws EBADF for a
/// descriptor that is not open.
bool wait_ready(int fd, short events, Deadline deadline);

/// The same for whichever is first; tells in each entry's revents what it has.
bool wait_any(std::span<pollfd> entries, Deadline deadline);

}  // namespace ipc::os
