// The rings of a pool among threads, which is what ThreadSanitizer can see.
#include <poll.h>

#include <array>
#include <thread>
#include <vector>

#include "ipc/os/test_support.hpp"
#include "ipc/os/type_list.hpp"
#include "ipc/pool/doorbell.hpp"
#include "ipc/pool/task_ring.hpp"

namespace ipc {
namespace {

class ResultRingThreads : public test::LeavesNothing {};

TEST_F(ResultRingThreads, CarriesEachResultOnceAndWholeAndWaitsWhileItIsFull) {
  constexpr std::uint64_t kResults = 20 * ResultRing::kSlots;
  const os::SharedMapping memory(ResultRing::kBytes);
  ResultRing pool(memory.data());
  ResultRing worker = pool;
  worker.become_producer();
  std::thread producer([&] {
    for (std::uint64_t id = 1; id <= kResults; ++id) {
      ResultSlot& slot = worker.reserve();
      slot.id = id;
      slot.size = ResultSlot::kInlineBytes;
      std::memset(slot.body(), static_cast<int>(id % 251), slot.size);
      worker.commit();
    }
    worker.wait_until_taken(0);
    EXPECT_TRUE(worker.is_empty());
  });
  for (std::uint64_t id = 1; id <= kResults; ++id) {
    const ResultSlot* slot = nullptr;
    while (!(slot = pool.front())) ::sched_yield();
    ASSERT_EQ(slot->id, id);
    for (std::size_t i = 0; i < slot->size; ++i)
      ASSERT_EQ(slot->body()[i], static_cast<std::byte>(id % 251));
    pool.pop();
    if (id % 100 == 0 || id == kResults) pool.tell_taken();
  }
  producer.join();
}

TEST_F(ResultRingThreads, AResultThatIsNotCommittedIsNotThereAndItsSuccessorsReplacesIt) {
  const os::SharedMapping memory(ResultRing::kBytes);
  ResultRing pool(memory.data());
  ResultRing dead = pool;
  dead.become_producer();
  dead.reserve().id = 1;
  dead.commit();
  dead.reserve().id = 2;  // killed here
  ASSERT_TRUE(pool.front());
  pool.pop();
  EXPECT_FALSE(pool.front());
  ResultRing next = pool;
  next.become_producer();
  next.reserve().id = 3;
  next.commit();
  ASSERT_TRUE(pool.front());
  EXPECT_EQ(pool.front()->id, 3u);
}

TEST_F(ResultRingThreads, ADoorbellWakesWhoeverArmedItBeforeOrLooksAfter) {
  Doorbell::Lines lines;
  Doorbell bell(lines);
  std::atomic<int> results{0};
  constexpr int kRounds = 2000;
  std::thread worker([&] {
    for (int round = 1; round <= kRounds; ++round) {
      results.store(round);
      bell.ring();
      while (results.load() > 0) ::sched_yield();
    }
  });
  for (int round = 1; round <= kRounds; ++round) {
    while (results.load() != round) {
      bell.arm();
      pollfd entry{bell.descriptor(), POLLIN, 0};
      if (results.load() != round) {
        ASSERT_EQ(::poll(&entry, 1, 10'000), 1) << "not woken";
      }
      bell.disarm();
      if (entry.revents) bell.answer();
    }
    results.store(0);
  }
  worker.join();
}

template <class Policy>
class TaskRingThreads : public test::LeavesNothing {};
template <os::WaitPolicy kWait>
using Policy = std::integral_constant<os::WaitPolicy, kWait>;
using Policies = testing::Types<Policy<os::WaitPolicy::spin>, Policy<os::WaitPolicy::block>,
                                Policy<os::WaitPolicy::adaptive>>;
TYPED_TEST_SUITE(TaskRingThreads, Policies);

TYPED_TEST(TaskRingThreads, EachTaskIsTakenOnceAndWhole) {
  constexpr std::uint64_t kTasks = 3000;
  constexpr std::size_t kWorkers = 3;
  TaskRing<TypeParam::value> ring(kWorkers);
  std::vector<std::atomic<int>> taken(kTasks + 1);
  std::array<WorkerSlot, kWorkers> slots{};
  std::vector<std::thread> workers;
  for (WorkerSlot& slot : slots)
    workers.emplace_back([&] {
      RingTask task{};
      for (ring.take(slot, task); task.id != kStopTask; ring.take(slot, task)) {
        EXPECT_EQ(slot.state.load(), task.id);
        for (std::size_t i = 0; i < task.size; ++i)
          ASSERT_EQ(task.body.at(i), static_cast<std::byte>(task.id % 251));
        ++taken.at(task.id);
      }
    });
  std::array<std::byte, RingTask::kInlineBytes> body{};
  const auto put = [&](std::uint64_t id, std::size_t size) {
    body.fill(static_cast<std::byte>(id % 251));
    while (!ring.has_room()) ::sched_yield();
    ring.put(id, nullptr, std::span(body).first(size), size);
    if (id % 500 == 499) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  for (std::uint64_t id = 1; id <= kTasks; ++id) put(id, id % (body.size() + 1));
  for (std::size_t i = 0; i < kWorkers; ++i) put(kStopTask, 0);
  for (auto& worker : workers) worker.join();
  for (std::uint64_t id = 1; id <= kTasks; ++id) ASSERT_EQ(taken.at(id), 1) << id;
}

}  // namespace
}  // namespace ipc
