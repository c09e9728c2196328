// Values come back from their bytes as they were, and no bytes but theirs are taken for values.
#include "ipc/wire/codec.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <random>

#include "ipc/os/heap_test_support.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/wire/type_tag.hpp"

namespace ipc::wire {
namespace {

using namespace std::chrono_literals;
using test::allocations;
using test::error_of;
using test::largest_allocation_bytes;

enum class Colour : std::uint8_t { red, green, blue };
enum Old { first, second };
struct Point {
  int x = 0;
  double y = 0;
  bool operator==(const Point&) const = default;
};
struct Checked {
  char name[5] = "";
  bool flags[2] = {};
  Point where;
  bool last = false;
  bool operator==(const Checked&) const = default;
};
struct Person {
  std::string name;
  std::optional<int> age;
  std::vector<Person> children;
  bool operator==(const Person&) const = default;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(name, age, children);
  }
};
/// Flat but for what its author says.
struct Angle {
  double radians = 0;
  double cached_sine = 0;
};
template <class Archive>
void serialize(Archive& archive, Angle& angle) {
  archive(angle.radians);
}
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  bool operator==(const Secret&) const = default;

 private:
  friend class cereal::access;
  template <class Archive>
  void save(Archive& archive) const {
    archive(text_);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive& text_;
  }
  std::string text_;
};
struct Nothing {
  bool operator==(const Nothing&) const = default;
  template <class Archive>
  void serialize(Archive&) {}
};
struct WithArrays {
  std::string name;
  int numbers[3] = {};
  bool flags[3] = {};
  std::string names[2];
  bool operator==(const WithArrays&) const = default;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(name, numbers, flags, names);
  }
};
struct Large {
  char bytes[50'000];
};
struct LargeWithABool {
  char bytes[8000];
  bool last;
};
struct TooLargeToLookInto {
  char bytes[100'000];
};
struct ByFirst {
  using Pair = std::pair<int, int>;
  bool operator()(const Pair& a, const Pair& b) const { return a.first < b.first; }
};
struct Pointing {
  int* there;
};
struct Viewing {
  int number;
  std::string_view text;
};
struct Referring {
  int& there;
};

static_assert(Flat<int> && Flat<bool> && Flat<Colour> && Flat<Old> && Flat<long double>);
static_assert(Flat<Point> && Flat<Checked> && Flat<Large> && Flat<std::array<Large, 1000>>);
static_assert(Flat<std::chrono::seconds> && Flat<std::chrono::system_clock::time_point>);
static_assert(!Flat<std::optional<int>> && Encodable<std::optional<int>>);
static_assert(!Flat<std::variant<int, bool>> && Encodable<std::variant<int, bool>>);
static_assert(!Flat<Angle> && Encodable<Angle>, "its author's word counts");
static_assert(!Flat<std::array<Angle, 2>> && Encodable<std::array<Angle, 2>>);
static_assert(!Encodable<LargeWithABool> && !Encodable<TooLargeToLookInto>);
static_assert(!Encodable<int*> && !Encodable<Pointing> && !Encodable<int (*)()>);
static_assert(!Encodable<int Point::*> && !Encodable<std::nullptr_t> && !Encodable<int[3]>);
static_assert(!Encodable<std::string_view> && !Encodable<Viewing> && !Encodable<Referring>);
static_assert(!Encodable<std::span<int>> && !Encodable<std::reference_wrapper<int>>);
static_assert(!Encodable<std::unique_ptr<int>> && !Encodable<std::shared_ptr<int>>);
static_assert(!Encodable<std::vector<int*>> && !Encodable<std::map<int, std::string_view>>);
static_assert(!Encodable<std::tuple<int, Pointing>> && !Encodable<std::pair<int*, int>>);
static_assert(!Encodable<std::optional<std::variant<int, Viewing>>>);
static_assert(!Encodable<std::atomic<int>> && !Encodable<std::function<void()>>);
static_assert(!Encodable<const int> && !Encodable<int&>);
static_assert(kFixedBytes<std::tuple<int, std::pair<char, Point>>> == 4 + 1 + sizeof(Point));
static_assert(kFixedBytes<std::string> == 0 && kFixedBytes<std::tuple<int, std::string>> == 0);
static_assert(type_tag<int>() != type_tag<unsigned>() && type_tag<long>() != type_tag<long long>());
static_assert(type_tag<std::vector<int>>() != type_tag<std::vector<unsigned>>());

template <class T>
void comes_back(const T& value) {
  const Bytes bytes = encode(value);
  EXPECT_EQ(decode<T>(bytes), value);
  if (kFixedBytes < T >> 0) {
    EXPECT_EQ(bytes.size(), kFixedBytes<T>);
  }
  // And from within others, where it has neighbours.
  const std::tuple among(1, value, std::vector<T>{value, T{}, value}, 2);
  EXPECT_EQ(decode<std::remove_const_t<decltype(among)>>(encode(among)), among);
}

template <class T>
bool refuses(std::span<const std::byte> bytes) {
  return error_of([&] { decode<T>(bytes); }) == EBADMSG;
}

/// Every message that is cut short, or goes on, is refused.
template <class T>
void takes_nothing_else_than(const T& value) {
  Bytes bytes = encode(value);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_TRUE(refuses<T>(std::span(bytes).first(size))) << size << " of " << bytes.size();
  bytes.push_back(std::byte{0});
  EXPECT_TRUE(refuses<T>(bytes));
}

template <class T>
void travels_well(const T& value) {
  comes_back(value);
  takes_nothing_else_than(value);
}

TEST(CodecTest, CarriesNumbersEnumsAndTimes) {
  travels_well(-42);
  travels_well(std::numeric_limits<std::uint64_t>::max());
  travels_well(0.1);
  travels_well(1.5L);
  travels_well(U'文');
  travels_well(true);
  travels_well(Colour::blue);
  travels_well(second);
  travels_well(std::byte{7});
  travels_well(3h);
  travels_well(std::chrono::duration<double>(0.25));
  travels_well(std::chrono::system_clock::time_point(5s));
  travels_well(std::complex<double>(1, -1));
  travels_well(std::bitset<70>(12345));
}

TEST(CodecTest, CarriesText) {
  travels_well(std::string());
  travels_well(std::string("肥水不流外人天"));
  travels_well(std::string("with\0zero", 9));
  travels_well(std::u32string(U"文字"));
}

TEST(CodecTest, CarriesContainers) {
  travels_well(std::vector<int>{1, 2, 3});
  travels_well(std::vector<bool>{true, false, true});
  travels_well(std::vector<std::string>{"a", "", "b"});
  travels_well(std::array<std::string, 2>{"x", "y"});
  travels_well(std::array<bool, 3>{true, false, true});
  travels_well(std::array<int, 0>{});
  travels_well(std::deque<Point>{{1, 2}, {3, 4}});
  travels_well(std::list<std::string>{"a", "b"});
  travels_well(std::forward_list<int>{1, 2});
  travels_well(std::map<std::string, std::vector<int>>{{"a", {1}}, {"b", {}}});
  travels_well(std::multimap<int, int>{{1, 1}, {1, 2}});
  travels_well(std::set<std::string>{"a", "b"});
  travels_well(std::multiset<int>{1, 1});
  travels_well(std::multiset<ByFirst::Pair, ByFirst>{{1, 1}, {1, 2}, {1, 3}});
  travels_well(std::unordered_map<int, std::string>{{1, "a"}, {2, "b"}});
  travels_well(std::unordered_multimap<int, int>{{1, 1}, {1, 2}});
  travels_well(std::unordered_set<std::string>{"a", "b"});
  travels_well(std::vector<std::vector<std::vector<int>>>{{{1}, {}}, {}});
}

TEST(CodecTest, CarriesPairsTuplesOptionalsAndVariants) {
  travels_well(std::pair(1, std::string("two")));
  travels_well(std::tuple(1, std::string("two"), std::pair(3.0, 'c')));
  travels_well(std::tuple<>());
  travels_well(std::optional<int>());
  travels_well(std::optional<int>(5));
  travels_well(std::optional<std::optional<std::string>>(std::in_place));
  travels_well(std::variant<int, std::string>(5));
  travels_well(std::variant<int, std::string>("five"));
  travels_well(std::variant<std::monostate, bool>());
  travels_well(std::vector<std::optional<bool>>{true, std::nullopt});
}

TEST(CodecTest, CarriesStructsAndTypesThatSayHow) {
  travels_well(Point{1, 2.5});
  travels_well(Checked{"abcd", {true, false}, {1, 2}, true});
  travels_well(Person{"Ann", 40, {{"Bob", std::nullopt, {}}, {"Cy", 3, {}}}});
  travels_well(Secret("hidden"));
  travels_well(Nothing());
  travels_well(std::vector<Nothing>(3));
  travels_well(WithArrays{"n", {1, 2, 3}, {true, false, true}, {"a", "b"}});
  const auto angle = decode<Angle>(encode(Angle{1, 0.84}));
  EXPECT_EQ(angle.radians, 1);
  EXPECT_EQ(angle.cached_sine, 0) << "travelled against its author's word";
}

TEST(CodecTest, TakesNoByteForABoolThatIsNone) {
  const auto each_byte = []<class T>(const T& value, std::size_t bools) {
    const Bytes whole = encode(value);
    std::size_t refused = 0;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      Bytes changed = whole;
      changed[i] = std::byte{2};
      refused += refuses<T>(changed);
    }
    EXPECT_EQ(refused, bools);
  };
  each_byte(true, 1);
  each_byte(Checked{}, 3);
  each_byte(std::array<Checked, 3>{}, 9);
  each_byte(std::array<bool, 4>{}, 4);
  each_byte(std::tuple(1, false, Point{}), 1);
  each_byte(Point{}, 0);
  Bytes flags = encode(WithArrays{});
  flags[8 + 3 * sizeof(int) + 1] = std::byte{2};
  EXPECT_TRUE(refuses<WithArrays>(flags));
}

TEST(CodecTest, RefusesBitsInAnotherForm) {
  Bytes text = encode(cereal::bitset_detail::type::string);
  encode(std::string("012"), text);
  EXPECT_TRUE(refuses<std::bitset<3>>(text));
}

TEST(CodecTest, RefusesAVariantsAlternativeThatIsNone) {
  using Variant = std::variant<std::monostate, int, std::string>;
  for (const int index : {-1, 3, std::numeric_limits<int>::min()}) {
    Bytes bytes = encode(index);
    bytes.resize(100);
    EXPECT_TRUE(refuses<Variant>(bytes)) << index;
  }
}

TEST(CodecTest, ReservesNothingForASizeThatTheMessageCannotFill) {
  const auto reserves_little = []<class T>(std::type_identity<T>, std::size_t least) {
    Bytes message(100);
    for (const std::uint64_t claimed :
         {(message.size() - 8) / least + 1, std::size_t{1} << 30, std::size_t{1} << 63,
          std::numeric_limits<std::size_t>::max()}) {
      std::memcpy(message.data(), &claimed, sizeof claimed);
      largest_allocation_bytes = 0;
      EXPECT_TRUE(refuses<T>(message)) << claimed;
      EXPECT_LE(largest_allocation_bytes, 1000u) << claimed;
    }
  };
  reserves_little(std::type_identity<std::string>(), 1);
  reserves_little(std::type_identity<std::vector<int>>(), sizeof(int));
  reserves_little(std::type_identity<std::vector<Large>>(), sizeof(Large));
  reserves_little(std::type_identity<std::vector<bool>>(), 1);
  reserves_little(std::type_identity<std::vector<std::string>>(), 1);
  reserves_little(std::type_identity<std::deque<std::pair<int, Point>>>(), 4 + sizeof(Point));
  reserves_little(std::type_identity<std::list<std::vector<int>>>(), 1);
  reserves_little(std::type_identity<std::unordered_set<int>>(), sizeof(int));
  reserves_little(std::type_identity<std::unordered_map<int, double>>(), 4 + sizeof(double));
  reserves_little(std::type_identity<std::vector<Nothing>>(), 1);
}

TEST(CodecTest, BoundsHowDeepValuesAreNested) {
  const auto deep = [](int levels) {
    Person root;
    Person* last = &root;
    for (int i = 1; i < levels; ++i) last = &last->children.emplace_back();
    return root;
  };
  comes_back(deep(kMostNested / 2 - 2));
  EXPECT_EQ(error_of([&] { encode(deep(kMostNested)); }), EMSGSIZE);
  // Empty name, no age, one child: over and over.
  Bytes endless;
  for (int i = 0; i < 100'000; ++i) {
    append(endless, encode(std::string()));
    append(endless, encode(std::optional<int>()));
    append(endless, encode(std::uint64_t{1}));
  }
  EXPECT_TRUE(refuses<Person>(endless));
}

struct Unwilling {
  template <class Archive>
  void serialize(Archive&) {
    throw std::range_error("not me");
  }
};

TEST(CodecTest, LetsThroughWhatATypesOwnFunctionThrows) {
  EXPECT_THROW(encode(Unwilling()), std::range_error);
  EXPECT_THROW(decode<Unwilling>(Bytes(1)), std::range_error);
}

TEST(CodecTest, DecodesRandomBytesToAnErrorOrAValue) {
  std::mt19937 random(1);
  using All = std::tuple<std::vector<std::optional<std::string>>, std::variant<bool, Person>,
                         std::map<std::uint8_t, std::vector<Checked>>>;
  int values = 0;
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes(random() % 64);
    // Mostly zeros, or hardly anything would be a value.
    for (auto& each : bytes) each = static_cast<std::byte>(random() % 8 ? 0 : random() % 5);
    try {
      const auto value = decode<All>(bytes);
      EXPECT_EQ(decode<All>(encode(value)), value);
      ++values;
    } catch (const std::system_error& error) {
      EXPECT_EQ(error.code().value(), EBADMSG);
    }
  }
  EXPECT_GT(values, 10);
}

TEST(CodecTest, AllocatesNothingForAFlatValue) {
  const Checked value{"abcd", {true, false}, {1, 2}, true};
  Bytes bytes = encode(value);
  const std::size_t before = allocations;
  with_encoded(value, [](std::span<const std::byte> message) {
    EXPECT_EQ(decode<Checked>(message).name[3], 'd');
  });
  EXPECT_EQ(allocations, before);
  with_encoded(std::string("text"), [](auto) {});
  EXPECT_GT(allocations, before) << "the count does not count";
}

}  // namespace
}  // namespace ipc::wire
