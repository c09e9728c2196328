// The contract of shared memory: a storage that all peers see, and a way to guard what lies in it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "ipc/os/availability.hpp"

namespace ipc {

/// Where the bytes lie. Contract: data() is at least `bytes` long, zeroed, aligned to 64, at one
/// address in every process forked after construction; nothing with a name outlives the
/// construction; only the last process's end frees it, and a child's destructor takes it from
/// nobody.
template <class S>
concept Storage = os::Backend<S> && std::constructible_from<S, std::size_t> && std::movable<S> &&
    requires(const S storage) {
  { storage.data() } -> std::same_as<std::byte*>;
  { storage.size() } -> std::same_as<std::size_t>;
};

/// What guards them. Where kInStorage says so, it lies in the storage itself, zeroed memory before
/// construction, and is never destroyed, since another process may use it still. Else each process
/// has its own copy, as fork(2) made it, and the lock is in what the copies refer to: that is the
/// place for one that needs a descriptor. Contract: mutual exclusion between processes, and between
/// threads of one (std::lock_guard works with it); a signal handler ends no wait; and after a
/// holder was killed the next lock() succeeds where kRobust says so.
template <class L>
concept Guard = os::Backend<L> && std::default_initializable<L> && requires(L lock) {
  lock.lock();
  { lock.try_lock() } -> std::same_as<bool>;
  lock.unlock();
  { L::kRobust } -> std::convertible_to<bool>;
  { L::kInStorage } -> std::convertible_to<bool>;
};

/// Stands in for a Guard: every access is one atomic instruction, and there is no lock.
struct Atomic;

/// A pair of both, as the table lists them: Shared<Storage, Guard or Atomic>. Contract of its
/// Array<T, Shared>:
/// - load(i), store(i, v) and add(i, d), which gives the value before, are each one indivisible
/// step;
/// - what one process stores, every other loads; N processes adding M times give exactly N*M more;
/// - cells begin as zero, or with the values given.
template <class B>
concept SharedBackend = os::Backend<B> && Storage<typename B::Storage> &&
    (Guard<typename B::Guard> || std::same_as<typename B::Guard, Atomic>);

}  // namespace ipc
