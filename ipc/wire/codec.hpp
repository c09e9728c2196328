// How typed values become bytes and back.
#pragma once

#include <cerrno>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace ipc::wire {

using Bytes = std::vector<std::byte>;

inline void append(Bytes& out, std::span<const std::byte> bytes) {
  const std::size_t at = out.size();
  out.resize(at + bytes.size());
  if (!bytes.empty()) std::memcpy(out.data() + at, bytes.data(), bytes.size());
}

/// The customisation point: specialise it with
///   static void encode(const T&, Bytes&)  appends, and
///   static T decode(Reader&)              takes exactly what encode appended.
template <class T>
struct Codec;

/// Reads a message from front to back; a message that is too short throws EBADMSG.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

  std::span<const std::byte> take(std::size_t bytes) {
    if (bytes > rest_.size())
      throw std::system_error(EBADMSG, std::system_category(), "decode: message too short");
    const auto taken = rest_.first(bytes);
    rest_ = rest_.subspan(bytes);
    return taken;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
};

/// Types of the standard library that are trivially copyable and yet mean memory elsewhere.
template <class T>
inline constexpr bool kRefersElsewhere = false;
template <class C, class Traits>
inline constexpr bool kRefersElsewhere<std::basic_string_view<C, Traits>> = true;
template <class T, std::size_t N>
inline constexpr bool kRefersElsewhere<std::span<T, N>> = true;
template <class T>
inline constexpr bool kRefersElsewhere<std::reference_wrapper<T>> = true;

/// Values whose bytes are their value in another process too.
template <class T>
concept Flat =
    std::is_trivially_copyable_v<T> && std::default_initializable<T> && !std::is_pointer_v<T> &&
    !std::is_member_pointer_v<T> && !std::is_array_v<T> && !std::is_null_pointer_v<T> &&
    !kRefersElsewhere<T>;

template <Flat T>
struct Codec<T> {
  static void encode(const T& value, Bytes& out) {
    append(out, std::as_bytes(std::span(&value, 1)));
  }
  static T decode(Reader& in) {
    T value;
    std::memcpy(&value, in.take(sizeof(T)).data(), sizeof(T));
    return value;
  }
};

template <>
struct Codec<std::string> {
  static void encode(const std::string& text, Bytes& out) {
    Codec<std::uint64_t>::encode(text.size(), out);
    append(out, std::as_bytes(std::span(text)));
  }
  static std::string decode(Reader& in) {
    const auto bytes = in.take(Codec<std::uint64_t>::decode(in));
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

template <class T>
struct Codec<std::vector<T>> {
  static void encode(const std::vector<T>& values, Bytes& out) {
    Codec<std::uint64_t>::encode(values.size(), out);
    for (const auto& each : values) Codec<T>::encode(each, out);
  }
  static std::vector<T> decode(Reader& in) {
    std::vector<T> values;
    for (auto left = Codec<std::uint64_t>::decode(in); left > 0; --left)
      values.push_back(Codec<T>::decode(in));
    return values;
  }
};

template <class... T>
requires(!Flat<std::tuple<T...>>) struct Codec<std::tuple<T...>> {
  static void encode(const std::tuple<T...>& values, Bytes& out) {
    std::apply([&](const auto&... each) { (Codec<T>::encode(each, out), ...); }, values);
  }
  static std::tuple<T...> decode(Reader& in) {
    return std::tuple<T...>{Codec<T>::decode(in)...};  // braces: left to right
  }
};

template <class T, class U>
requires(!Flat<std::pair<T, U>>) struct Codec<std::pair<T, U>> {
  static void encode(const std::pair<T, U>& values, Bytes& out) {
    Codec<T>::encode(values.first, out);
    Codec<U>::encode(values.second, out);
  }
  static std::pair<T, U> decode(Reader& in) {
    return std::pair<T, U>{Codec<T>::decode(in), Codec<U>::decode(in)};
  }
};

template <class T>
concept Encodable = requires(const T& value, Bytes& out, Reader& in) {
  Codec<T>::encode(value, out);
  { Codec<T>::decode(in) } -> std::same_as<T>;
};

/// How many bytes every T takes, 0 when that depends on the value.
template <class T>
inline constexpr std::size_t kFixedBytes = Flat<T> ? sizeof(T) : 0;
template <class... T>
requires(!Flat<std::tuple<T...>>) inline constexpr std::size_t kFixedBytes<std::tuple<T...>> =
    ((kFixedBytes<T> > 0) && ...) ? (kFixedBytes<T> + ...) : 0;
template <class T, class U>
requires(!Flat<std::pair<T, U>>) inline constexpr std::size_t kFixedBytes<std::pair<T, U>> =
    kFixedBytes<T> > 0 && kFixedBytes<U> > 0 ? kFixedBytes<T> + kFixedBytes<U> : 0;

/// One value as a whole message.
template <Encodable T>
Bytes encode(const T& value) {
  Bytes out;
  Codec<T>::encode(value, out);
  return out;
}

/// The value of a whole message; one that is too short or too long throws EBADMSG.
template <Encodable T>
T decode(std::span<const std::byte> message) {
  Reader in(message);
  T value = Codec<T>::decode(in);
  if (!in.at_end())
    throw std::system_error(EBADMSG, std::system_category(), "decode: message too long");
  return value;
}

}  // namespace ipc::wire
