// A pool may be older than the function that it runs: its workers have the whole program.
#include <fmt/core.h>
#include <unistd.h>

#include "ipc/pool/pool.hpp"

int main() {
  ipc::Pool pool{4};
  const auto worker = [](const std::string& msg) {
    ::sleep(2);
    fmt::print("{}\n", msg);
  };
  for (int i = 0; i < 4; ++i) auto r = pool.apply_async(worker, fmt::format("Hello {}", i));
  pool.close();
  pool.join();
}
