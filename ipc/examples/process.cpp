// A function runs in a process of its own, with its own copy of every variable.
#include "ipc/process/process.hpp"

#include <fmt/core.h>
#include <unistd.h>

int a = 1;

void fun() {
  ::sleep(2);
  fmt::print("子进程事件 {}\n", ::getpid());
  a = 10000;
  fmt::print("a =  {}\n", a);
}

int main() {
  ipc::Process p{fun};
  p.start();
  ::sleep(3);
  fmt::print("这是父进程\n");
  p.join();
  fmt::print("parent a: {}\n", a);
}
