// A flag that processes wait for.
#pragma once

#include <chrono>

#include "ipc/os/futex.hpp"
#include "ipc/os/shared_mapping.hpp"

namespace ipc {

/// A flag that is clear at first, made before the fork; any process may set and clear it. Whoever
/// waits when it is set is let go, also when it is cleared again at once. A process that is killed
/// while it waits, sets or clears hurts nobody: who waits is 50 ms late at worst.
class Event {
 public:
  /// Throws std::system_error when there is no memory.
  Event() = default;

  void set();
  void clear();
  [[nodiscard]] bool is_set() const { return is_odd(word_->load(std::memory_order_acquire)); }

  /// Blocks until it is set.
  void wait() const { wait_until(os::Deadline::never()); }
  /// False when it was not set in that time; zero or less is one look.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> wait) const {
    return wait_until(os::Deadline::after(wait));
  }
  bool wait_until(os::Deadline deadline) const;

 private:
  static bool is_odd(std::uint32_t word) { return word & 1; }

  /// Odd when set; goes up by one with every change, so that a waiter sees a set that is over.
  os::SharedObject<os::FutexWord> word_{0u};
};

}  // namespace ipc
