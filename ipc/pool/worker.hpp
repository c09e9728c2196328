// How a worker process comes to be.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "ipc/os/child.hpp"
#include "ipc/process/daemonic.hpp"
#include "ipc/process/exit.hpp"

namespace ipc {

/// Forks a daemonic process that ends with the thread that calls, and leaves when `life` returns,
/// or with the code of an ipc::exit() in it. Throws std::logic_error in a daemonic process.
inline os::Child fork_worker(const std::function<void()>& life) {
  check_may_have_children();
  static std::atomic<int> last_number = 0;
  const int number = ++last_number;
  return os::Child::fork([&] {
    become_daemonic("PoolWorker-" + std::to_string(number));
    return exit_code_of(life);
  });
}

}  // namespace ipc
