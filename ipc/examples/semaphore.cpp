// At most three processes do the task at a time.
#include "ipc/semaphore/semaphore.hpp"

#include <fmt/core.h>

#include "ipc/process/process.hpp"

ipc::Semaphore sem{3};

void task() {
  sem.acquire();
  fmt::print("执行任务.....执行完成\n");
  sem.release();
}

int main() {
  for (int i = 0; i < 3; ++i) {
    ipc::Process p{task};
    p.start();
    p.join();
  }
}
