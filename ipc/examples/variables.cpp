// Each process has its own copy of a variable that was there before the fork.
#include <fmt/core.h>
#include <unistd.h>

#include "ipc/os/child.hpp"

int main() {
  int a = 1;
  const pid_t pid = ipc::os::fork();
  if (pid < 0) {
    fmt::print("创建进程失败\n");
  } else if (pid == 0) {
    fmt::print("子进程\n");
    fmt::print("a =  {}\n", a);
    a = 10000;
    fmt::print("a =  {}\n", a);
  } else {
    ::sleep(1);
    fmt::print("父进程\n");
    fmt::print("parent a : {}\n", a);
  }
}
