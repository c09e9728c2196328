// A process knows its own id and its parent's. The parent waits, so that it still is the parent.
#include <fmt/core.h>
#include <unistd.h>

#include "ipc/os/child.hpp"

int main() {
  const pid_t pid = ipc::os::fork();
  if (pid < 0) {
    fmt::print("Error\n");
  } else if (pid == 0) {
    fmt::print("Child PID: {}\n", ::getpid());
    fmt::print("Get parent PID: {}\n", ::getppid());
  } else {
    fmt::print("Get child PID: {}\n", pid);
    fmt::print("Parent PID: {}\n", ::getpid());
    ipc::os::wait();
  }
}
