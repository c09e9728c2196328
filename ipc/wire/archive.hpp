// Values as bytes one after the other: the archives through which cereal writes and reads them.
#pragma once

#include <cereal/cereal.hpp>
#include <cereal/types/array.hpp>
#include <cereal/types/bitset.hpp>
#include <cereal/types/chrono.hpp>
#include <cereal/types/complex.hpp>
#include <cereal/types/deque.hpp>
#include <cereal/types/forward_list.hpp>
#include <cereal/types/list.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/queue.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/stack.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/unordered_set.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>

#include <algorithm>
#include <array>
#include <bitset>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <type_traits>
#include <utility>

#include "ipc/wire/bytes.hpp"
#include "ipc/wire/plain.hpp"

namespace ipc::wire {

class Writer;
class Reader;

/// Whether cereal, or the type's own author, says how it is written.
template <class T>
inline constexpr bool kHasSerialize = cereal::traits::is_output_serializable<T, Writer>::value;

template <class T>
inline constexpr bool kIsFlat = std::is_arithmetic_v<T> || std::is_enum_v<T> ||
                                (std::is_class_v<T> && plain::Plain<T> && !kHasSerialize<T>);
template <class T, std::size_t N>
inline constexpr bool kIsFlat<std::array<T, N>> = std::is_trivially_copyable_v<std::array<T, N>> &&
                                                  (N == 0 || kIsFlat<T>);
template <class Rep, class Period>
inline constexpr bool kIsFlat<std::chrono::duration<Rep, Period>> = kIsFlat<Rep>;
template <class Clock, class Duration>
inline constexpr bool kIsFlat<std::chrono::time_point<Clock, Duration>> = kIsFlat<Duration>;

/// Values that travel as the bytes they are: numbers, enums, arrays and times of these, and classes
/// that are trivially copyable, hold no pointer and have no serialize function.
template <class T>
concept Flat = kIsFlat<T> && std::default_initializable<T>;

/// How many bytes every T takes, 0 when that depends on the value.
template <class T>
inline constexpr std::size_t kFixedBytes = Flat<T> ? sizeof(T) : 0;
template <class... T>
inline constexpr std::size_t kFixedBytes<std::tuple<T...>> = ((kFixedBytes<T> > 0) && ...)
                                                                 ? (kFixedBytes<T> + ... + 0)
                                                                 : 0;
template <class T, class U>
inline constexpr std::size_t kFixedBytes<std::pair<T, U>> =
    kFixedBytes<T> > 0 && kFixedBytes<U> > 0 ? kFixedBytes<T> + kFixedBytes<U> : 0;

/// How deep values may be nested, so that nobody's stack ends.
inline constexpr int kMostNested = 500;

/// Appends values to bytes. Each takes at least one, so that a size can be held against what is
/// left of a message. A value nested too deeply throws EMSGSIZE.
class Writer : public cereal::OutputArchive<Writer> {
 public:
  explicit Writer(Bytes& out) : OutputArchive(this), out_(out) {}

  template <class... T>
  Writer& operator()(T&&... values) {
    (put(values), ...);
    return *this;
  }
  template <class T>
  Writer& operator&(T&& value) {
    return (*this)(value);
  }
  template <class T>
  Writer& operator<<(T&& value) {
    return (*this)(value);
  }

  /// What is shared is not known to be of one type when it is read.
  std::uint32_t registerSharedPointer(const std::shared_ptr<const void>&) = delete;

 private:
  template <class T>
  void put(const T& value) {
    if constexpr (Flat<T>) {
      append(out_, std::as_bytes(std::span(&value, 1)));
    } else {
      if (++nested_ > kMostNested)
        throw std::system_error(EMSGSIZE, std::system_category(), "encode: nested too deeply");
      const std::size_t before = out_.size();
      OutputArchive::operator()(value);
      if (out_.size() == before) out_.push_back(std::byte{0});
      --nested_;
    }
  }
  template <class T>
  void put(const cereal::NameValuePair<T>& named) {
    put(named.value);
  }
  template <class T>
  void put(const cereal::SizeTag<T>& tag) {
    put(std::uint64_t{tag.size});
  }
  template <class T>
  void put(const cereal::BinaryData<T>& part) {
    append(out_, {static_cast<const std::byte*>(part.data), part.size});
  }
  template <class T>
  void put(const cereal::DeferredData<T>&) = delete;

  Bytes& out_;
  int nested_ = 0;
};

/// Takes from a message what Writer appended; a message that is too short, claims more than it
/// holds or holds what is no such value throws EBADMSG. Nothing is reserved that what is left of
/// the message could not fill.
class Reader : public cereal::InputArchive<Reader> {
 public:
  explicit Reader(std::span<const std::byte> message) : InputArchive(this), rest_(message) {}

  template <class... T>
  Reader& operator()(T&&... values) {
    (take(values), ...);
    return *this;
  }
  template <class T>
  Reader& operator&(T&& value) {
    return (*this)(value);
  }
  template <class T>
  Reader& operator>>(T&& value) {
    return (*this)(value);
  }

  std::shared_ptr<void> getSharedPointer(std::uint32_t) = delete;

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  template <class T>
  void take(T& value) {
    if constexpr (Flat<T>) {
      const std::byte* const bytes = taken(sizeof(T));
      if (!plain::are_valid<T>(bytes)) throw_bad_message("decode: not a value");
      std::memcpy(&value, bytes, sizeof(T));
    } else {
      load(value);
    }
  }
  template <class T>
  void load(T& value) {
    if (++nested_ > kMostNested) throw_bad_message("decode: nested too deeply");
    if constexpr (requires { typename T::value_type; }) expect_elements<typename T::value_type>();
    const std::size_t before = rest_.size();
    InputArchive::operator()(value);
    if (rest_.size() == before) taken(1);
    --nested_;
  }

  /// cereal turns the order of equal keys around.
  template <class Key, class Value, class Less, class Allocator>
  void take(std::multimap<Key, Value, Less, Allocator>& map) {
    take_equals<std::pair<Key, Value>>(map);
  }
  template <class Key, class Less, class Allocator>
  void take(std::multiset<Key, Less, Allocator>& set) {
    take_equals<Key>(set);
  }
  template <class Element, class Container>
  void take_equals(Container& container) {
    expect_elements<Element>();
    std::uint64_t left = 0;
    (*this)(cereal::make_size_tag(left));
    for (container.clear(); left > 0; --left) {
      Element element{};
      take(element);
      container.insert(container.end(), std::move(element));
    }
  }
  /// cereal also reads the text that other archives write, and lets the errors of that through.
  template <std::size_t Size>
  void take(std::bitset<Size>& bits) {
    const auto form = static_cast<std::byte>(cereal::bitset_detail::type::bits);
    if (rest_.empty() || rest_.front() != form) throw_bad_message("decode: not a value");
    load(bits);
  }

  template <class T>
  void take(cereal::NameValuePair<T>& named) {
    take(named.value);
  }
  /// Comes first in a container.
  template <class T>
  void take(cereal::SizeTag<T>& tag) {
    take(tag.size);
    if (tag.size > rest_.size() / std::exchange(least_bytes_, 1))
      throw_bad_message("decode: claims more than it holds");
  }
  template <class T>
  void take(cereal::BinaryData<T>& part) {
    using Element = std::remove_all_extents_t<std::remove_pointer_t<std::remove_reference_t<T>>>;
    const std::byte* const bytes = taken(part.size);
    if constexpr (std::is_same_v<Element, bool>)
      for (std::size_t i = 0; i < part.size; ++i)
        if (!plain::are_valid<bool>(bytes + i)) throw_bad_message("decode: not a value");
    if (part.size > 0) std::memcpy(part.data, bytes, part.size);
  }
  template <class T>
  void take(cereal::DeferredData<T>&) = delete;

  template <class Element>
  void expect_elements() {
    least_bytes_ = std::max<std::size_t>(1, kFixedBytes<std::remove_cv_t<Element>>);
  }

  const std::byte* taken(std::size_t bytes) {
    if (bytes > rest_.size()) throw_bad_message("decode: message too short");
    const std::byte* const begin = rest_.data();
    rest_ = rest_.subspan(bytes);
    return begin;
  }

  std::span<const std::byte> rest_;
  std::size_t least_bytes_ = 1;  ///< of an element of the container that is read
  int nested_ = 0;
};

// What cereal asks for before it hands whole arrays of numbers over.
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(Writer& archive, const cereal::BinaryData<T>& part) {
  archive(part);
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(Reader& archive, cereal::BinaryData<T>& part) {
  archive(part);
}

}  // namespace ipc::wire

CEREAL_SETUP_ARCHIVE_TRAITS(ipc::wire::Reader, ipc::wire::Writer)
