// Every pipe backend keeps the contract of contract.hpp.
#include <atomic>
#include <thread>

#include "ipc/backends.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"
#include "ipc/pipe/pipe_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using test::beside;
using test::error_of;
using test::in_child;
using test::Interruptions;
using test::kSuccess;
using test::take;
using Bytes = std::vector<std::byte>;

Bytes bytes(std::string_view text) {
  const auto span = std::as_bytes(std::span(text));
  return {span.begin(), span.end()};
}

/// A message that shows by its content when a part of it is missing or out of place.
Bytes pattern(std::size_t size, unsigned seed = 1) {
  Bytes message(size);
  for (auto& each : message)
    each = static_cast<std::byte>((seed = seed * 1103515245 + 12345) >> 16);
  return message;
}

/// Sends before anybody reads; where send waits for the reader, a child does it, and the parent
/// goes on without its end.
template <class End>
class Ahead {
 public:
  Ahead(End& end, std::vector<Bytes> messages) {
    const auto send = [&end, messages = std::move(messages)] {
      for (const auto& message : messages) end.send(message);
      return true;
    };
    if constexpr (send_waits_for_reader<End>) {
      child_ = beside(send);
      end.close();
    } else {
      send();
    }
  }
  /// The messages are read; where a child sent them, its copy of the end is closed now.
  void done() {
    if constexpr (send_waits_for_reader<End>) {
      EXPECT_EQ(child_.wait(), kSuccess);
    }
  }

 private:
  os::Child child_;
};

template <class B>
class PipeConformance : public test::Conformance<B> {};
using Types = Pipes::Apply<testing::Types>;
TYPED_TEST_SUITE(PipeConformance, Types, test::BackendName);

TYPED_TEST(PipeConformance, CarriesMessagesInOrderBothWays) {
  auto [a, b] = TypeParam::make({});
  auto peer = beside([&b = b, &a = a] {
    a.close();
    while (const auto message = take(b)) b.send(*message);
    return true;
  });
  b.close();
  for (std::size_t i = 0; i < 1000; ++i) {
    const Bytes sent = pattern(i * 7, static_cast<unsigned>(i));
    a.send(sent);
    ASSERT_EQ(take(a), sent);
  }
  a.close();
  EXPECT_EQ(peer.wait(), kSuccess);
}

TYPED_TEST(PipeConformance, KeepsMessagesApart) {
  auto [a, b] = TypeParam::make({});
  const std::vector<Bytes> messages = {bytes("one"), {}, bytes("three"), {}, {}};
  Ahead sender(a, messages);
  for (const auto& message : messages) EXPECT_EQ(take(b), message);
  sender.done();
}

TYPED_TEST(PipeConformance, KeepsTheBordersOfMessagesReadTogether) {
  auto [a, b] = TypeParam::make({});
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < 300; ++i) sizes.push_back(i * i % 97);
  sizes.insert(sizes.end(), {5000, 1, 9000, 0, 4096, 4097, 3, 4095});
  auto sender = beside([&, &a = a] {
    for (const auto size : sizes) a.send(pattern(size));
    return true;
  });
  sender.wait_until(os::Deadline::after(10ms));  // so that there is much to read at once
  // By turns into a small and a large buffer: copied out of the store or read straight.
  Bytes small(100), large(20000);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    auto& buffer = sizes[i] > 100 || i % 2 ? large : small;
    ASSERT_EQ(b.recv(buffer), sizes[i]);
    ASSERT_EQ(Bytes(buffer.begin(), buffer.begin() + static_cast<long>(sizes[i])),
              pattern(sizes[i]));
  }
  EXPECT_EQ(sender.wait(), kSuccess);
}

TYPED_TEST(PipeConformance, Carries16MiBBothWays) {
  auto [a, b] = TypeParam::make({});
  const Bytes big = pattern(16 << 20);
  auto peer = beside([&] {
    a.close();
    const auto got = take(b);
    b.send(*got);
    Bytes buffer(big.size() + 5000);
    return got == big && b.recv(buffer) == big.size() &&
           std::equal(big.begin(), big.end(), buffer.begin()) && !b.recv(buffer);
  });
  b.close();
  a.send(big);
  EXPECT_EQ(take(a), big);
  a.send(big);
  a.close();
  EXPECT_EQ(peer.wait(), kSuccess);
}

TYPED_TEST(PipeConformance, SendsBothWaysAtTheSameTime) {
  auto [a, b] = TypeParam::make({});
  constexpr int kMessages = 20;
  const auto run = [](auto& end) {
    const auto send = [&end] {
      for (int i = 0; i < kMessages; ++i) end.send(pattern(1000));
    };
    std::thread sender;
    if constexpr (send_waits_for_reader<typename TypeParam::End>) {
      sender = std::thread(send);
    } else {
      send();
    }
    bool right = true;
    for (int i = 0; i < kMessages; ++i) right &= take(end) == pattern(1000);
    if (sender.joinable()) sender.join();
    return right;
  };
  auto peer = beside([&] { return run(b); });
  EXPECT_TRUE(run(a));
  EXPECT_EQ(peer.wait(), kSuccess);
}

TYPED_TEST(PipeConformance, SendBlocksWhileThePeerDoesNotRead) {
  auto [a, b] = TypeParam::make({});
  os::SharedObject<std::atomic<int>> sent(0);
  const Bytes message = pattern(4096);
  auto peer = beside([&] {
    for (int i = 0; i < 2000; ++i, ++*sent) a.send(message);
    return true;
  });
  // It holds fewer than all, however long it is given.
  EXPECT_EQ(peer.wait_until(os::Deadline::after(100ms)), std::nullopt);
  EXPECT_LT(*sent, 2000);
  for (int i = 0; i < 2000; ++i) ASSERT_EQ(take(b), message);
  EXPECT_EQ(peer.wait(), kSuccess);
}

TYPED_TEST(PipeConformance, TellsTheNextSizeWithoutTakingTheMessage) {
  auto [a, b] = TypeParam::make({});
  Ahead sender(a, {bytes("hello")});
  EXPECT_EQ(b.next_size(), 5u);
  EXPECT_EQ(b.next_size(), 5u);
  EXPECT_EQ(take(b), bytes("hello"));
  sender.done();
}

TYPED_TEST(PipeConformance, GivesPendingMessagesAndThenTheEnd) {
  auto [a, b] = TypeParam::make({});
  Ahead sender(a, {bytes("last")});
  a.close();
  EXPECT_TRUE(b.ready(os::Deadline::never()));
  EXPECT_EQ(take(b), bytes("last"));
  sender.done();
  EXPECT_TRUE(b.ready(os::Deadline::never()));
  Bytes buffer(10);
  EXPECT_EQ(b.recv(buffer), std::nullopt);
  EXPECT_EQ(b.next_size(), std::nullopt);
  Bytes large(10000);
  EXPECT_EQ(b.recv(large), std::nullopt);
}

TYPED_TEST(PipeConformance, EndsOnlyWhenEveryCopyOfTheOtherEndIsClosed) {
  auto [a, b] = TypeParam::make({});
  auto [go, wait] = TypeParam::make({});
  auto holder = beside([&] {
    go.close();
    return !wait.next_size();
  });
  wait.close();
  a.close();  // the holder still has one
  EXPECT_FALSE(b.ready(os::Deadline::after(20ms)));
  go.close();
  EXPECT_EQ(b.next_size(), std::nullopt);
  EXPECT_EQ(holder.wait(), kSuccess);
}

TYPED_TEST(PipeConformance, TellsTheEndAlsoToAPeerThatLeftMessagesUnread) {
  auto [a, b] = TypeParam::make({});
  if constexpr (send_waits_for_reader<typename TypeParam::End>) {
    auto peer = beside([&a = a, &b = b] {
      b.close();
      const auto unread = error_of([&a] { a.send(bytes("never read")); });
      return unread == EPIPE && !a.next_size() && error_of([&a] { a.send(bytes("x")); }) == EPIPE;
    });
    a.close();
    EXPECT_EQ(b.next_size(), 10u);
    b.close();
    EXPECT_EQ(peer.wait(), kSuccess);
    return;
  }
  b.send(bytes("pending"));
  a.send(bytes("never read"));
  b.close();
  EXPECT_EQ(take(a), bytes("pending"));
  EXPECT_EQ(a.next_size(), std::nullopt);
  EXPECT_EQ(error_of([&a = a] { a.send(bytes("x")); }), EPIPE);
}

TYPED_TEST(PipeConformance, LeavesAMessageThatTheBufferIsTooSmallFor) {
  auto [a, b] = TypeParam::make({});
  for (const std::size_t size : {100u, 100'000u}) {
    auto peer = beside([&, &a = a] {
      a.send(pattern(size));
      a.send(bytes("next"));
      return true;
    });
    Bytes small(10), large(10'000);
    if (size > 10'000) {
      EXPECT_EQ(error_of([&, &b = b] { b.recv(large); }), EMSGSIZE);
    }
    EXPECT_EQ(error_of([&, &b = b] { b.recv(small); }), EMSGSIZE);
    EXPECT_EQ(take(b), pattern(size));
    EXPECT_EQ(take(b), bytes("next"));
    EXPECT_EQ(peer.wait(), kSuccess);
  }
}

TYPED_TEST(PipeConformance, IsReadyWhenAMessageIsThereAndNeverBeforeTheDeadlineWithoutOne) {
  auto [a, b] = TypeParam::make({});
  const auto begin = os::Clock::now();
  EXPECT_FALSE(b.ready(os::Deadline::after(50ms)));
  EXPECT_GE(os::Clock::now() - begin, 50ms);
  EXPECT_FALSE(b.ready(os::Deadline::now()));
  auto [go, wait] = TypeParam::make({});
  auto sender = beside([&, &a = a, &go = go, &wait = wait] {
    go.close();
    a.send({});
    a.send({});
    return !wait.next_size();  // holds its copy, so that there is no end
  });
  wait.close();
  EXPECT_TRUE(b.ready(os::Deadline::never()));
  EXPECT_TRUE(b.ready(os::Deadline::now()));
  EXPECT_EQ(take(b), Bytes());
  EXPECT_TRUE(b.ready(os::Deadline::never()));  // often read together with the first
  EXPECT_EQ(take(b), Bytes());
  EXPECT_FALSE(b.ready(os::Deadline::now()));
  go.close();
  EXPECT_EQ(sender.wait(), kSuccess);
}

/// The error of a send to an end that is gone: of the first, or where the kernel tells late, of the
/// first that throws.
template <class End>
int error_without_reader(End& end, const Bytes& message) {
  int error = 0;
  do error = error_of([&] { end.send(message); });
  while (misses_a_gone_reader<End> && error == 0);
  return error;
}

TYPED_TEST(PipeConformance, SendingWithoutAReaderThrowsAndDoesNotKill) {
  for (const std::size_t size : {1u, 100'000u}) {
    const auto status = in_child([&] {
      auto [a, b] = TypeParam::make({});
      b.close();
      return error_without_reader(a, pattern(size)) == EPIPE &&
             error_of([&, &a = a] { a.send(pattern(size)); }) == EPIPE;
    });
    EXPECT_EQ(status, kSuccess);
  }
}

TYPED_TEST(PipeConformance, ASenderKilledInTheMiddleOfAMessageMakesRecvThrow) {
  for (const std::size_t room : {std::size_t{100}, std::size_t{16} << 20}) {
    auto [a, b] = TypeParam::make({});
    auto sender = beside([&b = b, &a = a] {
      b.close();
      a.send(pattern(16 << 20));
      return ::pause() == 0;
    });
    a.close();
    EXPECT_EQ(b.next_size(), std::size_t{16} << 20);  // it cannot have sent all of it in parts
    sender.kill(SIGKILL);
    EXPECT_EQ(sender.wait().signal(), SIGKILL);
    Bytes buffer(room);
    const int error = takes_messages_whole<typename TypeParam::End> ? 0 : EPROTO;
    EXPECT_EQ(error_of([&, &b = b] { b.recv(buffer); }), room > 100 ? error : EMSGSIZE);
    if (room > 100 && error == 0) {
      EXPECT_EQ(buffer, pattern(16 << 20));
      EXPECT_EQ(b.next_size(), std::nullopt);
    }
  }
}

TYPED_TEST(PipeConformance, AReceiverKilledInTheMiddleOfAMessageEndsTheSend) {
  auto [a, b] = TypeParam::make({});
  auto receiver = beside([&b = b, &a = a] {
    a.close();
    b.next_size();
    b.send(bytes("begun"));
    return ::pause() == 0;
  });
  b.close();
  auto killer = beside([&a = a, pid = receiver.pid()] {
    take(a);
    return ::kill(pid, SIGKILL) == 0;
  });
  if (takes_messages_whole<typename TypeParam::End>) {
    a.send(pattern(16 << 20));
    EXPECT_EQ(receiver.wait().signal(), SIGKILL);
  }
  EXPECT_EQ(error_of([&a = a] { a.send(pattern(16 << 20)); }), EPIPE);
  EXPECT_EQ(killer.wait(), kSuccess);
  EXPECT_EQ(receiver.wait().signal(), SIGKILL);
}

TYPED_TEST(PipeConformance, ASignalHandlerEndsNoCallEarly) {
  auto [a, b] = TypeParam::make({});
  const Interruptions interruptions;
  const auto begin = os::Clock::now();
  EXPECT_FALSE(b.ready(os::Deadline::after(100ms)));
  EXPECT_GE(os::Clock::now() - begin, 100ms);
  const Bytes big = pattern(8 << 20);
  auto peer = beside([&, &a = a] {
    const Interruptions here_too;
    a.send(big);
    return take(a) == big;
  });
  EXPECT_EQ(take(b), big);
  b.send(big);
  EXPECT_EQ(peer.wait(), kSuccess);
}

TYPED_TEST(PipeConformance, UsingAClosedEndThrows) {
  auto [a, b] = TypeParam::make({});
  Ahead sender(b, {bytes("one"), bytes("two")});
  EXPECT_EQ(take(a), bytes("one"));
  EXPECT_EQ(a.next_size(), 3u);  // the second is there, but not taken
  a.close();
  a.close();
  Bytes buffer(10), large(10'000);
  EXPECT_EQ(error_of([&a = a] { a.send({}); }), EBADF);
  EXPECT_EQ(error_of([&a = a] { a.send(pattern(10'000)); }), EBADF);
  EXPECT_EQ(error_of([&a = a] { a.next_size(); }), EBADF);
  EXPECT_EQ(error_of([&, &a = a] { a.recv(buffer); }), EBADF);
  EXPECT_EQ(error_of([&, &a = a] { a.recv(large); }), EBADF);
  EXPECT_EQ(error_of([&a = a] { a.ready(os::Deadline::now()); }), EBADF);
  EXPECT_EQ(error_of([&a = a] { a.capacity_bytes(); }), EBADF);
}

TYPED_TEST(PipeConformance, AMovedEndGoesOn) {
  auto [a, b] = TypeParam::make({});
  Ahead sender(a, {bytes("one"), bytes("two")});
  EXPECT_EQ(take(b), bytes("one"));
  EXPECT_EQ(b.next_size(), 3u);
  auto moved = std::move(b);
  EXPECT_EQ(take(moved), bytes("two"));
  sender.done();
  EXPECT_EQ(error_of([&b = b] { b.next_size(); }), EBADF);
}

TYPED_TEST(PipeConformance, HoldsTheCapacityItTells) {
  auto [a, b] = TypeParam::make({.capacity_bytes = 128 * 1024});
  if (send_waits_for_reader<typename TypeParam::End>) {
    EXPECT_EQ(a.capacity_bytes(), 0u);
  } else {
    EXPECT_GT(TypeParam::make({}).first.capacity_bytes(), 0u);
    EXPECT_GE(a.capacity_bytes(), 128u * 1024);
    EXPECT_GE(b.capacity_bytes(), 128u * 1024);
  }
  EXPECT_GT(a.max_message_bytes(), std::size_t{1} << 40);
}

TYPED_TEST(PipeConformance, AChildDestroyingItsCopiesHarmsNobody) {
  auto [a, b] = TypeParam::make({});
  EXPECT_EQ(in_child([&] {
              { const auto gone = std::pair(std::move(a), std::move(b)); }
              return true;
            }),
            kSuccess);
  Ahead sender(a, {bytes("still here")});
  EXPECT_EQ(take(b), bytes("still here"));
  sender.done();
}

TYPED_TEST(PipeConformance, AnExecutedProgramSeesNoDescriptor) {
  const auto before = test::descriptors_of_a_program();
  const auto pipe = TypeParam::make({});
  EXPECT_EQ(test::descriptors_of_a_program(), before);
}

}  // namespace
}  // namespace ipc
