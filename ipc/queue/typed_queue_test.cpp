// The typed Queue and JoinableQueue: bounds by number and by memory, whose values are lost
// (nobody's), and what the ring of bytes below them does at its borders.
#include <array>
#include <atomic>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "ipc/os/process_facts.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"
#include "ipc/queue/joinable_queue.hpp"
#include "ipc/queue/posix_queue.hpp"
#include "ipc/queue/queue.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using test::beside;
using test::error_of;
using test::in_child;
using test::kSuccess;
using SharedFlag = os::SharedObject<std::atomic<bool>>;
using Kilobyte = std::array<char, 1024>;
using QueueTest = test::LeavesNothing;

/// A value that cannot always be encoded.
struct Stubborn {
  int number = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    if (number == 13) throw std::domain_error("not this one");
    archive(number);
  }
};

TEST_F(QueueTest, FourProducersAndFourConsumersLoseAndDoubleNothing) {
  constexpr std::size_t kPeers = 4, kEach = 10'000;
  Queue<std::size_t> queue{16};
  os::SharedMapping memory(kPeers * kEach * sizeof(std::atomic<int>));
  auto* const times = reinterpret_cast<std::atomic<int>*>(memory.data());
  os::SharedObject<std::atomic<std::size_t>> sum(std::size_t{0});
  std::vector<os::Child> peers;
  for (std::size_t p = 0; p < kPeers; ++p) {
    peers.push_back(beside([&, p] {
      for (std::size_t i = 0; i < kEach; ++i) queue.put(p * kEach + i);
      return true;
    }));
    peers.push_back(beside([&] {
      for (std::size_t i = 0; i < kEach; ++i) {
        const auto value = queue.get();
        ++times[value];
        sum->fetch_add(value);
      }
      return true;
    }));
  }
  for (auto& peer : peers) EXPECT_EQ(peer.wait(), kSuccess);
  EXPECT_EQ(*sum, kPeers * kEach * (kPeers * kEach - 1) / 2);
  for (std::size_t i = 0; i < kPeers * kEach; ++i) ASSERT_EQ(times[i], 1) << i;
  EXPECT_TRUE(queue.empty());
}

TEST_F(QueueTest, WithoutAMaxsizeItHoldsAHundredThousandKilobytesThatNobodyTakes) {
  constexpr std::size_t kMany = 100'000;
  for (const std::ptrdiff_t maxsize : {0, -1}) {
    Queue<Kilobyte> queue{maxsize};
    EXPECT_EQ(queue.maxsize(), 0u);
    for (std::size_t i = 0; i < kMany; ++i) queue.put(Kilobyte{static_cast<char>(i % 100)});
    EXPECT_EQ(queue.qsize(), kMany);
    EXPECT_FALSE(queue.full());
    for (std::size_t i = 0; i < kMany; ++i)
      ASSERT_EQ(queue.get().front(), static_cast<char>(i % 100));
    EXPECT_TRUE(queue.empty());
  }
  EXPECT_EQ(Queue<int>{}.maxsize(), 0u) << "as it is unless something else is asked for";
}

TEST_F(QueueTest, WithoutAMaxsizeItIsFullWhenTheMemoryItMayTakeIs) {
  constexpr std::size_t kMemory = 2 << 20;
  Queue<Kilobyte> queue{0, sizeof(Kilobyte), kMemory};
  std::size_t inside = 0;
  while (!queue.full()) {
    ASSERT_TRUE(queue.try_put({}));
    ++inside;
  }
  EXPECT_EQ(queue.qsize(), inside);
  EXPECT_GE(inside, kMemory / (sizeof(Kilobyte) + 16));
  EXPECT_LE(inside, kMemory / sizeof(Kilobyte));
  EXPECT_FALSE(queue.try_put({}));
  const auto begin = os::Clock::now();
  EXPECT_FALSE(queue.try_put_for({}, 10ms));
  EXPECT_GE(os::Clock::now() - begin, 10ms);
  auto producer = beside([&] { return queue.put({}), true; });
  test::until_asleep(producer.pid());
  queue.get();
  EXPECT_EQ(producer.wait(), kSuccess);
  EXPECT_TRUE(queue.full());
}

TEST_F(QueueTest, MemoryThatDoesNotHoldOneValueHoldsOne) {
  Queue<Kilobyte> queue{0, sizeof(Kilobyte), 1};
  EXPECT_FALSE(queue.full());
  queue.put({});
  EXPECT_TRUE(queue.full());
}

TEST_F(QueueTest, RefusesWhatCannotBe) {
  EXPECT_EQ(error_of([] { Queue<int, PosixQueue> queue{0}; }), EINVAL);
  EXPECT_EQ(error_of([] { Queue<int> queue{PTRDIFF_MAX}; }), ENOMEM);
  EXPECT_EQ(error_of([] { Queue<int> queue{0, SIZE_MAX}; }), ENOMEM);
  EXPECT_EQ(error_of([] { Queue<int> queue{0, 4, std::size_t{1} << 60}; }), ENOMEM);
  EXPECT_EQ(error_of([] { Queue<int> queue{0, 4, SIZE_MAX}; }), ENOMEM);
}

TEST_F(QueueTest, AParentMayJoinItsChildBeforeItTakesTheMebibyteOfIt) {
  Queue<std::string> queue{1, 2 << 20};
  const std::string large(1 << 20, 'x');
  auto child = beside([&] { return queue.put(large), true; });
  EXPECT_EQ(child.wait(), kSuccess);
  EXPECT_EQ(queue.get(), large);
}

TEST_F(QueueTest, GoesOnWhenItIsMovedAndTakesTheOldOnesPlace) {
  Queue<int> first{2};
  first.put(1);
  Queue<int> second{std::move(first)};
  EXPECT_EQ(second.get(), 1);
  EXPECT_EQ(error_of([&] { first.put(1); }), EBADF);  // NOLINT: what a moved one says
  first = Queue<int>{3};
  first.put(3);
  EXPECT_EQ(first.get(), 3);
}

wire::Bytes pattern(std::size_t size, std::size_t number) {
  return wire::Bytes(size, static_cast<std::byte>(number % 251));
}
/// Takes a message and compares it with the pattern of that number.
void expect_pattern(ByteRing& ring, std::size_t size, std::size_t number) {
  wire::Bytes buffer(ring.max_message_bytes());
  buffer.resize(ring.get(buffer));
  ASSERT_EQ(buffer.size(), size);
  ASSERT_EQ(buffer, pattern(size, number)) << number;
}

TEST_F(QueueTest, ARingOfBytesKeepsEveryMessageRoundAfterRoundWithoutEverBeingEmpty) {
  const auto size_of = [](std::size_t number) { return number * 7919 % 300'000; };
  auto ring = ByteRing::unbounded({.max_message_bytes = 300'000, .memory_bytes = 3 << 20});
  std::size_t put = 0, got = 0;
  for (int round = 0; round < 100; ++round) {
    while (ring.try_put(pattern(size_of(put), put))) ++put;
    for (const std::size_t leave = 1 + static_cast<std::size_t>(round) % 5; got + leave < put;
         ++got)
      ASSERT_NO_FATAL_FAILURE(expect_pattern(ring, size_of(got), got));
  }
  EXPECT_GT(put, 500u);
  for (; got < put; ++got) ASSERT_NO_FATAL_FAILURE(expect_pattern(ring, size_of(got), got));
  EXPECT_EQ(ring.size(), 0u);
}

TEST_F(QueueTest, ARingOfBytesCarriesMessagesOfSeveralChunks) {
  constexpr std::size_t kLong = 5'000'000;
  ByteRing ring({.capacity_messages = 2, .max_message_bytes = kLong});
  for (std::size_t i = 0; i < 12; ++i) {
    ring.put(pattern(kLong - i, i));
    if (i == 0) continue;
    ASSERT_NO_FATAL_FAILURE(expect_pattern(ring, kLong - i + 1, i - 1));
  }
}

/// The shared memory that this process has touched, in MiB.
long touched_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (long kib = 0; word == "RssShmem:" && status >> kib) return kib / 1024;
  return -1;
}

TEST_F(QueueTest, TheMemoryOfABacklogGoesBackToTheSystem) {
  const long before = touched_mib();
  if (before < 0) GTEST_SKIP() << "no RssShmem in /proc/self/status";
  Queue<Kilobyte> queue;
  EXPECT_LE(touched_mib(), before + 1) << "an empty one takes nothing";
  for (int i = 0; i < 32 * 1024; ++i) queue.put({});
  EXPECT_GE(touched_mib(), before + 32);
  for (int i = 0; i < 32 * 1024 - 1; ++i) queue.get();
  EXPECT_LE(touched_mib(), before + 4);
  queue.get();
  EXPECT_LE(touched_mib(), before + 2);
}

TEST_F(QueueTest, PeersKilledInTheMiddleOfACopyLeaveWholeMessages) {
  constexpr std::size_t kSize = 200'000;
  ByteRing ring({.capacity_messages = 3, .max_message_bytes = kSize});
  const auto take_whole = [&] {
    wire::Bytes buffer(kSize);
    if (ring.get(buffer) != kSize) return false;
    return std::count(buffer.begin(), buffer.end(), buffer.front()) ==
           static_cast<std::ptrdiff_t>(kSize);
  };
  for (unsigned i = 0; i < 60; ++i) {
    auto producer = beside([&, i]() -> bool {
      for (;;) ring.put(pattern(kSize, i));
    });
    auto consumer = beside([&] {
      while (take_whole()) {
      }
      return false;
    });
    auto& victim = i % 2 ? producer : consumer;
    EXPECT_EQ(victim.wait_until(os::Deadline::after(std::chrono::microseconds(500 + i * 97))),
              std::nullopt);
    victim.kill(SIGKILL);
    victim.wait();
    // Whoever is left goes on: more can be put than fits, or taken than was inside.
    for (std::size_t k = 0; k <= ring.capacity_messages(); ++k) {
      if (i % 2)
        ring.put(pattern(kSize, i));
      else
        EXPECT_TRUE(take_whole());
    }
    EXPECT_EQ((i % 2 ? consumer : producer).try_wait(), std::nullopt);
  }
}

using JoinableQueueTest = test::LeavesNothing;

TEST_F(JoinableQueueTest, JoinReturnsOnceEveryValueIsDone) {
  JoinableQueue<int> queue{3};
  EXPECT_TRUE(queue.join_for(0s)) << "there is nothing to do";
  os::SharedObject<std::atomic<int>> done(0);
  std::vector<os::Child> workers;
  for (int i = 0; i < 3; ++i)
    workers.push_back(beside([&] {
      while (queue.get() >= 0) {
        ++*done;
        queue.task_done();
      }
      queue.task_done();
      return true;
    }));
  for (int i = 0; i < 300; ++i) queue.put(i);
  queue.join();
  EXPECT_EQ(*done, 300);
  for (int i = 0; i < 3; ++i) queue.put(-1);
  queue.join();
  for (auto& worker : workers) EXPECT_EQ(worker.wait(), kSuccess);
}

TEST_F(JoinableQueueTest, JoinForGivesUpAtItsTimeWhileSomethingIsNotDone) {
  JoinableQueue<int> queue;
  queue.put(1);
  EXPECT_EQ(queue.get(), 1);
  EXPECT_FALSE(queue.join_for(0s));
  const test::Interruptions interruptions;
  const auto begin = os::Clock::now();
  EXPECT_FALSE(queue.join_for(20ms));
  EXPECT_GE(os::Clock::now() - begin, 20ms);
  queue.task_done();
  EXPECT_TRUE(queue.join_for(0s));
}

TEST_F(JoinableQueueTest, TaskDoneMoreOftenThanPutThrows) {
  JoinableQueue<int> queue;
  EXPECT_THROW(queue.task_done(), std::logic_error);
  queue.put(1);
  queue.task_done();
  EXPECT_THROW(queue.task_done(), std::logic_error);
}

TEST_F(JoinableQueueTest, WhatWasNotPutIsNotWaitedFor) {
  JoinableQueue<Stubborn> queue{1};
  EXPECT_THROW(queue.put(Stubborn{13}), std::domain_error);
  EXPECT_TRUE(queue.try_put(Stubborn{1}));
  EXPECT_FALSE(queue.try_put(Stubborn{2}));
  EXPECT_FALSE(queue.try_put_for(Stubborn{2}, 1ms));
  queue.get();
  queue.task_done();
  queue.join();
}

TEST_F(JoinableQueueTest, TheLastTaskDoneWakesAJoinerThatWaits) {
  JoinableQueue<int> queue;
  queue.put(1);
  auto joiner = beside([&] { return queue.join(), true; });
  test::until_asleep(joiner.pid());
  queue.get();
  queue.task_done();
  queue.put(2);  // which the joiner, late as it may be, does not wait for
  EXPECT_EQ(joiner.wait(), kSuccess);
}

}  // namespace
}  // namespace ipc
