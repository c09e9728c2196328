// Maps of a pool: at once, of tuples, and lazily as ranges.
#include <list>
#include <numeric>
#include <ranges>
#include <set>
#include <sstream>

#include "ipc/backends.hpp"
#include "ipc/pool/pool_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using namespace test;

std::vector<int> numbers(int count) {
  std::vector<int> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}
std::vector<int> squares(int count) {
  auto all = numbers(count);
  for (int& each : all) each *= each;
  return all;
}
int fail_from_three(int item) {
  ++board->done;
  if (item >= 3) throw std::runtime_error(std::to_string(item));
  return item;
}

/// A source that counts how far it has been read.
auto counted(int count, int& read) {
  return std::views::iota(0, count) | std::views::transform([&read](int item) {
           ++read;
           return item;
         });
}

template <class B>
class PoolMap : public PoolFixture<B> {
 protected:
  void SetUp() override {
    PoolFixture<B>::SetUp();
    if (!this->IsSkipped()) pool_.emplace(2);
  }
  void TearDown() override {
    pool_.reset();
    PoolFixture<B>::TearDown();
  }
  std::optional<Pool<B>> pool_;
};
using Types = Pools::Apply<testing::Types>;
TYPED_TEST_SUITE(PoolMap, Types, BackendName);

TYPED_TEST(PoolMap, KeepsTheOrderWithAnyChunk) {
  auto& pool = *this->pool_;
  const int count = many<TypeParam>(1000);
  EXPECT_EQ(pool.map(square, numbers(count)), squares(count));
  for (const int chunk : {1, 7, count - 1, count, count + 1, 1'000'000})
    EXPECT_EQ(pool.map(square, numbers(count), chunk), squares(count)) << chunk;
  EXPECT_THROW(pool.map(square, numbers(3), 0), std::invalid_argument);
  EXPECT_THROW(pool.map(square, numbers(3), -1), std::invalid_argument);
}

TYPED_TEST(PoolMap, OfNothingIsNothingAtOnce) {
  auto& pool = *this->pool_;
  const auto busy = pool.apply_async([] {
    while (board->gate == 0) ::sched_yield();
  });
  pool.apply_async([] {
    while (board->gate == 0) ::sched_yield();
  });
  EXPECT_EQ(pool.map(square, std::vector<int>{}), std::vector<int>{});
  EXPECT_TRUE(pool.map_async(square, std::vector<int>{}).ready());
  for (const int each : pool.imap(square, std::vector<int>{})) ADD_FAILURE() << each;
  for (const int each : pool.imap_unordered(square, std::vector<int>{})) ADD_FAILURE() << each;
  board->gate = 1;
  busy.wait();
}

TYPED_TEST(PoolMap, ThrowsTheFirstErrorWhenAllHaveEnded) {
  auto& pool = *this->pool_;
  for (const int chunk : {1, 2, 4, 100}) {
    board->done = 0;
    try {
      pool.map(fail_from_three, numbers(8), chunk);
      ADD_FAILURE();
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "3");
    }
    EXPECT_EQ(board->done, 8) << "all items run, chunk " << chunk;
  }
}

TYPED_TEST(PoolMap, StarmapSpreadsTuplesAndPairs) {
  auto& pool = *this->pool_;
  const auto repeat = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  const std::vector<std::tuple<std::string, int>> tuples{{"a", 3}, {"bc", 2}};
  EXPECT_EQ(pool.starmap(repeat, tuples), (std::vector<std::string>{"aaa", "bcbc"}));
  const std::vector<std::pair<std::string, int>> pairs{{"a", 1}, {"b", 2}};
  EXPECT_EQ(pool.starmap(repeat, pairs, 2), (std::vector<std::string>{"a", "bb"}));
  EXPECT_EQ(pool.starmap_async(repeat, pairs).get(), (std::vector<std::string>{"a", "bb"}));
}

TYPED_TEST(PoolMap, ImapKeepsTheOrder) {
  auto& pool = *this->pool_;
  const int count = many<TypeParam>(500);
  for (const int chunk : {1, 7, 1000}) {
    std::vector<int> results;
    for (const int each : pool.imap(square, numbers(count), chunk)) results.push_back(each);
    EXPECT_EQ(results, squares(count)) << chunk;
  }
  EXPECT_THROW(pool.imap(square, numbers(3), 0), std::invalid_argument);
}

TYPED_TEST(PoolMap, ImapUnorderedGivesEachOnceAsTheyCome) {
  auto& pool = *this->pool_;
  const auto first_is_slow = [](int item) {
    while (item == 0 && board->gate == 0) ::sched_yield();
    return item;
  };
  std::multiset<int> seen;
  int last = -1;
  for (const int each : pool.imap_unordered(first_is_slow, numbers(50))) {
    seen.insert(last = each);
    if (seen.size() == 7) board->gate = 1;  // with one worker held up, seven of the eight ahead
  }
  const auto all = numbers(50);
  EXPECT_EQ(seen, std::multiset<int>(all.begin(), all.end()));
  EXPECT_FALSE(seen.empty() || last == -1);
}

class PoolMapTest : public WithBoard {
 protected:
  void SetUp() override {
    WithBoard::SetUp();
    pool_.emplace(2);
  }
  void TearDown() override {
    pool_.reset();
    WithBoard::TearDown();
  }
  std::optional<Pool<>> pool_;
};

TEST_F(PoolMapTest, GivesItemsToWorkersInChunksOfAboutAQuarterOfAWorkersShare) {
  // A chunk whose worker dies is lost together: 16 items of 128 for 2 workers, 4 chunks each.
  const auto die_at_17 = [](int item) {
    ++board->done;
    if (item == 17) ::_exit(3);
  };
  board->done = 0;
  EXPECT_THROW(pool_->map(die_at_17, numbers(128)), WorkerLost);
  EXPECT_EQ(board->done, 128 - 16 + 2);
}

TEST_F(PoolMapTest, TakesItemsFromAnyRange) {
  const std::list<int> list{1, 2, 3};
  EXPECT_EQ(pool_->map(square, list), (std::vector{1, 4, 9}));
  EXPECT_EQ(pool_->map(square, std::views::iota(1, 4)), (std::vector{1, 4, 9}));
  std::istringstream text("1 2 3");
  EXPECT_EQ(pool_->map(square, std::views::istream<int>(text)), (std::vector{1, 4, 9}));
  const char* const words[] = {"a", "bc"};
  EXPECT_EQ(pool_->map([](const std::string& word) { return word.size(); }, words),
            (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(pool_->map([](bool bit) { return !bit; }, std::vector<bool>{true, false}),
            (std::vector<bool>{false, true}));
}

TEST_F(PoolMapTest, OfAFunctionWithoutResult) {
  const auto count = [](int) { ++board->done; };
  pool_->map(count, numbers(10));
  pool_->map_async(count, numbers(10)).get();
  pool_->starmap([](int, int) { ++board->done; }, std::vector<std::pair<int, int>>(10));
  EXPECT_EQ(board->done, 30);
  int results = 0;
  for (const std::monostate each : pool_->imap(count, numbers(10))) results += each == each;
  for (const std::monostate each : pool_->imap_unordered(count, numbers(10)))
    results += each == each;
  EXPECT_EQ(results, 20);
  EXPECT_EQ(board->done, 50);
  static_assert(std::is_void_v<decltype(pool_->map(count, numbers(1)))>);
}

TEST_F(PoolMapTest, MapAsyncIsAResultOfThemAll) {
  const auto wait = [](int item) {
    while (board->gate == 0) ::sched_yield();
    return item;
  };
  const AsyncResult<std::vector<int>> result = pool_->map_async(wait, numbers(100), 10);
  EXPECT_FALSE(result.ready());
  EXPECT_THROW(result.get_for(10ms), TimeoutError);
  EXPECT_THROW(static_cast<void>(result.successful()), std::logic_error);
  board->gate = 1;
  EXPECT_EQ(result.get(), numbers(100));
  EXPECT_TRUE(result.successful());
  EXPECT_FALSE([&] {
    const auto failed = pool_->map_async(fail_from_three, numbers(8));
    failed.wait();
    return failed.successful();
  }());
}

TEST_F(PoolMapTest, CallbacksOfAMapAreCalledOnceForAll) {
  int values = 0, errors = 0;
  std::size_t size = 0;
  const Callbacks<std::vector<int>> callbacks{
      .callback =
          [&](const std::vector<int>& all) {
            ++values;
            size = all.size();
          },
      .error_callback = [&](const std::exception_ptr&) { ++errors; }};
  pool_->map_async(callbacks, square, numbers(100), 7).get();
  EXPECT_EQ(values, 1);
  EXPECT_EQ(size, 100u);
  pool_->map_async(callbacks, square, std::vector<int>{});
  EXPECT_EQ(values, 2) << "of nothing, at once";
  pool_->map_async(callbacks, fail_from_three, numbers(8), 1);
  pool_->close();
  pool_->join();
  EXPECT_EQ(values, 2);
  EXPECT_EQ(errors, 1);
}

TEST_F(PoolMapTest, ClosingAndJoiningAfterLargeErrorsDoesNotHang) {
  const auto fail_large = [](int) -> int { throw std::runtime_error(std::string(100'000, 'x')); };
  pool_->map_async(fail_large, numbers(500), 1);
  EXPECT_THROW(pool_->map(fail_large, numbers(10)), std::runtime_error);
  pool_->close();
  pool_->join();
}

TEST_F(PoolMapTest, ImapReadsItsSourceOnlyAsResultsAreTaken) {
  int read = 0;
  auto results = pool_->imap(square, counted(1'000'000'000, read), 3);
  EXPECT_EQ(read, 0);
  int taken = 0;
  for (const int each : results) {
    EXPECT_EQ(each, taken * taken);
    constexpr int kAhead = 4 * 2 * 3;
    EXPECT_LE(read, taken + 3 + kAhead);
    if (++taken == 100) break;
  }
  EXPECT_EQ(pool_->apply(square, 3), 9) << "the pool serves on with results left";
}

TEST_F(PoolMapTest, ImapThrowsAnItemsErrorInItsPlaceAndGoesOn) {
  auto results = pool_->imap(
      [](int item) {
        if (item == 1) throw std::out_of_range("one");
        return item;
      },
      numbers(4));
  auto at = results.begin();
  EXPECT_EQ(*at, 0);
  ++at;
  EXPECT_THROW(static_cast<void>(*at), std::out_of_range);
  EXPECT_THROW(static_cast<void>(*at), std::out_of_range);
  EXPECT_EQ(*++at, 2);
  EXPECT_EQ(*++at, 3);
  EXPECT_EQ(++at, results.end());
}

TEST_F(PoolMapTest, ImapIsAnInputRange) {
  auto results = pool_->imap(square, std::views::iota(0, 10));
  static_assert(std::ranges::input_range<decltype(results)>);
  int sum = 0;
  for (const int each : results | std::views::filter([](int value) { return value % 2 == 0; }))
    sum += each;
  EXPECT_EQ(sum, 0 + 4 + 16 + 36 + 64);
}

TEST_F(PoolMapTest, ImapGoesOnAfterCloseAndEndsWithThePool) {
  auto results = pool_->imap(square, numbers(100));
  pool_->close();
  auto at = results.begin();
  for (int i = 0; i < 50; ++i, ++at) EXPECT_EQ(*at, i * i);
  pool_->join();
  const auto read_on = [&] {
    for (; at != results.end(); ++at) static_cast<void>(*at);
  };
  EXPECT_THROW(read_on(), PoolTerminated);
  EXPECT_EQ(++at, results.end());
}

TEST_F(PoolMapTest, ImapsOfAPoolThatIsGoneThrow) {
  std::optional<Pool<>> pool(2);
  auto ordered = pool->imap([](int) { nap_forever(); }, numbers(100));
  auto unordered = pool->imap_unordered(square, numbers(100));
  auto at = unordered.begin();
  pool.reset();
  EXPECT_THROW(static_cast<void>(*ordered.begin()), PoolTerminated);
  const auto read_on = [&] {
    for (; at != unordered.end(); ++at) static_cast<void>(*at);
  };
  EXPECT_THROW(read_on(), PoolTerminated);
}

}  // namespace
}  // namespace ipc
