// A process that becomes two: what follows the fork happens in both.
#include <fmt/core.h>
#include <unistd.h>

#include "ipc/os/child.hpp"

int main() {
  const pid_t pid = ipc::os::fork();
  if (pid < 0) {
    fmt::print("创建进程失败\n");
  } else if (pid == 0) {
    fmt::print("新进程创建成功\n");
  } else {
    ::sleep(1);
    fmt::print("原来的进程\n");
  }
  fmt::print("程序执行完毕\n");
}
