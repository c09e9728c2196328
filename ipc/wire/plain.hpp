// What the compiler knows of a type's bytes: whether they refer elsewhere, and where bools lie.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>

namespace ipc::wire::plain {

/// Classes up to this size are searched for bools byte by byte, which takes the compiler a second
/// where each member has a gap behind it; larger ones, up to the other size, must have neither.
inline constexpr std::size_t kMostSearchedBytes = 1024;
inline constexpr std::size_t kMostBytes = 64 * 1024;

/// Zeros, and from one place to another twos, which no bool holds.
template <std::size_t Size>
constexpr std::array<std::byte, Size> twos(std::size_t from, std::size_t to) {
  std::array<std::byte, Size> bytes{};
  for (std::size_t i = from; i < to; ++i) bytes[i] = std::byte{2};
  return bytes;
}

/// Whether a T of these twos is the same twos again. No constant where a gap between members is
/// read, whose bytes nobody knows.
template <class T>
constexpr bool kept(std::size_t from, std::size_t to) {
  const auto value = std::bit_cast<T>(twos<sizeof(T)>(from, to));
  const auto back = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
  for (std::size_t i = from; i < to; ++i)
    if (back[i] != std::byte{2}) return false;
  return true;
}

template <class T, std::size_t From, std::size_t To>
concept Made = requires {
  typename std::bool_constant<(static_cast<void>(std::bit_cast<T>(twos<sizeof(T)>(From, To))),
                               true)>;
};
template <class T, std::size_t From, std::size_t To>
concept Known = requires {
  typename std::bool_constant<kept<T>(From, To)>;
};

/// Clang makes no constant bool of a two; GCC does, and keeps something else.
inline constexpr bool kRefusesBools = !Made<bool, 0, 1>;

template <class T, std::size_t From, std::size_t To>
constexpr bool has_bool() {
  if constexpr (kRefusesBools)
    return !Made<T, From, To>;
  else if constexpr (Known<T, From, To>)
    return !kept<T>(From, To);
  else
    return To - From > 1;  // a gap, maybe among members
}

/// No pointer, reference or union is inside, however deep: with one, no constant can be made of
/// bytes (std::bit_cast). Nor can it of a class without any constexpr constructor.
template <class T>
concept Plain = (sizeof(T) <= kMostBytes) &&
                std::is_trivially_copyable_v<T>&& std::copyable<T>&& Made<T, 0, 0> &&
                (sizeof(T) <= kMostSearchedBytes || !has_bool<T, 0, sizeof(T)>());

/// Marks the bytes of a T that are bools.
template <class T, std::size_t From, std::size_t To>
constexpr void mark_bools(std::array<bool, sizeof(T)>& marks) {
  if constexpr (has_bool<T, From, To>()) {
    if constexpr (To - From == 1) {
      marks[From] = true;
    } else {
      mark_bools<T, From, (From + To) / 2>(marks);
      mark_bools<T, (From + To) / 2, To>(marks);
    }
  }
}

template <class T>
constexpr auto places_of_bools() {
  constexpr auto marks = [] {
    std::array<bool, sizeof(T)> found{};
    mark_bools<T, 0, sizeof(T)>(found);
    return found;
  }();
  constexpr std::size_t count = [&] {
    std::size_t sum = 0;
    for (const bool marked : marks) sum += marked;
    return sum;
  }();
  std::array<std::size_t, count> places{};
  for (std::size_t i = 0, next = 0; i < sizeof(T); ++i)
    if (marks[i]) places[next++] = i;
  return places;
}

template <class T>
inline constexpr std::size_t kArraySize = 0;
template <class T, std::size_t Size>
inline constexpr std::size_t kArraySize<std::array<T, Size>> = Size;

/// Whether these sizeof(T) bytes hold a T: each bool in it is 0 or 1.
template <class T>
bool are_valid(const std::byte* bytes) {
  if constexpr (kArraySize<T> != 0) {  // of any size: only its elements are looked into
    using Element = typename T::value_type;
    for (std::size_t i = 0; i < kArraySize<T>; ++i)
      if (!are_valid<Element>(bytes + i * sizeof(Element))) return false;
  } else {
    static constexpr auto places = places_of_bools<T>();
    for (const std::size_t at : places)
      if (bytes[at] > std::byte{1}) return false;
  }
  return true;
}

}  // namespace ipc::wire::plain
