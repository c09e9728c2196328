#include "ipc/os/membarrier.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ipc::os {

namespace {

bool command(int which) {
  return ::syscall(SYS_membarrier, which, 0, 0) == 0;
}

}  // namespace

bool allow_membarrier() {
  static const bool allowed = command(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED);
  return allowed;
}

bool membarrier() {
  return command(MEMBARRIER_CMD_GLOBAL_EXPEDITED);
}

}  // namespace ipc::os
