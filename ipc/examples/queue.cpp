// One process asks, another answers, until no question has come for two seconds.
#include "ipc/queue/queue.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include "ipc/examples/random.hpp"
#include "ipc/process/process.hpp"

using namespace std::chrono_literals;

ipc::Queue<std::tuple<int, int>> q{3};

void request() {
  for (int i = 0; i < 2; ++i) q.put({randint(0, 100), randint(0, 100)});
}

void handle() {
  while (true) {
    ::sleep(1);
    const auto question = q.try_get_for(2s);
    if (!question) break;
    const auto [x, y] = *question;
    fmt::print("{} + {} = {}\n", x, y, x + y);
  }
}

int main() {
  ipc::Process p1{request}, p2{handle};
  p1.start();
  p2.start();
  p1.join();
  p2.join();
}
