// The rings between threads of one process, so that a thread sanitizer sees both sides.
#include <thread>

#include "ipc/os/test_support.hpp"
#include "ipc/pipe/shm_ring.hpp"

namespace ipc {
namespace {

using Bytes = std::vector<std::byte>;

#if defined(__SANITIZE_THREAD__)
constexpr std::size_t kMessages = 5'000;
#else
constexpr std::size_t kMessages = 20'000;
#endif

Bytes numbered(std::size_t size, std::size_t number) {
  Bytes message(size);
  for (std::size_t i = 0; i < size; ++i) message[i] = static_cast<std::byte>(number + i / 8);
  return message;
}

/// Small ones, some around what goes in one part, and some larger than the smallest ring.
std::size_t size_of(std::size_t number) {
  constexpr std::size_t kSizes[] = {8, 0, 64, 1, 1024, 8, 1025, 200, 8, 8, 5000, 33};
  return number % 500 == 499 ? 40'000 : kSizes[number % std::size(kSizes)];
}

template <class End>
void send_all(End& end) {
  for (std::size_t i = 0; i < kMessages; ++i) end.send(numbered(size_of(i), i));
}

/// How many messages came right, one after another.
template <class End>
std::size_t receive_all(End& end) {
  Bytes buffer(40'000);
  for (std::size_t i = 0; i < kMessages; ++i) {
    const auto size = end.recv(buffer);
    if (!size || !std::ranges::equal(std::span(buffer).first(*size), numbered(size_of(i), i)))
      return i;
  }
  return kMessages;
}

template <class B>
class ShmRingThreads : public test::Conformance<B> {};
using Types = testing::Types<ShmRing, ShmRingSpin, ShmRingBlock>;
TYPED_TEST_SUITE(ShmRingThreads, Types, test::BackendName);

TYPED_TEST(ShmRingThreads, CarryMessagesInOrder) {
  for (const std::size_t capacity : {1, 0}) {
    auto [a, b] = TypeParam::make({.capacity_bytes = capacity});
    std::thread sender([&a = a] { send_all(a); });
    EXPECT_EQ(receive_all(b), kMessages);
    sender.join();
  }
}

TYPED_TEST(ShmRingThreads, SendAndReceiveAtTheSameTimeOverOneEnd) {
  auto [a, b] = TypeParam::make({.capacity_bytes = 8192});
  std::size_t received = 0;
  std::thread sender([&a = a] { send_all(a); });
  std::thread back_sender([&b = b] { send_all(b); });
  std::thread back_receiver([&, &a = a] { received = receive_all(a); });
  EXPECT_EQ(receive_all(b), kMessages);
  for (auto* each : {&sender, &back_sender, &back_receiver}) each->join();
  EXPECT_EQ(received, kMessages);
}

TYPED_TEST(ShmRingThreads, WakeEachOtherAtEveryMessage) {
  auto [a, b] = TypeParam::make({});
  std::thread echo([&b = b] {
    Bytes buffer(8);
    while (b.recv(buffer)) b.send(buffer);
  });
  Bytes buffer(8);
  for (std::size_t i = 0; i < kMessages / 10; ++i) {
    a.send(numbered(8, i));
    ASSERT_EQ(a.recv(buffer), 8u);
    ASSERT_EQ(buffer, numbered(8, i));
  }
  a.close();
  echo.join();
}

TYPED_TEST(ShmRingThreads, WriteAndReadInPlace) {
  auto [a, b] = TypeParam::make({.capacity_bytes = 1});
  std::thread sender([&a = a] {
    for (std::size_t i = 0; i < kMessages; ++i) {
      const auto message = numbered(i * 7 % 300, i);
      const auto room = a.reserve(message.size() + i % 3 * 50);
      std::ranges::copy(message, room.begin());
      a.commit(message.size());
    }
  });
  for (std::size_t i = 0; i < kMessages; ++i) {
    ASSERT_TRUE(std::ranges::equal(*b.peek(), numbered(i * 7 % 300, i))) << i;
    b.release();
  }
  sender.join();
}

TYPED_TEST(ShmRingThreads, SendManyAtOnce) {
  auto [a, b] = TypeParam::make({.capacity_bytes = 8192});
  std::thread sender([&a = a] {
    for (std::size_t i = 0; i < kMessages;) {
      std::vector<Bytes> batch;
      for (; batch.size() < 100; ++i) batch.push_back(numbered(size_of(i), i));
      a.send_many(std::vector<std::span<const std::byte>>(batch.begin(), batch.end()));
    }
  });
  EXPECT_EQ(receive_all(b), kMessages);
  sender.join();
}

}  // namespace
}  // namespace ipc
