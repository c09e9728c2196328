// A storage and a guard as one backend, and the cells that lie in it.
#pragma once

#include <array>
#include <cerrno>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <string>
#include <type_traits>

#include "ipc/os/error.hpp"
#include "ipc/shared/anonymous.hpp"
#include "ipc/shared/atomic.hpp"
#include "ipc/shared/contract.hpp"
#include "ipc/shared/robust_mutex.hpp"

namespace ipc {

/// A backend of Value and Array: where the cells lie, and what guards them. Named after both, e.g.
/// "anonymous_robust_mutex".
template <Storage S, class G>
struct Shared {
  using Storage = S;
  using Guard = G;

 private:
  static constexpr auto kChars = [] {
    std::array<char, S::kName.size() + 1 + G::kName.size()> chars{};
    auto at = std::copy(S::kName.begin(), S::kName.end(), chars.begin());
    *at++ = '_';
    std::copy(G::kName.begin(), G::kName.end(), at);
    return chars;
  }();

 public:
  static constexpr std::string_view kName{kChars.data(), kChars.size()};

  static os::Unavailable unavailable() {
    if (auto reason = S::unavailable()) return reason;
    return G::unavailable();
  }
};

/// Cells that the processor changes in one step need no lock; all others get one that survives its
/// holder.
template <class T>
using DefaultShared =
    Shared<AnonymousStorage, std::conditional_t<AtomicCell<T>, Atomic, RobustMutex>>;

static_assert(SharedBackend<DefaultShared<int>>);

/// What can lie in cells over that backend: bytes are all that other processes see, and one without
/// a lock needs a type that the processor changes in one step.
template <class T, class B>
concept CellOf =
    std::is_trivially_copyable_v<T> && !std::is_pointer_v<T> && !std::is_reference_v<T> &&
    (!std::same_as<typename B::Guard, Atomic> || AtomicCell<T>);

/// What can be added to.
template <class T>
concept Number = std::is_arithmetic_v<T> && !std::same_as<T, bool>;

/// Cells of T and their guard, on cache lines of their own; what Value and Array are made of.
/// Indices are not checked. Made before the fork; the memory goes with the last process that has
/// it.
template <class T, SharedBackend B>
requires CellOf<T, B>
class Cells {
  static constexpr bool kAtomic = std::same_as<typename B::Guard, Atomic>;

 public:
  using Guard = typename B::Guard;

  static constexpr bool kGuardInStorage = [] {
    if constexpr (kAtomic)
      return true;
    else
      return Guard::kInStorage;
  }();

  /// Throws std::system_error when there is not that much memory.
  explicit Cells(std::size_t count) : Cells(Unguarded{count}) { guard_ = make_guard(); }
  /// Under a guard that others use too, and that outlives these.
  Cells(std::size_t count, Guard& guard) requires(!kAtomic && kGuardInStorage)
      : Cells(Unguarded{count}) {
    guard_ = &guard;
  }

  [[nodiscard]] std::size_t size() const noexcept { return count_; }

  [[nodiscard]] T load(std::size_t i) const {
    if constexpr (kAtomic) {
      return std::atomic_ref(cells_[i]).load(std::memory_order_acquire);
    } else {
      const std::lock_guard inside(*guard_);
      return cells_[i];
    }
  }
  void store(std::size_t i, T value) const {
    if constexpr (kAtomic) {
      std::atomic_ref(cells_[i]).store(value, std::memory_order_release);
    } else {
      const std::lock_guard inside(*guard_);
      cells_[i] = value;
    }
  }
  /// Gives the value before.
  T add(std::size_t i, T amount) const requires Number<T> {
    if constexpr (kAtomic) {
      return std::atomic_ref(cells_[i]).fetch_add(amount, std::memory_order_acq_rel);
    } else {
      const std::lock_guard inside(*guard_);
      const T before = cells_[i];
      cells_[i] = static_cast<T>(before + amount);
      return before;
    }
  }
  /// Puts change(value) in the value's place, and gives the new one. Without a lock, `change` may
  /// be called more than once.
  template <class Change>
  T update(std::size_t i, Change change) const {
    if constexpr (kAtomic) {
      const std::atomic_ref cell(cells_[i]);
      T before = cell.load(std::memory_order_relaxed);
      for (;;) {
        const T after = change(before);
        if (cell.compare_exchange_weak(before, after, std::memory_order_acq_rel,
                                       std::memory_order_relaxed))
          return after;
      }
    } else {
      const std::lock_guard inside(*guard_);
      return cells_[i] = change(T(cells_[i]));
    }
  }

  [[nodiscard]] Guard& guard() const noexcept requires(!kAtomic) { return *guard_; }
  /// The cells without their guard.
  [[nodiscard]] std::span<T> bare() const noexcept { return {cells_, count_}; }

 private:
  static constexpr std::size_t kLine = 64;
  static_assert(alignof(T) <= kLine && alignof(Guard) <= kLine);
  static constexpr std::size_t kFirstCell = (sizeof(Guard) + kLine - 1) / kLine * kLine;

  struct Unguarded {
    std::size_t count;
  };
  explicit Cells(Unguarded made)
      : storage_(bytes(made.count)),
        cells_(reinterpret_cast<T*>(storage_.data() + kFirstCell)),
        count_(made.count) {
    // Zeroed memory is a T already, unless T wants to begin otherwise.
    if constexpr (!std::is_trivially_default_constructible_v<T>)
      std::uninitialized_value_construct_n(cells_, count_);
  }

  // In the storage it is never destroyed: another process may be using it still.
  using GuardPointer = std::conditional_t<kGuardInStorage, Guard*, std::unique_ptr<Guard>>;

  GuardPointer make_guard() const {
    if constexpr (kGuardInStorage)
      return new (storage_.data()) Guard;
    else
      return std::make_unique<Guard>();
  }

  static std::size_t bytes(std::size_t count) {
    if (count > (std::numeric_limits<std::size_t>::max() / 2 - kFirstCell) / sizeof(T))
      os::throw_error(ENOMEM, "shared array of " + std::to_string(count));
    return kFirstCell + count * sizeof(T);
  }

  typename B::Storage storage_;
  GuardPointer guard_{};
  T* cells_;
  std::size_t count_;
};

}  // namespace ipc
