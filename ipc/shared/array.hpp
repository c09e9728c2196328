// An array that processes share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <stdexcept>
#include <string_view>

#include "ipc/shared/shared.hpp"

namespace ipc {

/// Stands for one element: reading, writing and changing it are each one indivisible step.
template <class T, SharedBackend B>
requires CellOf<T, B>
class ElementRef {
 public:
  ElementRef(const Cells<T, B>& cells, std::size_t i) : cells_(&cells), i_(i) {}
  ElementRef(const ElementRef&) = default;

  operator T() const { return cells_->load(i_); }
  const ElementRef& operator=(T value) const {
    cells_->store(i_, value);
    return *this;
  }
  // Assigning one element to another means its value.
  ElementRef& operator=(const ElementRef& other) {
    cells_->store(i_, T(other));
    return *this;
  }
  /// These give the new value, `a[i]++` and `a[i]--` the one before.
  T operator+=(T amount) const requires Number<T> {
    return static_cast<T>(cells_->add(i_, amount) + amount);
  }
  T operator-=(T amount) const requires Number<T> {
    return cells_->update(i_, [amount](T before) { return static_cast<T>(before - amount); });
  }
  T operator++() const requires Number<T> { return *this += T{1}; }
  T operator--() const requires Number<T> { return *this -= T{1}; }
  T operator++(int) const requires Number<T> { return cells_->add(i_, T{1}); }
  T operator--(int) const requires Number<T> { return static_cast<T>(--*this + T{1}); }

 private:
  const Cells<T, B>* cells_;
  std::size_t i_;
};

/// Goes over the elements; what it points at is an ElementRef.
template <class T, SharedBackend B>
requires CellOf<T, B>
class ElementIterator {
 public:
  using iterator_category = std::input_iterator_tag;  // its reference is no T&
  using value_type = T;
  using difference_type = std::ptrdiff_t;
  using reference = ElementRef<T, B>;
  using pointer = void;

  ElementIterator() = default;
  ElementIterator(const Cells<T, B>& cells, std::size_t i) : cells_(&cells), i_(i) {}

  reference operator*() const { return {*cells_, i_}; }
  ElementIterator& operator++() {
    ++i_;
    return *this;
  }
  ElementIterator operator++(int) {
    const auto before = *this;
    ++i_;
    return before;
  }
  friend bool operator==(const ElementIterator&, const ElementIterator&) = default;

 private:
  const Cells<T, B>* cells_ = nullptr;
  std::size_t i_ = 0;
};

/// A fixed number of T in shared memory, made before the fork; each access to an element is one
/// indivisible step. `Array<int> a(3)` is three zeros, `Array<int> a{1, 2, 3}` these three. Several
/// steps as one, over a backend with a lock:
///   std::scoped_lock inside(a.get_lock());
///   for (int& element : a.get_obj()) element *= 2;
/// Inside that lock use get_obj() only: every other access takes the lock itself.
template <class T, SharedBackend B = DefaultShared<T>>
requires CellOf<T, B>
class Array {
 public:
  using Backend = B;
  using value_type = T;
  using reference = ElementRef<T, B>;
  using iterator = ElementIterator<T, B>;

  /// That many zeros. Throws std::system_error: EINVAL for a negative size, ENOMEM.
  explicit Array(std::ptrdiff_t size) : cells_(checked(size)) {}
  /// The same under the lock of another one, which must outlive this.
  Array(std::ptrdiff_t size,
        typename B::Guard& lock) requires Guard<typename B::Guard> && B::Guard::kInStorage
      : cells_(checked(size), lock) {}
  Array(std::initializer_list<T> values) : Array(values.begin(), values.size()) {}
  explicit Array(std::span<const T> values) requires(!std::same_as<T, char>)
      : Array(values.data(), values.size()) {}
  /// The text's characters, without a NUL behind them.
  explicit Array(std::string_view text) requires std::same_as<T, char>
      : Array(text.data(), text.size()) {}

  [[nodiscard]] std::size_t size() const noexcept { return cells_.size(); }

  /// One element, by an index that is not checked.
  [[nodiscard]] T load(std::size_t i) const { return cells_.load(i); }
  void store(std::size_t i, T value) { cells_.store(i, value); }
  /// Gives the value before.
  T add(std::size_t i, T amount) requires Number<T> { return cells_.add(i, amount); }
  /// Puts change(value) in the value's place, and gives the new one. Without a lock, `change` may
  /// be called more than once.
  template <class Change>
  T update(std::size_t i, Change change) {
    return cells_.update(i, change);
  }

  [[nodiscard]] reference operator[](std::size_t i) { return {cells_, i}; }
  [[nodiscard]] T operator[](std::size_t i) const { return cells_.load(i); }
  /// Checked: throws std::out_of_range. -1 is the last element, -2 the one before.
  [[nodiscard]] reference at(std::ptrdiff_t i) { return {cells_, position(i)}; }
  [[nodiscard]] T at(std::ptrdiff_t i) const { return cells_.load(position(i)); }

  [[nodiscard]] iterator begin() const { return {cells_, 0}; }
  [[nodiscard]] iterator end() const { return {cells_, size()}; }

  /// The text up to the first NUL.
  [[nodiscard]] std::string value() const requires std::same_as<T, char> {
    std::string text = raw();
    text.resize(std::min(text.find('\0'), text.size()));
    return text;
  }
  /// Puts that text at the front, and a NUL behind it if there is room; over a backend with a lock
  /// in one step. Throws std::length_error, and changes nothing, when it is longer than the array.
  void set_value(std::string_view text) requires std::same_as<T, char> {
    if (text.size() > size())
      throw std::length_error("text of " + std::to_string(text.size()) +
                              " characters for a shared array of " + std::to_string(size()));
    if constexpr (Guard<typename B::Guard>) {
      const std::lock_guard inside(get_lock());
      std::copy(text.begin(), text.end(), cells_.bare().begin());
      if (text.size() < size()) cells_.bare()[text.size()] = '\0';
    } else {
      for (std::size_t i = 0; i < text.size(); ++i) store(i, text[i]);
      if (text.size() < size()) store(text.size(), '\0');
    }
  }
  /// All characters; over a backend with a lock in one step.
  [[nodiscard]] std::string raw() const requires std::same_as<T, char> {
    if constexpr (Guard<typename B::Guard>) {
      const std::lock_guard inside(get_lock());
      return {cells_.bare().begin(), cells_.bare().end()};
    } else {
      return {begin(), end()};
    }
  }

  /// The lock that guards every access; only over a backend that has one.
  [[nodiscard]] auto& get_lock() const requires Guard<typename B::Guard> { return cells_.guard(); }
  /// The elements without their guard.
  [[nodiscard]] std::span<T> get_obj() const { return cells_.bare(); }

 private:
  Array(const T* values, std::size_t size) : cells_(size) {
    std::copy_n(values, size, cells_.bare().begin());
  }
  static std::size_t checked(std::ptrdiff_t size) {
    if (size < 0) os::throw_error(EINVAL, "shared array of size " + std::to_string(size));
    return static_cast<std::size_t>(size);
  }
  [[nodiscard]] std::size_t position(std::ptrdiff_t i) const {
    const auto count = static_cast<std::ptrdiff_t>(size());
    if (i < -count || i >= count)
      throw std::out_of_range("index " + std::to_string(i) + " of a shared array of " +
                              std::to_string(count));
    return static_cast<std::size_t>(i < 0 ? i + count : i);
  }

  Cells<T, B> cells_;
};

}  // namespace ipc
