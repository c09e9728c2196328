// The rings in shared memory: what they offer beyond the contract, and that no death tears a
// message.
#include "ipc/pipe/shm_ring.hpp"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <random>

#include "ipc/os/sanitized.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"
#include "ipc/pipe/pipe_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using test::beside;
using test::error_of;
using test::in_child;
using test::kSuccess;
using test::take;
using Bytes = std::vector<std::byte>;

/// Content that tells the message, and of which every word could be taken for a header.
void fill(std::span<std::byte> message, std::size_t number) {
  for (std::size_t i = 0; i < message.size(); ++i)
    message[i] = i % 8 == 4 ? std::byte{1} : static_cast<std::byte>(number + i / 8);
}

Bytes numbered(std::size_t size, std::size_t number) {
  Bytes message(size);
  fill(message, number);
  return message;
}

Bytes copy_of(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

/// The smallest ring, which messages go around often.
constexpr PipeOptions kSmall{.capacity_bytes = 1};

template <class B>
class ShmRingTest : public test::Conformance<B> {};
using Types = testing::Types<ShmRing, ShmRingSpin, ShmRingBlock>;
TYPED_TEST_SUITE(ShmRingTest, Types, test::BackendName);

TYPED_TEST(ShmRingTest, SendsWhatWasWrittenIntoTheRoomReserved) {
  auto [a, b] = TypeParam::make(kSmall);
  for (std::size_t i = 0; i < 3000; ++i) {
    const std::size_t reserved = i * 13 % (a.max_reserve_bytes() + 1),
                      used = i * i % (reserved + 1);
    const auto room = a.reserve(reserved);
    ASSERT_EQ(room.size(), reserved);
    fill(room, i);
    a.commit(used);
    ASSERT_TRUE(take(b) == numbered(used, i)) << i;
  }
}

TYPED_TEST(ShmRingTest, AReservationGivenUpLeavesNothing) {
  auto [a, b] = TypeParam::make(kSmall);
  for (std::size_t i = 0; i < 3000; ++i) {
    const auto room = a.reserve(i * 7 % a.max_reserve_bytes());
    std::ranges::fill(room, std::byte{1});
    a.send(numbered(i % 100, i));
    ASSERT_TRUE(take(b) == numbered(i % 100, i)) << i;
    ASSERT_FALSE(b.ready(os::Deadline::now())) << i;
  }
  EXPECT_EQ(error_of([&a = a] { a.commit(0); }), EINVAL);
}

TYPED_TEST(ShmRingTest, RefusesToReserveOrCommitTooMuch) {
  auto [a, b] = TypeParam::make(kSmall);
  EXPECT_EQ(error_of([&a = a] { a.reserve(a.max_reserve_bytes() + 1); }), EMSGSIZE);
  EXPECT_EQ(error_of([&a = a] { a.commit(0); }), EINVAL);
  a.reserve(10);
  EXPECT_EQ(error_of([&a = a] { a.commit(11); }), EINVAL);
  a.commit(0);
  EXPECT_EQ(error_of([&a = a] { a.commit(0); }), EINVAL);
  EXPECT_EQ(take(b), Bytes());
  a.close();
  EXPECT_EQ(error_of([&a = a] { a.reserve(1); }), EBADF);
  EXPECT_EQ(error_of([&a = a] { a.commit(1); }), EBADF);
  EXPECT_EQ(error_of([&a = a] { a.send_many({}); }), EBADF);
}

TYPED_TEST(ShmRingTest, ShowsAMessageWhereItLies) {
  auto [a, b] = TypeParam::make({});
  a.send(numbered(100, 1));
  a.send(numbered(16, 2));
  EXPECT_TRUE(copy_of(*b.peek()) == numbered(100, 1));
  EXPECT_TRUE(copy_of(*b.peek()) == numbered(100, 1));
  b.release();
  EXPECT_EQ(b.next_size(), 16u);
  EXPECT_TRUE(copy_of(*b.peek()) == numbered(16, 2));
  b.release();
  auto large = a.reserve(a.max_reserve_bytes());
  fill(large, 3);
  a.commit(large.size());
  EXPECT_TRUE(copy_of(*b.peek()) == numbered(large.size(), 3));
  b.release();
  a.send(numbered(100'000, 4));
  EXPECT_EQ(error_of([&b = b] { b.peek(); }), EMSGSIZE);
  EXPECT_TRUE(take(b) == numbered(100'000, 4));
  a.close();
  EXPECT_EQ(b.peek(), std::nullopt);
  b.close();
  EXPECT_EQ(error_of([&b = b] { b.peek(); }), EBADF);
  EXPECT_EQ(error_of([&b = b] { b.release(); }), EBADF);
}

TYPED_TEST(ShmRingTest, SendsManyAtOnce) {
  for (const std::size_t capacity : {1, 1 << 20}) {
    auto [a, b] = TypeParam::make({.capacity_bytes = capacity});
    std::vector<Bytes> messages;
    for (std::size_t i = 0; i < 500; ++i) messages.push_back(numbered(i * i % 5000, i));
    const std::vector<std::span<const std::byte>> views(messages.begin(), messages.end());
    auto sender = beside([&, &a = a] { return a.send_many(views), true; });
    for (const auto& message : messages) ASSERT_TRUE(take(b) == message);
    EXPECT_EQ(sender.wait(), kSuccess);
    EXPECT_FALSE(b.ready(os::Deadline::now()));
  }
}

TYPED_TEST(ShmRingTest, GoesAroundTheEndAtEveryOffset) {
  for (std::size_t offset = 8; offset <= 4096; offset += 8) {
    auto [a, b] = TypeParam::make(kSmall);
    for (std::size_t rest = offset;
         rest > 0;) {  // what two laps leave is there when it comes around
      const std::size_t piece = std::min<std::size_t>(rest, 1024);
      a.send(numbered(piece - 8, rest));
      ASSERT_TRUE(take(b) == numbered(piece - 8, rest));
      rest -= piece;
    }
    for (const std::size_t size : {0, 1, 8, 17, 1000, 1024, 1025, 3000}) {
      a.send(numbered(size, offset + size));
      ASSERT_TRUE(take(b) == numbered(size, offset + size)) << offset << ", " << size;
    }
    ASSERT_FALSE(b.ready(os::Deadline::now()));
  }
}

TYPED_TEST(ShmRingTest, HoldsItsCapacityThoughTheSenderHearsLateOfWhatIsTaken) {
  auto [a, b] = TypeParam::make({.capacity_bytes = 64 * 1024});
  constexpr std::size_t kInRing = 16;
  const std::size_t held = a.capacity_bytes() / kInRing;
  for (std::size_t i = 0; i < held; ++i) a.send(numbered(8, i));
  for (std::size_t i = 0; i < 5 * held; ++i) {  // would hang if it took less
    ASSERT_TRUE(take(b) == numbered(8, i));
    a.send(numbered(8, held + i));
  }
}

TYPED_TEST(ShmRingTest, AWaitingSenderGoesOnAlsoWhenLittleIsTaken) {
  auto [a, b] = TypeParam::make(kSmall);
  os::SharedObject<std::atomic<int>> sent(0);
  auto sender = beside([&, &a = a] {
    for (;; ++*sent) a.send(numbered(100, 1));
    return true;
  });
  for (int i = 0; i < 5; ++i) {
    test::until_asleep(sender.pid());
    const int before = *sent;
    for (int more = 0; more < 6; ++more) take(b);  // less is held now than the capacity
    while (*sent <= before) ::sched_yield();
  }
  sender.kill(SIGKILL);
  sender.wait();
}

TYPED_TEST(ShmRingTest, SleepsAsItsPolicyHasIt) {
  auto [a, b] = TypeParam::make({});
  auto receiver = beside([&b = b] { return b.next_size() == 5u; });
  test::until_asleep(receiver.pid());
  if (TypeParam::kName == ShmRingSpin::kName) {
    for (const auto begin = os::Clock::now(); os::Clock::now() - begin < 50ms;)
      ASSERT_NE(test::state_of(receiver.pid()), 'S');
  } else {
    while (test::state_of(receiver.pid()) != 'S') ::sched_yield();
  }
  a.send(numbered(5, 1));
  EXPECT_EQ(receiver.wait(), kSuccess);
}

TYPED_TEST(ShmRingTest, LearnsOfAKilledReceiverBeforeManyMoreSends) {
  auto [a, b] = TypeParam::make({});
  auto receiver = beside([&a = a] { return a.close(), ::pause() == 0; });
  b.close();
  a.send({});
  receiver.kill(SIGKILL);
  receiver.wait();
  int sent = 0;
  while (error_of([&a = a] { a.send({}); }) == 0) ++sent;
  EXPECT_LE(sent, 1024);
  EXPECT_EQ(error_of([&a = a] { a.send({}); }), EPIPE);
  EXPECT_EQ(error_of([&a = a] { a.reserve(1); }), EPIPE);
  EXPECT_EQ(a.next_size(), std::nullopt);
}

/// A message that proves itself: who sent it, its number, and content by both.
struct Stamp {
  std::uint32_t sender;
  std::uint32_t number;
};
std::size_t size_of(Stamp stamp) {
  constexpr std::size_t kSizes[] = {8, 9, 40, 64, 200, 1000, 3000, 20'000};
  return kSizes[(stamp.sender + stamp.number) % std::size(kSizes)];
}
Bytes stamped(Stamp stamp) {
  Bytes message = numbered(size_of(stamp), stamp.sender + stamp.number);
  std::memcpy(message.data(), &stamp, sizeof stamp);
  return message;
}
/// The stamp of a message that is whole.
std::optional<Stamp> stamp_of(std::span<const std::byte> message) {
  Stamp stamp{};
  if (message.size() < sizeof stamp) return std::nullopt;
  std::memcpy(&stamp, message.data(), sizeof stamp);
  if (!std::ranges::equal(message, stamped(stamp))) return std::nullopt;
  return stamp;
}

/// Lets some time go by, too short to sleep.
void spin_for(std::int64_t ns) {
  for (const auto until = os::now_ns() + ns; os::now_ns() < until;) os::relax();
}

TYPED_TEST(ShmRingTest, ASenderKilledAtAnyMomentTearsNoMessage) {
  constexpr std::uint32_t kSenders = 700;
  auto [a, b] = TypeParam::make({.capacity_bytes = 16 * 1024});
  std::mt19937 random(1);
  Bytes buffer(20'000);
  Stamp last{};
  const auto receive = [&, &b = b] {
    std::optional<std::size_t> size;
    // EPROTO: the sender of a large message died in the middle of it, and the next went on.
    if (error_of([&] { size = b.recv(buffer); }) == EPROTO) return;
    const auto stamp = stamp_of(std::span(buffer).first(*size));
    ASSERT_TRUE(stamp) << "after " << last.sender << ", " << last.number;
    const bool next = stamp->sender == last.sender
                          ? stamp->number == last.number + 1
                          : stamp->sender > last.sender && stamp->number == 0;
    ASSERT_TRUE(next) << stamp->sender << ", " << stamp->number << " after " << last.sender << ", "
                      << last.number;
    last = *stamp;
  };
  for (std::uint32_t sender = 1; sender <= kSenders; ++sender) {
    auto child = beside([&, &a = a] {
      for (Stamp stamp{sender, 0};; ++stamp.number) {
        if (stamp.number % 5 == 1) std::ranges::fill(a.reserve(700), std::byte{1});
        a.send(stamped(stamp));
      }
      return true;
    });
    for (auto messages = random() % 20; messages > 0; --messages) {
      ASSERT_NO_FATAL_FAILURE(receive());
    }
    spin_for(static_cast<std::int64_t>(random() % 30'000));
    child.kill(SIGKILL);
    EXPECT_EQ(child.wait().signal(), SIGKILL);
  }
  auto child = beside([&a = a] { return a.send(stamped({kSenders + 1, 0})), true; });
  while (last.sender <= kSenders) ASSERT_NO_FATAL_FAILURE(receive());
  EXPECT_EQ(child.wait(), kSuccess);
  EXPECT_FALSE(b.ready(os::Deadline::now()));
}

TYPED_TEST(ShmRingTest, AReceiverKilledAtAnyMomentTakesNoMoreThanItsMessage) {
  auto [a, b] = TypeParam::make({.capacity_bytes = 16 * 1024});
  auto sender = beside([&a = a] {
    for (Stamp stamp{1, 1};; ++stamp.number) a.send(stamped(stamp));
    return true;
  });
  std::mt19937 random(1);
  const os::SharedObject<std::atomic<std::uint32_t>> last(0u), wrong(0u);
  std::uint32_t lost = 0;  // at most: one with each receiver killed since a message was reported
  for (int i = 0; i < 700 && *wrong == 0; ++i) {
    const std::uint32_t before = *last;
    auto receiver = beside([&, &b = b] {
      Bytes buffer(20'000);
      for (std::uint32_t most = 1 + lost;; most = 1) {
        const auto size = b.recv(buffer);
        const auto stamp = stamp_of(std::span(buffer).first(*size));
        const std::uint32_t ahead = stamp ? stamp->number - *last : 0;
        if (ahead < 1 || ahead > most) *wrong = *last + 1;
        *last += ahead;
      }
      return true;
    });
    if (i % 2) {
      while (*last == before && *wrong == 0) ::sched_yield();
    }
    spin_for(static_cast<std::int64_t>(random() % 300'000));
    receiver.kill(SIGKILL);
    EXPECT_EQ(receiver.wait().signal(), SIGKILL);
    lost = *last == before ? lost + 1 : 1;
  }
  EXPECT_EQ(*wrong, 0u);
  EXPECT_GT(*last, 700u);
  sender.kill(SIGKILL);
  sender.wait();
}

/// A pipe as it is after every single instruction of what a child does with it (ptrace(2)), and so
/// as a child leaves it that is killed there.
class ShmRingKillTest : public test::LeavesNothing {
 protected:
  void SetUp() override {
    LeavesNothing::SetUp();
    const auto status = in_child([] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; });
    if (status != kSuccess) GTEST_SKIP() << "ptrace: not allowed here";
    // Near the end of the ring, with what could be taken for headers all over it.
    for (const std::size_t size : {1000, 1000, 1000, 1000, 1000, 1000, 1000, 600}) {
      a_.send(Bytes(size, std::byte{1}));
      take(b_);
    }
  }

  /// Calls `check` after each instruction, with the pipe as it is then; where a sanitizer adds
  /// several of its own to each, after one of seven.
  void at_every_instruction_of(const std::function<void()>& body,
                               const std::function<void()>& check) {
    const pid_t pid = os::fork();
    if (pid == 0) {
      ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      ::raise(SIGSTOP);
      body();
      ::raise(SIGSTOP);
      ::_exit(0);
    }
    const std::span memory(memory_->data(), memory_->size());
    EXPECT_EQ(stopped_by(pid), SIGSTOP);
    constexpr unsigned kEvery = os::kSanitized ? 7 : 1;
    unsigned step = 0;
    for (int stop = SIGTRAP; stop == SIGTRAP && !HasFatalFailure(); stop = stopped_by(pid)) {
      if (step++ % kEvery == 0) {
        const Bytes before(memory.begin(), memory.end());
        check();
        std::ranges::copy(before, memory.begin());
      }
      ::ptrace(PTRACE_SINGLESTEP, pid, nullptr, nullptr);
    }
    check();
    ::kill(pid, SIGKILL);
    stopped_by(pid);
  }

  /// Whatever a death left shows at the latest when it comes around.
  void expect_that_it_goes_on() {
    for (std::size_t i = 0; i < 30; ++i) {
      a_.send(numbered(i * 31 % 900, i));
      ASSERT_TRUE(take(b_) == numbered(i * 31 % 900, i)) << i;
    }
    ASSERT_FALSE(b_.ready(os::Deadline::now()));
  }

 private:
  static int stopped_by(pid_t pid) {
    int status = 0;
    os::retry_eintr([&] { return ::waitpid(pid, &status, 0); });
    return WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
  }

  std::shared_ptr<os::SharedMapping> memory_ =
      std::make_shared<os::SharedMapping>(2 * (sizeof(RingLines) + 4096));
  std::pair<ShmRing::End, ShmRing::End> ends_ = ShmRing::make_in(memory_);

 protected:
  ShmRing::End& a_ = ends_.first;
  ShmRing::End& b_ = ends_.second;
};

TEST_F(ShmRingKillTest, ASenderLeavesItsMessageOrNone) {
  for (const std::size_t size : {8, 700, 2000}) {  // the last in parts
    const Bytes message = numbered(size, 1);
    bool came = false;
    at_every_instruction_of(
        [&] {
          std::memset(a_.reserve(200).data(), 1, 200);
          a_.send(message);
        },
        [&] {
          came |= size < 2000 && b_.ready(os::Deadline::now());
          a_.send(numbered(24, 2));
          Bytes buffer(3000);
          std::size_t got = 0;
          const int error = error_of([&] { got = b_.recv(buffer).value_or(0); });
          ASSERT_TRUE(error == 0 || (error == EPROTO && size == 2000));
          ASSERT_TRUE(got == size || !came);  // once there, it stays
          came |= got == size;
          if (got == size) {
            ASSERT_TRUE(std::ranges::equal(message, std::span(buffer).first(size)));
          }
          if (error == EPROTO || got == size) got = b_.recv(buffer).value_or(0);
          ASSERT_TRUE(std::ranges::equal(numbered(24, 2), std::span(buffer).first(got)));
          expect_that_it_goes_on();
        });
    EXPECT_TRUE(came);
  }
}

TEST_F(ShmRingKillTest, AReceiverLeavesItsMessageOrTakesIt) {
  for (const std::size_t size : {8, 700, 2000}) {
    a_.send(numbered(size, 1));
    a_.send(numbered(24, 2));
    Bytes buffer(size);
    bool was_taken = false;
    at_every_instruction_of([&] { b_.recv(buffer); },
                            [&] {
                              auto first = take(b_);
                              was_taken |= first == numbered(24, 2);
                              if (!was_taken) {
                                ASSERT_TRUE(first == numbered(size, 1));
                                first = take(b_);
                              }
                              ASSERT_TRUE(first == numbered(24, 2));
                              expect_that_it_goes_on();
                            });
    EXPECT_TRUE(was_taken);
  }
}

}  // namespace
}  // namespace ipc
