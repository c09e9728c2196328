// Leaving a program is an exception, which can be caught.
#include <fmt/core.h>

#include "ipc/process/exit.hpp"

int main() {
  try {
    ipc::exit("退出");
  } catch (const ipc::SystemExit& e) {
    fmt::print("退出原因: {}\n", e.what());
  }
}
