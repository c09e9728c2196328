// Threads of one process share a queue as processes do.
#include <atomic>
#include <thread>
#include <vector>

#include "ipc/os/test_support.hpp"
#include "ipc/queue/joinable_queue.hpp"
#include "ipc/queue/queue.hpp"

namespace ipc {
namespace {

using QueueOfThreads = test::LeavesNothing;

TEST_F(QueueOfThreads, GivesEachValueToOneOfThem) {
  constexpr std::size_t kThreads = 3, kEach = 2000;
  Queue<std::size_t> queue{4};
  std::array<std::atomic<int>, kThreads * kEach> times{};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < kEach; ++i) queue.put(t * kEach + i);
    });
    threads.emplace_back([&] {
      for (std::size_t i = 0; i < kEach; ++i) ++times.at(queue.get());
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& each : times) ASSERT_EQ(each, 1);
}

TEST_F(QueueOfThreads, ShowsTheConsumerWhatTheProducerWroteBefore) {
  Queue<int> there{1}, back{1};
  int plain = 0;  // not atomic: a race would be seen
  std::thread consumer([&] {
    for (int i = 1; i <= 1000; ++i) {
      EXPECT_EQ(there.get(), plain);
      back.put(i);
    }
  });
  for (int i = 1; i <= 1000; ++i) {
    plain = i;
    there.put(i);
    back.get();
  }
  consumer.join();
}

TEST_F(QueueOfThreads, JoinsItsTasks) {
  JoinableQueue<int> queue{2};
  int sum = 0;  // written by one thread, read by another after join()
  std::thread worker([&] {
    for (int i = 0; i < 1000; ++i) {
      sum += queue.get();
      queue.task_done();
    }
  });
  for (int i = 0; i < 1000; ++i) queue.put(1);
  queue.join();
  EXPECT_EQ(sum, 1000);
  worker.join();
}

}  // namespace
}  // namespace ipc
