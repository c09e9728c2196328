// The typed Value and Array: what programs write with them, and what they refuse.
#include <array>
#include <climits>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "ipc/os/test_support.hpp"
#include "ipc/shared/array.hpp"
#include "ipc/shared/value.hpp"

namespace ipc {
namespace {

using Locked = Shared<AnonymousStorage, RobustMutex>;

using TypedValue = test::LeavesNothing;

TEST_F(TypedValue, BeginsAsZeroOrAsGiven) {
  EXPECT_EQ(Value<int>{}.get(), 0);
  EXPECT_EQ(Value<double>{2.5}.get(), 2.5);
  EXPECT_EQ(Value<char>{'x'}.get(), 'x');
  EXPECT_EQ(Value<bool>{true}.get(), true);
  EXPECT_EQ(Value{5000L}.get(), 5000L);
}

/// Whether both processes read what the other wrote.
template <class T>
bool is_seen_both_ways(T from_parent, T from_child) {
  Value<T> value{from_parent};
  const bool child_saw = test::in_child([&] {
                           const bool seen = value.get() == from_parent;
                           value = from_child;
                           return seen;
                         }) == test::kSuccess;
  return child_saw && value.get() == from_child && Value<T>{}.get() == T{};
}

TEST_F(TypedValue, HoldsEveryTypeOfTheTypecodes) {
  EXPECT_TRUE(is_seen_both_ways<char>('a', 'b'));
  EXPECT_TRUE(is_seen_both_ways<signed char>(-1, 1));
  EXPECT_TRUE(is_seen_both_ways<unsigned char>(255, 1));
  EXPECT_TRUE(is_seen_both_ways<wchar_t>(L'\x4e00', L'b'));
  EXPECT_TRUE(is_seen_both_ways<short>(SHRT_MIN, SHRT_MAX));
  EXPECT_TRUE(is_seen_both_ways<unsigned short>(1, USHRT_MAX));
  EXPECT_TRUE(is_seen_both_ways<int>(INT_MIN, INT_MAX));
  EXPECT_TRUE(is_seen_both_ways<unsigned>(1, UINT_MAX));
  EXPECT_TRUE(is_seen_both_ways<long>(LONG_MIN, LONG_MAX));
  EXPECT_TRUE(is_seen_both_ways<unsigned long>(1, ULONG_MAX));
  EXPECT_TRUE(is_seen_both_ways<long long>(LLONG_MIN, LLONG_MAX));
  EXPECT_TRUE(is_seen_both_ways<unsigned long long>(1, ULLONG_MAX));
  EXPECT_TRUE(is_seen_both_ways<float>(1.5F, -0.25F));
  EXPECT_TRUE(is_seen_both_ways<double>(1.5, -0.25));
  EXPECT_TRUE(is_seen_both_ways<bool>(true, false));
}

/// Whether braces with arguments of these types compile.
template <class Made, class... Args>
concept MadeFrom = requires(Args... args) {
  Made{args...};
};
template <class T>
concept HasValue = requires {
  typename Value<T>;
}
&&requires {
  typename Array<T>;
};

TEST_F(TypedValue, DoesNotCompileForWhatOtherProcessesCannotRead) {
  static_assert(HasValue<int> && HasValue<double> && HasValue<std::array<int, 3>>);
  static_assert(!HasValue<std::string>, "its characters lie elsewhere");
  static_assert(!HasValue<int*> && !HasValue<const char*>, "memory of one process");
  static_assert(!HasValue<std::vector<int>> && !HasValue<int&>);
  using OverAtomic = Shared<AnonymousStorage, Atomic>;
  static_assert(CellOf<long, OverAtomic> && !CellOf<std::array<long, 3>, OverAtomic>,
                "what is changed in several steps needs a lock");
  static_assert(MadeFrom<Value<int>, int> && !MadeFrom<Value<int>, std::string>);
  static_assert(MadeFrom<Array<int>, int, int> && !MadeFrom<Array<int>, std::string>);
  static_assert(!MadeFrom<Array<int>, double, double>, "a double may not fit into an int");
}

TEST_F(TypedValue, ReadsAndWritesBothWays) {
  Value<int> money{5000};
  EXPECT_EQ(test::in_child([&] {
              const int seen = money;
              money = seen - 7;
              return seen == 5000;
            }),
            test::kSuccess);
  EXPECT_EQ(money.get(), 4993);
  money.set(1);
  EXPECT_EQ(test::in_child([&] { return money == 1; }), test::kSuccess);
}

TEST_F(TypedValue, LosesNoUpdateBetweenEarningAndSpending) {
  Value<int> money{5000};
  auto man = test::beside([&] {
    for (int i = 0; i < 50'000; ++i) money += 3;
    return true;
  });
  auto girl = test::beside([&] {
    for (int i = 0; i < 50'000; ++i) money -= 2;
    return true;
  });
  EXPECT_EQ(man.wait(), test::kSuccess);
  EXPECT_EQ(girl.wait(), test::kSuccess);
  EXPECT_EQ(money, 5000 + 50'000);
}

TEST_F(TypedValue, OperatorsGiveWhatTheyGiveOnAPlainNumber) {
  Value<int> value{10};
  EXPECT_EQ(value += 5, 15);
  EXPECT_EQ(value -= 3, 12);
  EXPECT_EQ(++value, 13);
  EXPECT_EQ(value++, 13);
  EXPECT_EQ(--value, 13);
  EXPECT_EQ(value--, 13);
  EXPECT_EQ(value, 12);
  EXPECT_EQ(value.update([](int now) { return now * 2; }), 24);
  Value<unsigned char> small{250};
  EXPECT_EQ(small += 10, 4);
  Value<double> real{1};
  EXPECT_EQ(real -= 0.25, 0.75);
}

TEST_F(TypedValue, HoldsAnyTriviallyCopyableType) {
  struct Point {
    int x = 1, y = 2, z = 3;
  };
  Value<Point> point;
  EXPECT_EQ(point.get().z, 3);
  EXPECT_EQ(test::in_child([&] { return point = Point{4, 5, 6}, true; }), test::kSuccess);
  EXPECT_EQ(point.get().y, 5);
  Array<Point> points(2);
  EXPECT_EQ(points.load(1).y, 2);
}

TEST_F(TypedValue, SeveralStepsUnderItsLockAreOne) {
  Value<int, Locked> value{0};
  const auto work = [&] {
    for (int i = 0; i < 5000; ++i) {
      const std::scoped_lock inside(value.get_lock());
      const int seen = value.get_obj();
      value.get_obj() = seen + 1;
    }
    return true;
  };
  auto first = test::beside(work);
  auto second = test::beside(work);
  EXPECT_EQ(first.wait(), test::kSuccess);
  EXPECT_EQ(second.wait(), test::kSuccess);
  EXPECT_EQ(value, 10'000);
}

template <class V>
concept HasLock = requires(V& value) {
  value.get_lock();
};

TEST_F(TypedValue, HasNoLockOverABackendWithoutOne) {
  using Unlocked = Value<int, Shared<AnonymousStorage, Atomic>>;
  static_assert(!HasLock<Unlocked> && HasLock<Value<int, Locked>>);
  Unlocked value{1};
  value.get_obj() = 2;
  EXPECT_EQ(value, 2);
}

TEST_F(TypedValue, TakesTheLockOfAnotherSoThatBothChangeAsOne) {
  Value<int, Locked> left{1000};
  Value<int, Locked> right{0, left.get_lock()};
  Array<int, Locked> moves(1, left.get_lock());
  EXPECT_EQ(&right.get_lock(), &left.get_lock());
  EXPECT_EQ(&moves.get_lock(), &left.get_lock());
  auto mover = test::beside([&] {
    for (int i = 0; i < 1000; ++i) {
      const std::scoped_lock inside(left.get_lock());
      --left.get_obj();
      ++right.get_obj();
      ++moves.get_obj()[0];
    }
    return true;
  });
  for (bool all_moved = false; !all_moved;) {
    const std::scoped_lock inside(right.get_lock());
    ASSERT_EQ(left.get_obj() + right.get_obj(), 1000);
    ASSERT_EQ(right.get_obj(), moves.get_obj()[0]);
    all_moved = right.get_obj() == 1000;
  }
  EXPECT_EQ(mover.wait(), test::kSuccess);
  right += 1;
  EXPECT_EQ(right, 1001);
}

using TypedArray = test::LeavesNothing;

TEST_F(TypedArray, ParenthesesGiveASizeAndBracesTheElements) {
  Array<int> zeros(3);
  EXPECT_EQ(zeros.size(), 3u);
  EXPECT_EQ(zeros[2], 0);
  Array<int> given{1, 2, 3};
  EXPECT_EQ(given.size(), 3u);
  EXPECT_EQ(test::in_child([&] { return given[0] = 42, given[1] == 2; }), test::kSuccess);
  EXPECT_EQ(given[0], 42);
  const std::vector<int> some{7, 8};
  EXPECT_EQ(Array<int>(some)[1], 8);
}

TEST_F(TypedArray, HoldsText) {
  Array<char> text("hello");
  EXPECT_EQ(text.size(), 5u);
  EXPECT_EQ(test::in_child([&] { return text[0] = 'H', true; }), test::kSuccess);
  EXPECT_EQ(text.value(), "Hello");
  text[2] = '\0';
  EXPECT_EQ(text.value(), "He");
  EXPECT_EQ(text.raw(), std::string("He\0lo", 5));
  const Array<char, Locked> locked("abc");
  EXPECT_EQ(locked.value(), "abc");
  EXPECT_EQ(Array<char>("").value(), "");
}

TEST_F(TypedArray, TakesATextThatFitsAndRefusesALongerOne) {
  const auto take = [](auto array) {
    array.set_value("hey");
    EXPECT_EQ(array.value(), "hey");
    EXPECT_EQ(array.raw(), std::string("hey\0o", 5));
    array.set_value("world");
    EXPECT_EQ(array.value(), "world");
    EXPECT_THROW(array.set_value("longer"), std::length_error);
    EXPECT_EQ(array.value(), "world");
  };
  take(Array<char>("hello"));
  take(Array<char, Locked>("hello"));
}

TEST_F(TypedArray, SlicesAreSpansOfItsElements) {
  Array<int> array{0, 1, 2, 3, 4};
  const std::span<int> middle = array.get_obj().subspan(1, 3);
  EXPECT_EQ(std::vector<int>(middle.begin(), middle.end()), (std::vector{1, 2, 3}));
  EXPECT_EQ(test::in_child([&] { return middle[2] = 30, true; }), test::kSuccess);
  EXPECT_EQ(array[3], 30);
}

TEST_F(TypedArray, OfNothingIsFine) {
  const Array<int> none(0);
  EXPECT_EQ(none.size(), 0u);
  EXPECT_EQ(none.begin(), none.end());
}

TEST_F(TypedArray, ChecksTheIndexInAt) {
  Array<int> array{1, 2, 3};
  EXPECT_EQ(array.at(2), 3);
  EXPECT_EQ(array.at(-1), 3);
  EXPECT_EQ(array.at(-3), 1);
  array.at(0) = 9;
  EXPECT_EQ(array[0], 9);
  EXPECT_THROW((void)array.at(3), std::out_of_range);
  EXPECT_THROW((void)array.at(-4), std::out_of_range);
  EXPECT_THROW((void)Array<int>(0).at(0), std::out_of_range);
}

TEST_F(TypedArray, RefusesASizeThatCannotBe) {
  EXPECT_THROW(Array<int> array(-1), std::system_error);
  EXPECT_THROW(Array<int> array(PTRDIFF_MAX), std::system_error);
  EXPECT_THROW(Array<char> array(PTRDIFF_MAX), std::system_error);
}

TEST_F(TypedArray, IteratesOverItsElementsForReadingAndWriting) {
  Array<int> array{1, 2, 3};
  for (auto element : array) element += 10;
  int sum = 0;
  for (const int element : array) sum += element;
  EXPECT_EQ(sum, 36);
}

TEST_F(TypedArray, AssignsOneElementToAnother) {
  Array<int> array{1, 2};
  array[0] = array[1];
  EXPECT_EQ(array[0], 2);
  EXPECT_EQ(array[0]++, 2);
  EXPECT_EQ(array[0] -= 5, -2);
}

}  // namespace
}  // namespace ipc
