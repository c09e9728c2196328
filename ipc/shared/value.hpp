// One value that processes share.
#pragma once

#include "ipc/shared/shared.hpp"

namespace ipc {

/// A T in shared memory, made before the fork; each operation is one indivisible step, `v += 3`
/// included. Several steps as one: update(), or, over a backend with a lock,
///   std::scoped_lock inside(v.get_lock());
///   v.get_obj() *= 2;
/// Inside that lock use get_obj() only: every other access takes the lock itself.
template <class T, SharedBackend B = DefaultShared<T>>
requires CellOf<T, B>
class Value {
 public:
  using Backend = B;
  using value_type = T;

  explicit Value(T value = T{}) : cells_(1) { cells_.bare()[0] = value; }
  /// Under the lock of another one, which must outlive this: `Value b{0, a.get_lock()};`
  Value(T value, typename B::Guard& lock) requires Guard<typename B::Guard> && B::Guard::kInStorage
      : cells_(1, lock) {
    cells_.bare()[0] = value;
  }

  [[nodiscard]] T get() const { return cells_.load(0); }
  void set(T value) { cells_.store(0, value); }
  /// Gives the value before.
  T add(T amount) requires Number<T> { return cells_.add(0, amount); }
  /// Puts change(value) in the value's place, and gives the new one. Without a lock, `change` may
  /// be called more than once.
  template <class Change>
  T update(Change change) {
    return cells_.update(0, change);
  }

  operator T() const { return get(); }
  Value& operator=(T value) {
    set(value);
    return *this;
  }
  /// These give the new value, `v++` and `v--` the one before.
  T operator+=(T amount) requires Number<T> { return static_cast<T>(add(amount) + amount); }
  T operator-=(T amount) requires Number<T> {
    return update([amount](T before) { return static_cast<T>(before - amount); });
  }
  T operator++() requires Number<T> { return *this += T{1}; }
  T operator--() requires Number<T> { return *this -= T{1}; }
  T operator++(int) requires Number<T> { return add(T{1}); }
  T operator--(int) requires Number<T> { return static_cast<T>(--*this + T{1}); }

  /// The lock that guards every access; only over a backend that has one.
  [[nodiscard]] auto& get_lock() const requires Guard<typename B::Guard> { return cells_.guard(); }
  /// The value without its guard.
  [[nodiscard]] T& get_obj() const { return cells_.bare()[0]; }

 private:
  Cells<T, B> cells_;
};

}  // namespace ipc
