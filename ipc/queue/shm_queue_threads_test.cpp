// The queues in shared memory among threads, which is what ThreadSanitizer can see.
#include <array>
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "ipc/os/test_support.hpp"
#include "ipc/os/type_list.hpp"
#include "ipc/queue/byte_ring.hpp"
#include "ipc/queue/shm_queue.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;

struct Message {
  unsigned number;
  std::array<unsigned, 20> copies;  // plain memory, so that a race on it is seen

  explicit Message(unsigned n = 0) : number(n) { copies.fill(n); }
  [[nodiscard]] bool is_whole() const { return *this == Message(number); }
  bool operator==(const Message&) const = default;
  std::span<std::byte> bytes() { return std::as_writable_bytes(std::span(this, 1)); }
};

template <class Q>
class ShmQueueThreads : public test::Conformance<Q> {};
using Types = os::TypeList<ShmQueue, ShmQueueSpin, ShmQueueBlock, ByteRing>::Apply<testing::Types>;
TYPED_TEST_SUITE(ShmQueueThreads, Types, test::BackendName);

constexpr unsigned kThreads = 3, kEach = 2000;

/// Runs producers and consumers, and checks that each message came once and whole.
template <class Put, class Get>
void run(Put put, Get get) {
  std::vector<std::atomic<int>> seen(kThreads * kEach);
  std::atomic<int> torn{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < kEach; ++i) put(Message(t * kEach + i));
    });
    threads.emplace_back([&] {
      for (unsigned i = 0; i < kEach; ++i) {
        const Message message = get();
        if (!message.is_whole()) ++torn;
        ++seen.at(message.number);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(torn, 0);
  for (const auto& count : seen) ASSERT_EQ(count, 1);
}

TYPED_TEST(ShmQueueThreads, CarryEachMessageOnceAndWhole) {
  for (const std::size_t capacity : {1u, 2u, 7u}) {
    TypeParam queue{{.capacity_messages = capacity, .max_message_bytes = sizeof(Message)}};
    run([&](Message message) { queue.put(message.bytes()); },
        [&] {
          Message message;
          queue.get(message.bytes());
          return message;
        });
    EXPECT_EQ(queue.size(), 0u);
  }
}

TYPED_TEST(ShmQueueThreads, CarryEachMessageOnceAlsoWhenTheyTryOrGiveUpWaiting) {
  TypeParam queue{{.capacity_messages = 2, .max_message_bytes = sizeof(Message)}};
  run(
      [&](Message message) {
        if (message.number % 2 == 0)
          while (!queue.try_put(message.bytes())) std::this_thread::yield();
        else
          while (!queue.put_until(message.bytes(), os::Deadline::after(20us))) continue;
      },
      [&] {
        Message message;
        for (;;) {
          if (queue.try_get(message.bytes())) return message;
          if (queue.get_until(message.bytes(), os::Deadline::after(20us))) return message;
        }
      });
  EXPECT_EQ(queue.size(), 0u);
}

}  // namespace
}  // namespace ipc
