// The contract of a notifier: wake one waiting peer.
#pragma once

#include <concepts>

#include "ipc/os/availability.hpp"
#include "ipc/os/clock.hpp"

namespace ipc {

/// A way to wake one process, made before the fork. Contract:
/// - attach() is called once, by the process (and thread) that will wait, before the first
/// notify();
/// - notify() wakes that process; it may be called by any process, the waiter included;
/// - notifications are counted, not merged: n of them end n waits, whether they came before or
/// during
///   the wait, for at least 100 unread ones;
/// - wait() blocks until there is one and takes it; wait_until(deadline) gives false when the
/// deadline
///   passed, never before it;
/// - two notifiers do not take each other's notifications, also when one process waits on both;
/// - nothing is left behind, whoever dies.
template <class N>
concept Notifier = os::Backend<N> && std::default_initializable<N> &&
    requires(N notifier, os::Deadline deadline) {
  notifier.attach();
  notifier.notify();
  notifier.wait();
  { notifier.wait_until(deadline) } -> std::same_as<bool>;
};

}  // namespace ipc
