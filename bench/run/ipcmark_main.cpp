// The ipcmark command.
#include <cstdio>

#include "bench/harness/environment.hpp"

int main() {
  std::puts(bench::to_line(bench::read_environment()).c_str());
  return 0;
}
