// Sends numbers to a process, which adds them up: what a user of the installed library writes.
#include <cstdio>
#include <mutex>

#include "ipc/process/posix_spawn.hpp"
#include "ipc/process/process.hpp"
#include "ipc/queue/queue.hpp"
#include "ipc/shared/value.hpp"
#include "ipc/sync/lock.hpp"

namespace {

int sum_up() {
  ipc::Queue<int> numbers{3};
  ipc::Value<int> sum{0};
  ipc::Lock lock;
  ipc::Process adder{[&] {
    while (const int number = numbers.get()) {
      const std::lock_guard inside(lock);
      sum += number;
    }
  }};
  adder.start();
  for (const int number : {1, 2, 3, 4, 0}) numbers.put(number);
  adder.join();
  return sum;
}

}  // namespace

int main() {
  const int sum = sum_up();
  auto spawned = ipc::SpawnStarter::start(7);
  const int code = spawned.reap().code();
  std::printf("sum %d, spawned program gave %d\n", sum, code);
  return sum == 10 && code == 7 ? 0 : 1;
}
