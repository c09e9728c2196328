// How typed values become bytes and back: cereal for what has structure, a copy for what has none.
//
// cereal was taken for what it leaves to us: the archives are ours (archive.hpp), so there are no
// streams, sizes are held against the message, and flat values are copied as they are. msgpack-cxx
// has a format of its own, in which every number is tagged and packed, and unpacks through a tree
// on the heap; Boost.Serialization works on streams, brings a library to link, and keeps track of
// classes and pointers in the message.
#pragma once

#include "ipc/wire/archive.hpp"

namespace ipc::wire {

template <class T>
constexpr bool travels();

template <class T>
inline constexpr bool kPartsTravel = true;
template <class T>
requires requires {
  typename T::value_type;
}
inline constexpr bool kPartsTravel<T> = cereal::traits::has_member_serialize<T, Writer>::value ||
                                        cereal::traits::has_member_save<T, Writer>::value ||
                                        travels<typename T::value_type>();
template <class... T>
inline constexpr bool kPartsTravel<std::tuple<T...>> = (travels<T>() && ...);
template <class... T>
inline constexpr bool kPartsTravel<std::variant<T...>> = (travels<T>() && ...);
template <class T, class U>
inline constexpr bool kPartsTravel<std::pair<T, U>> = travels<T>() && travels<U>();

template <class T>
constexpr bool travels() {
  using Value = std::remove_const_t<T>;  // of a map its keys
  if constexpr (Flat<Value>)
    return true;
  else if constexpr (!std::is_class_v<Value> || !std::default_initializable<Value>)
    return false;
  else if constexpr (!cereal::traits::is_output_serializable<Value, Writer>::value ||
                     !cereal::traits::is_input_serializable<Value, Reader>::value)
    return false;
  else
    return kPartsTravel<Value>;
}

/// What can be sent: numbers, enums, text, times, the containers of the standard library, pair,
/// tuple, optional and variant of these, structs that are trivially copyable and hold no pointer,
/// and any type that says how, in cereal's way:
///   template <class Archive> void serialize(Archive& archive) { archive(name, age); }
/// as a member, or as a free function beside the type with the value as its second parameter.
/// Values are made by their default constructor and then read. Pointers, references and views do
/// not compile. Of an enum every value of its underlying type is taken. A struct without such a
/// function needs some constexpr constructor, as an aggregate has; it may have bools and gaps up to
/// 1 KiB of size, and none up to 64 KiB.
template <class T>
concept Encodable = std::same_as<T, std::remove_cvref_t<T>> && travels<T>();

/// Appends the value. What its serialize function throws goes through, and leaves a part of it.
template <Encodable T>
void encode(const T& value, Bytes& out) {
  if constexpr (Flat<T>)
    append(out, std::as_bytes(std::span(&value, 1)));
  else
    Writer{out}(value);
}

/// One value as a whole message.
template <Encodable T>
Bytes encode(const T& value) {
  Bytes out;
  encode(value, out);
  return out;
}

/// Calls use with the value as a whole message; a flat one is not even copied.
template <Encodable T, class Use>
decltype(auto) with_encoded(const T& value, Use use) {
  if constexpr (Flat<T>)
    return use(std::as_bytes(std::span(&value, 1)));
  else
    return use(std::span<const std::byte>(encode(value)));
}

/// The value of a whole message; a message that is no T throws EBADMSG.
template <Encodable T>
T decode(std::span<const std::byte> message) {
  if constexpr (Flat<T>) {
    if (message.size() != sizeof(T)) throw_bad_message("decode: message of another size");
    if (!plain::are_valid<T>(message.data())) throw_bad_message("decode: not a value");
    T value;
    std::memcpy(&value, message.data(), sizeof(T));
    return value;
  } else {
    T value{};
    Reader in(message);
    try {
      in(value);
    } catch (const cereal::Exception& error) {
      throw_bad_message(error.what());
    }
    if (!in.at_end()) throw_bad_message("decode: message too long");
    return value;
  }
}

}  // namespace ipc::wire
