// Two children talk over a pipe, in both directions.
#include <fmt/core.h>

#include "ipc/pipe/connection.hpp"
#include "ipc/process/process.hpp"

auto [fd1, fd2] = ipc::make_pipe();

void fun1() {
  fmt::print("管道2传给管道1的数据 {}\n", fd1.recv<std::string>());
  fd1.send("跟你说句悄悄话");
}

void fun2() {
  fd2.send("肥水不流外人天");
  fmt::print("管道1传给管道2的数据 {}\n", fd2.recv<std::string>());
}

int main() {
  ipc::Process p1{fun1}, p2{fun2};
  p1.start();
  p2.start();
  p1.join();
  p2.join();
}
