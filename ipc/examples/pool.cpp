// Four workers, four tasks: they run side by side.
#include "ipc/pool/pool.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <ctime>

std::string worker(const std::string& msg) {
  ::sleep(2);
  fmt::print("{}\n", msg);
  const std::time_t now = std::time(nullptr);
  return std::ctime(&now);
}

int main() {
  ipc::Pool pool{4};
  for (int i = 0; i < 4; ++i) auto r = pool.apply_async(worker, fmt::format("Hello {}", i));
  pool.close();
  pool.join();
}
