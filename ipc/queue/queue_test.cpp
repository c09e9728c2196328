// Every queue backend keeps the contract of contract.hpp; the typed Queue keeps its own.
#include "ipc/queue/queue.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include "ipc/backends.hpp"
#include "ipc/os/heap_test_support.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using test::beside;
using test::error_of;
using test::in_child;
using test::Interruptions;
using test::kSuccess;
using wire::Bytes;

Bytes bytes(std::string_view text) {
  const auto span = std::as_bytes(std::span(text));
  return {span.begin(), span.end()};
}

template <TimedByteQueue Q>
std::optional<Bytes> take_until(Q& queue, os::Deadline deadline) {
  Bytes buffer(queue.max_message_bytes());
  const auto size = queue.get_until(buffer, deadline);
  if (!size) return std::nullopt;
  buffer.resize(*size);
  return buffer;
}
template <class Q>
Bytes take(Q& queue) {
  Bytes buffer(queue.max_message_bytes());
  buffer.resize(queue.get(buffer));
  return buffer;
}
template <class Q>
std::optional<Bytes> try_take(Q& queue) {
  Bytes buffer(queue.max_message_bytes());
  const auto size = queue.try_get(buffer);
  if (!size) return std::nullopt;
  buffer.resize(*size);
  return buffer;
}

template <class B>
class QueueConformance : public test::Conformance<B> {};
using Types = Queues::Apply<testing::Types>;
TYPED_TEST_SUITE(QueueConformance, Types, test::BackendName);

TYPED_TEST(QueueConformance, KeepsTheOrderOfOneProducer) {
  TypeParam queue{QueueOptions{}};
  auto producer = beside([&] {
    for (int i = 0; i < 5000; ++i) queue.put(wire::encode(i));
    return true;
  });
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(wire::decode<int>(take(queue)), i);
  EXPECT_EQ(producer.wait(), kSuccess);
}

TYPED_TEST(QueueConformance, GivesEachMessageToExactlyOneOfManyConsumers) {
  constexpr unsigned kPeers = 4, kEach = 5000, kAll = kPeers * kEach;
  TypeParam queue{{.capacity_messages = 4, .max_message_bytes = 64}};
  os::SharedMapping memory(kAll * sizeof(std::atomic<int>));
  auto* const seen = reinterpret_cast<std::atomic<int>*>(memory.data());
  std::vector<os::Child> peers;
  for (unsigned p = 0; p < kPeers; ++p) {
    peers.push_back(beside([&, p] {
      for (unsigned i = 0; i < kEach; ++i) queue.put(wire::encode(p * kEach + i));
      return true;
    }));
    peers.push_back(beside([&] {
      std::array<long, kPeers> last;
      last.fill(-1);
      for (unsigned i = 0; i < kEach; ++i) {
        const auto value = wire::decode<unsigned>(take(queue));
        ++seen[value];
        if (std::exchange(last.at(value / kEach), long{value}) >= long{value}) return false;
      }
      return true;
    }));
  }
  for (auto& peer : peers) EXPECT_EQ(peer.wait(), kSuccess);
  for (unsigned i = 0; i < kAll; ++i) ASSERT_EQ(seen[i], 1) << i;
}

TYPED_TEST(QueueConformance, TryPutGivesFalseExactlyWhenItIsFull) {
  for (const std::size_t capacity : {1u, 2u, 3u, 8u}) {
    for (const std::size_t size : {0u, 1u, 100u, 2000u}) {
      TypeParam queue{{.capacity_messages = capacity, .max_message_bytes = 2000}};
      ASSERT_GE(queue.capacity_messages(), capacity);
      for (std::size_t i = 0; i < queue.capacity_messages(); ++i)
        ASSERT_TRUE(queue.try_put(Bytes(size)));
      ASSERT_FALSE(queue.try_put(Bytes(size)));
    }
  }
}

TYPED_TEST(QueueConformance, EachGetMakesRoomForOnePutAtOnce) {
  TypeParam queue{{.capacity_messages = 8, .max_message_bytes = 100}};
  const auto capacity = queue.capacity_messages();
  for (std::size_t i = 0; i < capacity; ++i) queue.put(bytes("first"));
  auto producer = beside([&] {
    queue.put(bytes("blocks"));
    queue.put(bytes("again"));
    return true;
  });
  EXPECT_EQ(producer.wait_until(os::Deadline::after(20ms)), std::nullopt);
  EXPECT_EQ(take(queue), bytes("first"));
  EXPECT_EQ(producer.wait_until(os::Deadline::after(20ms)), std::nullopt);
  EXPECT_EQ(take(queue), bytes("first"));
  EXPECT_EQ(producer.wait(), kSuccess);
  EXPECT_FALSE(queue.try_put({}));
}

TYPED_TEST(QueueConformance, TryGetGivesNothingExactlyWhenItIsEmpty) {
  TypeParam queue{QueueOptions{}};
  EXPECT_EQ(try_take(queue), std::nullopt);
  queue.put(bytes("one"));
  EXPECT_EQ(try_take(queue), bytes("one"));
  EXPECT_EQ(try_take(queue), std::nullopt);
}

TYPED_TEST(QueueConformance, TimedCallsGiveUpAtTheDeadlineAndNeverBefore) {
  if constexpr (!TypeParam::kHasTimed) {
    GTEST_SKIP() << "the mechanism has no timed calls";
  } else {
    TypeParam queue{{.capacity_messages = 1, .max_message_bytes = 10}};
    auto begin = os::Clock::now();
    EXPECT_EQ(take_until(queue, os::Deadline::after(50ms)), std::nullopt);
    EXPECT_GE(os::Clock::now() - begin, 50ms);
    while (queue.try_put({})) {
    }
    begin = os::Clock::now();
    EXPECT_FALSE(queue.put_until({}, os::Deadline::after(50ms)));
    EXPECT_GE(os::Clock::now() - begin, 50ms);
    EXPECT_FALSE(queue.put_until({}, os::Deadline::now()));
    EXPECT_TRUE(take_until(queue, os::Deadline::now()));
    EXPECT_TRUE(queue.put_until({}, os::Deadline::now()));
  }
}

TYPED_TEST(QueueConformance, TimedCallsReturnAsSoonAsTheyCan) {
  if constexpr (!TypeParam::kHasTimed) {
    GTEST_SKIP() << "the mechanism has no timed calls";
  } else {
    TypeParam there{{.capacity_messages = 1, .max_message_bytes = 10}};
    TypeParam back{{.capacity_messages = 1, .max_message_bytes = 10}};
    auto peer = beside([&] {
      bool fine = take_until(there, os::Deadline::after(1h)) == bytes("a");
      for (int i = 0; i < 1000; ++i)
        fine = back.put_until(bytes("b"), os::Deadline::after(1h)) && fine;
      return fine;
    });
    there.put(bytes("a"));
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(take_until(back, os::Deadline::after(1h)), bytes("b"));
    EXPECT_EQ(peer.wait(), kSuccess);
  }
}

TYPED_TEST(QueueConformance, CarriesMessagesOfEverySizeUpToTheMost) {
  for (std::size_t most : {1u, 1019u, 1020u, 1021u, 8192u}) {
    most = std::min(most, TypeParam::kMostMessageBytes);
    TypeParam queue{{.capacity_messages = 1, .max_message_bytes = most}};
    ASSERT_GE(queue.max_message_bytes(), most);
    for (const std::size_t size : {std::size_t{0}, most / 2, most - 1, most}) {
      Bytes message(size);
      for (std::size_t i = 0; i < size; ++i) message[i] = static_cast<std::byte>(i * 31);
      queue.put(message);
      EXPECT_EQ(take(queue), message);
    }
  }
}

TYPED_TEST(QueueConformance, AMessageThatIsTooLongThrowsAndTakesNoPlace) {
  TypeParam queue{{.capacity_messages = 2, .max_message_bytes = 100}};
  const Bytes message(queue.max_message_bytes() + 1);
  EXPECT_EQ(error_of([&] { queue.put(message); }), EMSGSIZE);
  EXPECT_EQ(error_of([&] { queue.try_put(message); }), EMSGSIZE);
  if constexpr (TypeParam::kHasTimed) {
    EXPECT_EQ(error_of([&] { queue.put_until(message, os::Deadline::now()); }), EMSGSIZE);
  }
  EXPECT_EQ(try_take(queue), std::nullopt);
}

TYPED_TEST(QueueConformance, ABufferThatIsTooShortThrowsAndTakesNothing) {
  TypeParam queue{{.capacity_messages = 2, .max_message_bytes = 100}};
  queue.put(bytes("stays"));
  Bytes buffer(queue.max_message_bytes() - 1);
  EXPECT_EQ(error_of([&] { queue.get(buffer); }), EMSGSIZE);
  EXPECT_EQ(error_of([&] { queue.try_get(buffer); }), EMSGSIZE);
  if constexpr (TypeParam::kHasTimed) {
    EXPECT_EQ(error_of([&] { queue.get_until(buffer, os::Deadline::now()); }), EMSGSIZE);
  }
  EXPECT_EQ(take(queue), bytes("stays"));
}

TYPED_TEST(QueueConformance, AQueueOverTheLimitsOfThisMachineThrows) {
  const auto make = [](QueueOptions options) { TypeParam{options}; };
  EXPECT_NE(error_of([&] { make({.capacity_messages = std::size_t{1} << 40}); }), 0);
  EXPECT_NE(error_of([&] { make({.capacity_messages = 0}); }), 0);
  if (TypeParam::kMostMessageBytes != kAnyMessageBytes) {
    EXPECT_EQ(error_of([&] { make({.max_message_bytes = TypeParam::kMostMessageBytes + 1}); }),
              EMSGSIZE);
  }
}

TYPED_TEST(QueueConformance, TellsHowManyMessagesAreInside) {
  if (!TypeParam::kHasSize) GTEST_SKIP() << "the mechanism cannot tell";
  TypeParam queue{{.capacity_messages = 3, .max_message_bytes = 100}};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(queue.size(), i);
    queue.put(Bytes(i * 50));
  }
  for (std::size_t i = 3; i > 0; --i) {
    EXPECT_EQ(queue.size(), i);
    take(queue);
  }
  EXPECT_EQ(queue.size(), 0u);
}

TYPED_TEST(QueueConformance, KeepsTheMessageOfAProcessThatEnded) {
  TypeParam queue{QueueOptions{}};
  EXPECT_EQ(in_child([&] {
              queue.put(bytes("left behind"));
              return true;
            }),
            kSuccess);
  EXPECT_EQ(take(queue), bytes("left behind"));
}

TYPED_TEST(QueueConformance, ASignalHandlerEndsNoWaitEarly) {
  TypeParam queue{{.capacity_messages = 1, .max_message_bytes = 10}};
  const Interruptions interruptions;
  if constexpr (TypeParam::kHasTimed) {
    const auto begin = os::Clock::now();
    EXPECT_EQ(take_until(queue, os::Deadline::after(100ms)), std::nullopt);
    EXPECT_GE(os::Clock::now() - begin, 100ms);
  }
  TypeParam back{{.capacity_messages = 1, .max_message_bytes = 10}};
  auto peer = beside([&] {
    const Interruptions here_too;
    const bool waited = take(queue) == bytes("a");
    for (std::size_t i = 0; i <= back.capacity_messages(); ++i) back.put(bytes("b"));
    return waited;
  });
  EXPECT_EQ(peer.wait_until(os::Deadline::after(50ms)), std::nullopt);
  queue.put(bytes("a"));
  EXPECT_EQ(peer.wait_until(os::Deadline::after(50ms)), std::nullopt);
  for (std::size_t i = 0; i <= back.capacity_messages(); ++i) EXPECT_EQ(take(back), bytes("b"));
  EXPECT_EQ(peer.wait(), kSuccess);
}

TYPED_TEST(QueueConformance, ConsumersKilledWhileTheyWaitBlockNobody) {
  if (!TypeParam::kSurvivesKill) GTEST_SKIP() << "not promised";
  TypeParam queue{QueueOptions{}};
  for (int i = 0; i < 20; ++i) {
    auto consumer = beside([&] { return take(queue).empty(); });
    consumer.wait_until(os::Deadline::after(1ms));
    consumer.kill(SIGKILL);
    EXPECT_EQ(consumer.wait().signal(), SIGKILL);
  }
  queue.put(bytes("for another"));
  EXPECT_EQ(in_child([&] { return take(queue) == bytes("for another"); }), kSuccess);
}

TYPED_TEST(QueueConformance, ProducersKilledWhileTheyWaitBlockNobody) {
  if (!TypeParam::kSurvivesKill) GTEST_SKIP() << "not promised";
  TypeParam queue{{.capacity_messages = 2, .max_message_bytes = 10}};
  while (queue.try_put(bytes("old"))) {
  }
  for (int i = 0; i < 20; ++i) {
    auto producer = beside([&] {
      queue.put(bytes("lost"));
      return true;
    });
    producer.wait_until(os::Deadline::after(1ms));
    producer.kill(SIGKILL);
    EXPECT_EQ(producer.wait().signal(), SIGKILL);
  }
  auto producer = beside([&] {
    for (std::size_t i = 0; i < queue.capacity_messages(); ++i) queue.put(bytes("new"));
    return true;
  });
  while (take(queue) != bytes("new")) {
  }
  for (std::size_t i = 1; i < queue.capacity_messages(); ++i) EXPECT_EQ(take(queue), bytes("new"));
  EXPECT_EQ(producer.wait(), kSuccess);
}

TYPED_TEST(QueueConformance, PeersKilledAtAnyMomentBlockNobody) {
  if (!TypeParam::kSurvivesKill) GTEST_SKIP() << "not promised";
  TypeParam queue{{.capacity_messages = 2, .max_message_bytes = 4000}};
  for (int i = 0; i < 50; ++i) {
    auto producer = beside([&]() -> bool {
      for (;;) queue.put(Bytes(4000));
    });
    auto consumer = beside([&]() -> bool {
      for (;;) take(queue);
    });
    auto& victim = i % 2 ? producer : consumer;
    victim.wait_until(os::Deadline::after(std::chrono::microseconds(1000 + i * 37)));
    victim.kill(SIGKILL);
    victim.wait();
    // Whoever is left goes on: more can be put than fits, or taken than was inside.
    for (std::size_t k = 0; k <= queue.capacity_messages(); ++k) {
      if (i % 2)
        queue.put({});
      else
        take(queue);
    }
  }
  while (try_take(queue)) {
  }
  queue.put(bytes("fine"));
  EXPECT_EQ(take(queue), bytes("fine"));
}

TYPED_TEST(QueueConformance, AChildDestroyingItsCopyHarmsNobody) {
  std::optional<TypeParam> queue(std::in_place, QueueOptions{});
  EXPECT_EQ(in_child([&] {
              queue.reset();
              return true;
            }),
            kSuccess);
  queue->put(bytes("still here"));
  EXPECT_EQ(take(*queue), bytes("still here"));
}

TYPED_TEST(QueueConformance, LeavesNothingBehindWhenItsOwnerIsKilled) {
  auto owner = os::Child::fork([] {
    TypeParam queue{QueueOptions{}};
    queue.put(bytes("left"));
    return ::raise(SIGKILL);
  });
  EXPECT_EQ(owner.wait().signal(), SIGKILL);
  EXPECT_EQ(test::leaves_until_reclaimed(owner.pid()), TypeParam::kNeedsReclaim);
}

TYPED_TEST(QueueConformance, ServesTheThreadsOfOneProcess) {
  TypeParam queue{{.capacity_messages = 2, .max_message_bytes = 100}};
  std::thread producer([&] {
    for (int i = 0; i < 1000; ++i) queue.put(wire::encode(i));
  });
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(wire::decode<int>(take(queue)), i);
  producer.join();
}

TYPED_TEST(QueueConformance, AnExecutedProgramSeesNoDescriptor) {
  const auto before = test::descriptors_of_a_program();
  const TypeParam queue{QueueOptions{}};
  EXPECT_EQ(test::descriptors_of_a_program(), before);
}

class QueueTest : public test::LeavesNothing {};

TEST_F(QueueTest, IsFullAfterExactlyMaxsizePuts) {
  Queue<std::tuple<int, int>> queue{3};
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(queue.full());
    EXPECT_TRUE(queue.try_put({i, i * i}));
  }
  EXPECT_TRUE(queue.full());
  EXPECT_FALSE(queue.try_put({0, 0}));
  const auto begin = os::Clock::now();
  EXPECT_FALSE(queue.try_put_for({0, 0}, 20ms));
  EXPECT_GE(os::Clock::now() - begin, 20ms);
  EXPECT_FALSE(queue.try_put_for({0, 0}, -1s));
  EXPECT_EQ(queue.get(), std::tuple(0, 0));
  EXPECT_FALSE(queue.full());
  EXPECT_TRUE(queue.try_put_for({9, 9}, -1s));
}

TEST_F(QueueTest, TellsItsSizeAtOnce) {
  Queue<std::string> queue{4};
  EXPECT_TRUE(queue.empty());
  queue.put("one");
  EXPECT_EQ(queue.qsize(), 1u);
  EXPECT_FALSE(queue.empty());
  queue.put("two");
  EXPECT_EQ(queue.qsize(), 2u);
  EXPECT_EQ(queue.get(), "one");
  EXPECT_EQ(queue.try_get(), "two");
  EXPECT_TRUE(queue.empty());
}

TEST_F(QueueTest, WaitsForAValueItsTimeAndNotLess) {
  Queue<int> queue;
  const auto begin = os::Clock::now();
  EXPECT_EQ(queue.try_get_for(30ms), std::nullopt);
  EXPECT_GE(os::Clock::now() - begin, 30ms);
  EXPECT_EQ(queue.try_get(), std::nullopt);
  EXPECT_EQ(queue.try_get_for(-1s), std::nullopt);
  queue.put(5);
  EXPECT_EQ(queue.try_get_for(0s), 5);
}

TEST_F(QueueTest, UsingItAfterCloseThrowsHereAndNowhereElse) {
  Queue<int> queue;
  auto peer = beside([&] {
    queue.put(queue.get() + 1);
    return true;
  });
  queue.put(1);
  EXPECT_EQ(peer.wait(), kSuccess);
  EXPECT_EQ(in_child([&] {
              queue.close();
              queue.close();
              return error_of([&] { queue.get(); }) == EBADF &&
                     error_of([&] { queue.put(1); }) == EBADF;
            }),
            kSuccess);
  EXPECT_EQ(queue.get(), 2);
}

TEST_F(QueueTest, AValueThatIsTooLargeThrowsFromPutAndTakesNoPlace) {
  Queue<std::string> queue{2, 100};
  EXPECT_EQ(error_of([&] { queue.put(std::string(100, 'x')); }), EMSGSIZE);
  EXPECT_TRUE(queue.empty());
  queue.put(std::string(50, 'x'));
  EXPECT_EQ(queue.get(), std::string(50, 'x'));
}

struct Stubborn {
  bool leaves = false;
  template <class Archive>
  void serialize(Archive& archive) {
    if (!leaves) throw std::range_error("will not leave");
    archive(leaves);
  }
};

TEST_F(QueueTest, WhatCannotBeEncodedThrowsFromPutAndTakesNoPlace) {
  Queue<std::vector<Stubborn>> queue{2};
  for (int i = 0; i < 10; ++i) {
    EXPECT_THROW(queue.put({{true}, {false}}), std::range_error);
    EXPECT_THROW(queue.try_put({{false}}), std::range_error);
    EXPECT_THROW(queue.try_put_for({{false}}, 1s), std::range_error);
  }
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.try_put({}));
  EXPECT_TRUE(queue.try_put({}));
  EXPECT_TRUE(queue.full());
}

TEST_F(QueueTest, PutsAndGetsAFlatValueWithoutAllocating) {
  struct Order {
    int number;
    double price;
  };
  Queue<Order> queue;
  const std::size_t before = test::allocations;
  queue.put({1, 2.5});
  EXPECT_TRUE(queue.try_put({2, 3.5}));
  EXPECT_EQ(queue.get().price, 2.5);
  EXPECT_EQ(queue.try_get_for(1h)->number, 2);
  EXPECT_EQ(test::allocations, before);
}

TEST_F(QueueTest, CarriesValuesOfManyTypes) {
  using Entry = std::variant<std::string, std::map<int, std::optional<std::chrono::milliseconds>>>;
  Queue<Entry> queue;
  const Entry map(std::map<int, std::optional<std::chrono::milliseconds>>{{1, 5ms}, {2, {}}});
  queue.put("text");
  queue.put(map);
  EXPECT_EQ(queue.get(), Entry("text"));
  EXPECT_EQ(queue.get(), map);
}

TEST_F(QueueTest, AProcessMayEndBeforeItsLargeValueIsTaken) {
  Queue<std::string> queue{1, 100'000};
  EXPECT_EQ(in_child([&] {
              queue.put(std::string(90'000, 'x'));
              return true;
            }),
            kSuccess);
  EXPECT_EQ(queue.get(), std::string(90'000, 'x'));
}

TEST_F(QueueTest, WorksOverEveryBackend) {
  Queues::for_each([]<class B>(std::type_identity<B>) {
    if (B::unavailable()) return;
    Queue<std::pair<int, std::string>, B> queue{3};
    queue.put({1, "one"});
    if constexpr (B::kHasSize) {
      EXPECT_EQ(queue.qsize(), 1u) << B::kName;
    }
    if constexpr (B::kHasTimed) {
      EXPECT_TRUE(queue.try_put_for({1, "one"}, 1s)) << B::kName;
    }
    EXPECT_EQ(queue.get(), std::pair(1, std::string("one"))) << B::kName;
  });
}

}  // namespace
}  // namespace ipc
