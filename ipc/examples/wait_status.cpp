// The parent waits for its child and learns its exit code. It ends there, without a loop for ever.
#include <fmt/core.h>
#include <unistd.h>

#include "ipc/os/child.hpp"

int main() {
  const pid_t child = ipc::os::fork();
  if (child < 0) {
    fmt::print("Error\n");
  } else if (child == 0) {
    fmt::print("Child process {}\n", ::getpid());
    return 1;
  } else if (const auto ended = ipc::os::wait()) {
    const auto [pid, status] = *ended;
    fmt::print("pid :  {}\n", pid);
    fmt::print("status: {}\n", status.code());
  }
}
