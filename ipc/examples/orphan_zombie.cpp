// A child that ended and is not waited for is a zombie; one that outlives its parent is an orphan.
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/os/child.hpp"
#include "ipc/os/process_facts.hpp"

void zombie() {
  const pid_t pid = ipc::os::fork();
  if (pid == 0) ::_exit(0);
  siginfo_t info;
  ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);  // ended, and not reaped
  fmt::print("僵尸进程: {}\n", ipc::os::process_facts(pid)->stat());
  ipc::os::wait();
  fmt::print("处理之后: {}\n", ipc::os::process_facts(pid) ? "还在" : "没有了");
}

void orphan(pid_t old_parent) {
  while (::getppid() == old_parent) ::usleep(1000);
  fmt::print("孤儿进程: {}, 原父进程: {}, 现父进程: {}\n", ::getpid(), old_parent,
             ipc::os::process_facts(::getpid())->parent);
}

int main() {
  zombie();
  if (ipc::os::fork() != 0) {
    ipc::os::wait();
  } else {
    const pid_t parent = ::getpid();
    if (ipc::os::fork() == 0) orphan(parent);
  }
}
