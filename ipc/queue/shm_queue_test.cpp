// The queues in shared memory when processes are killed, stopped or more than the CPUs.
#include "ipc/queue/shm_queue.hpp"

#include <array>
#include <random>
#include <vector>

#include "ipc/os/test_support.hpp"
#include "ipc/os/type_list.hpp"
#include "ipc/os/wait_test_support.hpp"
#include "ipc/queue/byte_ring.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using test::beside;
using test::error_of;
using test::kSuccess;

/// A message that shows whether it is whole: as long as its number says, and full of it.
struct Numbered {
  static constexpr std::size_t kMostBytes = 1500;

  std::uint32_t producer = 0;
  std::uint32_t number = 0;

  std::span<const std::byte> write(std::span<std::byte> buffer) const {
    const std::size_t size = sizeof *this + (number * 37 + producer) % (kMostBytes - sizeof *this);
    std::memcpy(buffer.data(), this, sizeof *this);
    std::memset(buffer.data() + sizeof *this, static_cast<int>(number & 0xff), size - sizeof *this);
    return buffer.first(size);
  }
  /// Nothing when it is not whole.
  static std::optional<Numbered> read(std::span<const std::byte> message) {
    Numbered read;
    if (message.size() < sizeof read) return std::nullopt;
    std::memcpy(&read, message.data(), sizeof read);
    std::array<std::byte, kMostBytes> expected;
    if (!std::ranges::equal(read.write(expected), message)) return std::nullopt;
    return read;
  }
};

template <class Q>
void put(Q& queue, Numbered message) {
  std::array<std::byte, Numbered::kMostBytes> buffer;
  queue.put(message.write(buffer));
}
template <class Q>
std::optional<Numbered> get(Q& queue) {
  std::array<std::byte, Numbered::kMostBytes> buffer;
  return Numbered::read(std::span(buffer).first(queue.get(buffer)));
}

/// What is known of every message, in memory that outlives the killed.
class Ledger {
 public:
  static constexpr std::uint32_t kProducers = 4000, kEach = 8192;

  struct Faults {
    std::atomic<int> twice{0}, torn{0}, out_of_order{0};
  };

  std::atomic<std::uint32_t>& puts(std::uint32_t producer) { return puts_->at(producer); }
  std::atomic<std::uint8_t>& seen(Numbered message) {
    auto* const all = reinterpret_cast<std::atomic<std::uint8_t>*>(seen_.data());
    return all[std::size_t{message.producer} * kEach + message.number];
  }
  Faults& faults() { return *faults_; }
  std::atomic<bool>& is_over() { return *is_over_; }
  std::atomic<long>& progress() { return *progress_; }
  /// Of those whose put returned, how many nobody has seen.
  long lost() {
    long lost = 0;
    for (std::uint32_t p = 0; p < kProducers; ++p)
      for (std::uint32_t i = 0; i < puts(p); ++i) lost += seen({p, i}) == 0;
    return lost;
  }

 private:
  os::SharedObject<std::array<std::atomic<std::uint32_t>, kProducers>> puts_;
  os::SharedMapping seen_{std::size_t{kProducers} * kEach};
  os::SharedObject<Faults> faults_;
  os::SharedObject<std::atomic<bool>> is_over_{false};
  os::SharedObject<std::atomic<long>> progress_{0};
};
constexpr Numbered kEnd{Ledger::kProducers, 0};

template <class Q>
os::Child start_producer(Q& queue, Ledger& ledger, std::uint32_t producer) {
  return beside([&queue, &ledger, producer] {
    for (std::uint32_t i = 0; i < Ledger::kEach && !ledger.is_over(); ++i) {
      put(queue, {producer, i});
      ledger.puts(producer) = i + 1;
    }
    return true;
  });
}

template <class Q>
os::Child start_consumer(Q& queue, Ledger& ledger) {
  return beside([&queue, &ledger] {
    std::vector<std::int64_t> last(Ledger::kProducers, -1);
    for (;;) {
      const auto message = get(queue);
      if (!message) {
        ++ledger.faults().torn;
        continue;
      }
      if (message->producer == kEnd.producer) return true;
      if (ledger.seen(*message)++ > 0) ++ledger.faults().twice;
      auto& before = last[message->producer];
      if (before >= std::int64_t{message->number}) ++ledger.faults().out_of_order;
      before = message->number;
      ++ledger.progress();
    }
  });
}

template <class Q>
class ShmQueueTest : public test::Conformance<Q> {};
using Types = os::TypeList<ShmQueue, ByteRing>::Apply<testing::Types>;
TYPED_TEST_SUITE(ShmQueueTest, Types, test::BackendName);

TYPED_TEST(ShmQueueTest, LosesOnlyWhatTheKilledHeldInThousandsOfKills) {
  constexpr int kKills = 2000;
  constexpr std::size_t kPeers = 3, kCapacity = 4;
  TypeParam queue{{.capacity_messages = kCapacity, .max_message_bytes = Numbered::kMostBytes}};
  Ledger ledger;
  std::uint32_t producers_made = 0;
  std::array<os::Child, kPeers> producers, consumers;
  for (auto& producer : producers) producer = start_producer(queue, ledger, producers_made++);
  for (auto& consumer : consumers) consumer = start_consumer(queue, ledger);

  std::minstd_rand random(::testing::UnitTest::GetInstance()->random_seed() + 1);
  int consumers_killed = 0;
  for (int i = 0; i < kKills; ++i) {
    // After some progress, so that the moments differ; those stuck behind a dead one die as well.
    const long until = ledger.progress() + static_cast<long>(random() % 50);
    const auto long_enough = os::Deadline::after(3ms);
    while (ledger.progress() < until && !long_enough.expired()) ::sched_yield();
    const std::size_t victim = random() % kPeers;
    if (random() % 2 == 0) {
      producers[victim].kill(SIGKILL);
      producers[victim].wait();
      producers[victim] = start_producer(queue, ledger, producers_made++);
    } else {
      consumers[victim].kill(SIGKILL);
      consumers_killed += consumers[victim].wait().signal() == SIGKILL;
      consumers[victim] = start_consumer(queue, ledger);
    }
  }

  ledger.is_over() = true;
  for (auto& producer : producers) EXPECT_EQ(producer.wait(), kSuccess);
  for (std::size_t i = 0; i < kPeers; ++i) put(queue, kEnd);
  for (auto& consumer : consumers) EXPECT_EQ(consumer.wait(), kSuccess);
  EXPECT_EQ(ledger.faults().twice, 0);
  EXPECT_EQ(ledger.faults().torn, 0);
  EXPECT_EQ(ledger.faults().out_of_order, 0);
  EXPECT_LE(ledger.lost(), consumers_killed);
  EXPECT_GT(ledger.progress(), kKills);
  // And every place is there again.
  EXPECT_EQ(queue.size(), 0u);
  for (std::size_t i = 0; i < kCapacity; ++i) EXPECT_TRUE(queue.try_put({}));
  EXPECT_FALSE(queue.try_put({}));
}

TYPED_TEST(ShmQueueTest, ServesMoreProcessesThanCpusAtEveryCapacity) {
  constexpr std::uint32_t kPeers = 4, kEach = 3000;
  for (const std::size_t capacity : {1u, 2u, 3u, 64u}) {
    TypeParam queue{{.capacity_messages = capacity, .max_message_bytes = Numbered::kMostBytes}};
    const os::SharedObject<std::array<std::atomic<int>, kPeers * kEach>> seen;
    std::vector<os::Child> peers;
    for (std::uint32_t p = 0; p < kPeers; ++p) {
      peers.push_back(beside([&, p] {
        for (std::uint32_t i = 0; i < kEach; ++i) put(queue, {p, i});
        return true;
      }));
      peers.push_back(beside([&] {
        for (std::uint32_t i = 0; i < kEach; ++i) {
          const auto message = get(queue);
          if (!message) return false;
          ++seen->at(message->producer * kEach + message->number);
        }
        return true;
      }));
    }
    for (auto& peer : peers) EXPECT_EQ(peer.wait(), kSuccess) << capacity;
    for (const auto& count : *seen) ASSERT_EQ(count, 1) << capacity;
    EXPECT_EQ(queue.size(), 0u);
  }
}

class ShmRingTest : public test::LeavesNothing {};

TEST_F(ShmRingTest, GoesOnWhenItsLapsWrapAround) {
  constexpr std::uint64_t kSlotLaps = std::uint64_t{1} << 30;
  for (const std::size_t capacity : {1u, 2u, 3u, 4u, 5u})
    for (const std::uint64_t first : {kSlotLaps - 3, kSlotLaps / 2 - 3, ~std::uint64_t{2}}) {
      ShmQueue queue{{.capacity_messages = capacity, .max_message_bytes = sizeof(int)}, first};
      const auto bytes_of = [](int& value) { return std::as_writable_bytes(std::span(&value, 1)); };
      int in = 0, out = 0, got = -1;
      for (int round = 0; round < 50; ++round) {
        while (queue.try_put(bytes_of(in))) ++in;
        ASSERT_EQ(static_cast<std::size_t>(in - out), capacity) << first;
        ASSERT_EQ(queue.size(), capacity);
        for (int i = round % 3; out < in - i && queue.try_get(bytes_of(got)); ++out)
          ASSERT_EQ(got, out);
      }
      auto producer = beside([&] {
        for (int i = 0; i < 1000; ++i) queue.put(bytes_of(i));
        return true;
      });
      for (; out < in; ++out) queue.get(bytes_of(got));
      for (int i = 0; i < 1000; ++i) {
        queue.get(bytes_of(got));
        ASSERT_EQ(got, i);
      }
      EXPECT_EQ(producer.wait(), kSuccess);
    }
}

/// Slots, and a child that has claimed one and does not go on.
class ShmSlotsTest : public test::LeavesNothing {
 protected:
  using Side = ShmSlots::Side;
  using Found = ShmSlots::Found;
  using Claim = ShmSlots::Claim;

  void put_one() {
    Claim claim;
    ASSERT_EQ(slots_.claim(Side::kPut, claim), Found::kClaimed);
    ShmSlots::finish(Side::kPut, claim);
  }
  void get_one() {
    Claim claim;
    ASSERT_EQ(slots_.claim(Side::kGet, claim), Found::kClaimed);
    ShmSlots::finish(Side::kGet, claim);
  }
  os::Child with_a_claim(Side side) {
    const os::SharedObject<std::atomic<bool>> is_claimed{false};
    auto child = beside([&] {
      *is_claimed = slots_.claim(side, *theirs_) == Found::kClaimed;
      for (;;) ::pause();
      return false;
    });
    while (!*is_claimed) ::sched_yield();
    return child;
  }

  ShmSlots slots_{2, 8, 0};
  os::SharedObject<Claim> theirs_;
};

TEST_F(ShmSlotsTest, ADeadProducersPlaceIsSkippedAndOnlyOnceItIsDead) {
  auto producer = with_a_claim(Side::kPut);
  put_one();
  Claim claim;
  EXPECT_EQ(slots_.size(), 1u);
  EXPECT_EQ(slots_.claim(Side::kGet, claim), Found::kUnfinished);
  EXPECT_FALSE(slots_.repair(claim));
  producer.kill(SIGSTOP);
  EXPECT_FALSE(slots_.repair(claim));
  producer.kill(SIGKILL);
  producer.wait();
  EXPECT_EQ(slots_.claim(Side::kPut, claim), Found::kUnfinished);
  EXPECT_TRUE(slots_.repair(claim));
  EXPECT_TRUE(slots_.repair(claim));  // as another would who saw the same
  get_one();
  EXPECT_EQ(slots_.claim(Side::kGet, claim), Found::kNothing);
  put_one();
  put_one();
  EXPECT_EQ(slots_.claim(Side::kPut, claim), Found::kNothing);
  EXPECT_EQ(slots_.size(), 2u);
}

TEST_F(ShmSlotsTest, ADeadConsumersPlaceIsFreedAndItsMessageGone) {
  put_one();
  put_one();
  auto consumer = with_a_claim(Side::kGet);
  Claim claim;
  EXPECT_EQ(slots_.size(), 1u);
  EXPECT_EQ(slots_.claim(Side::kPut, claim), Found::kUnfinished);
  EXPECT_FALSE(slots_.repair(claim));
  consumer.kill(SIGKILL);
  consumer.wait();
  EXPECT_TRUE(slots_.repair(claim));
  put_one();
  get_one();
  get_one();
  EXPECT_EQ(slots_.claim(Side::kGet, claim), Found::kNothing);
}

TEST_F(ShmSlotsTest, AFinishAfterARepairThrowsAndChangesNothing) {
  auto producer = with_a_claim(Side::kPut);
  producer.kill(SIGKILL);
  producer.wait();
  Claim claim;
  EXPECT_EQ(slots_.claim(Side::kGet, claim), Found::kUnfinished);
  EXPECT_TRUE(slots_.repair(claim));
  put_one();
  EXPECT_EQ(error_of([&] { ShmSlots::finish(Side::kPut, *theirs_); }), EOWNERDEAD);
  EXPECT_EQ(slots_.size(), 1u);
  get_one();
}

/// Slots whose ends a late store sets back.
class SetBack : public ShmSlots {
 public:
  using ShmSlots::ShmSlots;
  void set_back(Side side, std::uint64_t places) { end_of(side) -= places; }
};

TEST_F(ShmRingTest, FindsItsEndsAgainWhenTheyWereSetBack) {
  using Side = ShmSlots::Side;
  using Found = ShmSlots::Found;
  constexpr std::uint64_t kLap = 4, kFarLaps = std::uint64_t{3} << 28;  // of four slots
  for (const std::uint64_t back : {std::uint64_t{1}, kLap - 1, kLap, 5 * kLap + 2, kFarLaps * kLap})
    for (const Side side : {Side::kPut, Side::kGet}) {
      SetBack slots(4, 8, std::uint64_t{1} << 40);
      ShmSlots::Claim claim;
      const auto pass = [&](Side at) {
        if (slots.claim(at, claim) != Found::kClaimed) return false;
        ShmSlots::finish(at, claim);
        return true;
      };
      for (int i = 0; i < 50; ++i) ASSERT_TRUE(pass(Side::kPut) && pass(Side::kGet));
      ASSERT_TRUE(pass(Side::kPut) && pass(Side::kPut));
      slots.set_back(side, back);
      EXPECT_EQ(slots.catch_up(side) || back < kFarLaps, true);
      EXPECT_EQ(slots.size(), 2u) << back;
      ASSERT_TRUE(pass(Side::kGet) && pass(Side::kGet)) << back;
      EXPECT_FALSE(pass(Side::kGet));
      for (int i = 0; i < 4; ++i) ASSERT_TRUE(pass(Side::kPut)) << back;
      EXPECT_FALSE(pass(Side::kPut));
      EXPECT_EQ(slots.size(), 4u);
    }
}

TEST_F(ShmRingTest, ATryRepairsAtOnceWhatADeadProcessLeft) {
  // Killed at some moment of a put or a get, over and over: in the end none is in the way.
  ShmQueue queue{{.capacity_messages = 1, .max_message_bytes = 100'000}};
  const std::vector<std::byte> message(100'000);
  std::vector<std::byte> buffer(100'000);
  for (int i = 0; i < 200; ++i) {
    auto peer = beside([&]() -> bool {
      std::vector<std::byte> own(100'000);
      for (;;) {
        queue.try_put(message);
        queue.try_get(own);
      }
    });
    peer.wait_until(os::Deadline::after(std::chrono::microseconds(500 + 7 * i)));
    peer.kill(SIGKILL);
    peer.wait();
    const std::size_t inside = queue.size();
    EXPECT_EQ(queue.try_get(buffer).has_value(), inside == 1);
    EXPECT_FALSE(queue.try_get(buffer));
    EXPECT_TRUE(queue.try_put(message));
    EXPECT_FALSE(queue.try_put(message));
    EXPECT_TRUE(queue.try_get(buffer));
  }
}

}  // namespace
}  // namespace ipc
