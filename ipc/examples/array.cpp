// What a child writes to a shared array, its parent reads.
#include "ipc/shared/array.hpp"

#include <fmt/core.h>

#include "ipc/process/process.hpp"

// ipc::Array<int> shm{1, 2, 3};
// ipc::Array<int> shm(3);  // three zeros
ipc::Array<char> shm("hello");

void fun() {
  for (char c : shm) fmt::print("{}\n", c);
  shm[0] = 'H';
}

int main() {
  ipc::Process p{fun};
  p.start();
  p.join();
  for (char c : shm) fmt::print("{}\n", c);
  fmt::print("{}\n", shm.value());
}
