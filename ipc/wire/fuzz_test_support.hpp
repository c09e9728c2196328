// What is tried with a message from anywhere: it is no value, or a value that travels well.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "ipc/wire/codec.hpp"

namespace ipc::wire::fuzz {

enum class Colour : std::uint8_t { red, green, blue };

struct Flagged {
  std::int16_t number = 0;
  bool flag = false;
  Colour colour{};
  bool flags[2] = {};
  bool operator==(const Flagged&) const = default;
};

struct Node {
  std::string name;
  std::vector<Node> children;
  std::optional<Flagged> mark;
  bool operator==(const Node&) const = default;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(name, children, mark);
  }
};

struct Empty {
  bool operator==(const Empty&) const = default;
  template <class Archive>
  void serialize(Archive&) {}
};

struct Rows {
  std::int32_t cells[2][3] = {};
  bool flags[4] = {};
  std::string names[2];
  bool operator==(const Rows&) const = default;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(cells, flags) & names;
  }
};

/// Wider than what the message needs for it.
struct Wide {
  std::array<std::int64_t, 100> numbers{};
  bool operator==(const Wide&) const = default;
};

// A new type goes to the end: the first byte of a message in the corpus is its place.
using Types = std::tuple<
    bool, Colour, std::uint64_t, Flagged, std::array<Flagged, 3>, std::chrono::milliseconds,
    std::string, std::u32string, std::vector<std::int32_t>, std::vector<bool>, std::bitset<37>,
    std::vector<std::string>, std::vector<std::vector<std::vector<std::uint8_t>>>,
    std::deque<Flagged>, std::list<std::string>, std::forward_list<std::int16_t>,
    std::map<std::string, std::vector<std::int32_t>>, std::multimap<std::uint8_t, std::string>,
    std::set<std::string>, std::multiset<std::int32_t>,
    std::unordered_map<std::string, std::optional<bool>>,
    std::unordered_multimap<std::uint8_t, std::uint8_t>, std::unordered_set<std::int32_t>,
    std::pair<std::string, bool>, std::tuple<std::int32_t, std::string, Flagged, std::tuple<>>,
    std::optional<std::optional<std::string>>,
    std::variant<std::monostate, bool, std::string, std::vector<std::int32_t>, Node>, Node,
    std::vector<Empty>, Rows, std::vector<std::optional<Wide>>, std::array<std::string, 3>,
    std::vector<std::variant<std::int32_t, std::map<std::int32_t, Node>>>,
    std::vector<std::complex<float>>>;

/// Ends the program when the message is taken for a value that does not travel well.
template <class T>
void check(std::span<const std::byte> message) {
  T value;
  try {
    value = decode<T>(message);
  } catch (const std::system_error& error) {
    if (error.code().value() == EBADMSG) return;
    throw;
  }
  const Bytes again = encode(value);
  // Numbers that are no numbers are unequal to themselves; as bytes they are not.
  if (!(decode<T>(again) == value) && encode(decode<T>(again)) != again) {
    std::fprintf(stderr, "another value came back: %s\n", __PRETTY_FUNCTION__);
    std::abort();
  }
}

/// The first byte picks the type.
inline void check_any(std::span<const std::byte> input) {
  if (input.empty()) return;
  const auto place = std::to_integer<std::size_t>(input.front());
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((place == I ? check<std::tuple_element_t<I, Types>>(input.subspan(1)) : void()), ...);
  }
  (std::make_index_sequence<std::tuple_size_v<Types>>());
}

}  // namespace ipc::wire::fuzz
