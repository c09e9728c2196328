// A grandchild does its work alone: its parent ends at once, so that nobody has to wait for it.
#include <fmt/core.h>
#include <unistd.h>

#include "ipc/os/child.hpp"

void first_thing() {
  ::sleep(3);
  fmt::print("第一件事情\n");
}
void second_thing() {
  ::sleep(4);
  fmt::print("第二件事情\n");
}

int main() {
  const pid_t pid = ipc::os::fork();
  if (pid < 0) {
    fmt::print("Create process error\n");
  } else if (pid == 0) {
    const pid_t grandchild = ipc::os::fork();
    if (grandchild < 0)
      fmt::print("创建二级进程失败\n");
    else if (grandchild == 0)
      second_thing();
    else
      ::_exit(0);
  } else {
    ipc::os::wait();
    first_thing();
  }
}
