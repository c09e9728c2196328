// What a process says of itself before and after its start; being a daemon, it ends with its
// parent.
#include <fmt/core.h>
#include <unistd.h>

#include "ipc/process/process.hpp"

using namespace std::chrono_literals;

void show(const ipc::Process& p) {
  fmt::print("name: {}, pid: {}, is_alive: {}\n", p.name(), p.pid().value_or(0), p.is_alive());
}

int main() {
  ipc::Process p{[] { ::sleep(60); }};
  p.set_daemon(true);
  show(p);
  p.set_name("worker");
  p.start();
  show(p);
  fmt::print("join: {}\n", p.join_for(50ms));
  try {
    p.set_daemon(false);
  } catch (const std::logic_error& e) {
    fmt::print("daemon: {}\n", e.what());
  }
}
