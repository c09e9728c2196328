// Guard backend: none; every access is one atomic instruction on the cell itself.
#pragma once

#include <atomic>

#include "ipc/shared/contract.hpp"

namespace ipc {

/// Stands in for a guard. Loads acquire, stores release, additions do both; nobody can be killed
/// while holding anything.
struct Atomic {
  static constexpr std::string_view kName = "atomic";
  static os::Unavailable unavailable() { return std::nullopt; }
};

/// Types that the processor changes in one step, where they lie in an array.
template <class T>
concept AtomicCell = std::is_trivially_copyable_v<T> && std::atomic_ref<T>::is_always_lock_free &&
                     std::atomic_ref<T>::required_alignment <= alignof(T);

}  // namespace ipc
