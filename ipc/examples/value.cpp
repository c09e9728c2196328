// Two processes change one number, and no change is lost.
#include "ipc/shared/value.hpp"

#include <fmt/core.h>

#include <thread>

#include "ipc/examples/random.hpp"
#include "ipc/process/process.hpp"

using namespace std::chrono_literals;

ipc::Value<int> money{5000};

void man() {
  for (int i = 0; i < 30; ++i) {
    std::this_thread::sleep_for(200ms);
    money += randint(1, 1000);
  }
}

void girl() {
  for (int i = 0; i < 30; ++i) {
    std::this_thread::sleep_for(150ms);
    money -= randint(100, 800);
  }
}

int main() {
  ipc::Process m{man}, g{girl};
  m.start();
  g.start();
  m.join();
  g.join();
  fmt::print("一月余额: {}\n", money.get());
}
