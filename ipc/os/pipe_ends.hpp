// The two ends of a pipe, each with an owner.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "ipc/os/error.hpp"
#include "ipc/os/unique_fd.hpp"

namespace ipc::os {

/// pipe2(2), close-on-exec.
struct PipeEnds {
  UniqueFd read;
  UniqueFd write;

  static PipeEnds make() {
    int fds[2];
    check(::pipe2(fds, O_CLOEXEC), "pipe2");
    return {UniqueFd(fds[0]), UniqueFd(fds[1])};
  }
};

}  // namespace ipc::os
