// A parent that ignores its children's signal has no zombies, and nothing to wait for.
#include <fmt/core.h>
#include <unistd.h>

#include <csignal>

#include "ipc/os/child.hpp"
#include "ipc/os/process_facts.hpp"

int main() {
  std::signal(SIGCHLD, SIG_IGN);
  for (int i = 0; i < 5; ++i)
    if (ipc::os::fork() == 0) ::_exit(i);
  if (!ipc::os::wait()) fmt::print("wait: 没有子进程\n");  // once all have ended
  fmt::print("僵尸进程: {}\n", ipc::os::children_of(::getpid()).size());
}
