// How typed values become bytes and back.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace ipc::wire {

using Bytes = std::vector<std::byte>;

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

/// Values whose bytes are their value in another process too.
template <class T>
concept Flat = std::is_trivially_copyable_v<T> && !std::is_pointer_v<T> &&
               !std::is_member_pointer_v<T> && !std::is_reference_v<T>;

template <Flat T>
struct Codec<T> {
  static void encode(const T& value, Bytes& out) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    out.insert(out.end(), bytes.begin(), bytes.end());
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
    const auto bytes = std::as_bytes(std::span(text));
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  static std::string decode(Reader& in) {
    const auto bytes = in.take(Codec<std::uint64_t>::decode(in));
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
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
