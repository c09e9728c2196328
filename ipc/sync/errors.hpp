// What waiting for others can end with instead.
#pragma once

#include <stdexcept>

namespace ipc {

/// The process (RLock: the thread) that held a lock ended without giving it back. What the lock
/// guards may be half changed.
struct OwnerDied : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A barrier was aborted or reset, somebody's time ran out, or a party died while it waited.
struct BrokenBarrier : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace ipc
