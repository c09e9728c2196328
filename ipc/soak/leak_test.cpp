// A thousand of each object, made, used once and destroyed one after another, leave this process
// and this machine as they were.
#include <malloc.h>

#include <iostream>

#include "ipc/os/process_facts.hpp"
#include "ipc/os/sanitized.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/soak/leftovers.hpp"
#include "ipc/soak/use_once.hpp"

namespace ipc::soak {
namespace {

constexpr int kMany = os::kSanitized ? 100 : 1000;
constexpr bool kKnowsHeap = !os::kSanitized;  // its own allocator, and it looks for leaks itself

/// In use, bytes; what the allocator keeps for later is not.
std::size_t heap_bytes() {
  return kKnowsHeap ? ::mallinfo2().uordblks : 0;
}

template <class B>
class OneAfterAnother : public test::LeavesNothing {};
TYPED_TEST_SUITE_P(OneAfterAnother);

TYPED_TEST_P(OneAfterAnother, LeaveNothing) {
  if constexpr (os::Backend<TypeParam>) {
    if (const auto reason = TypeParam::unavailable()) GTEST_SKIP() << *reason;
  }
  constexpr int kWarmUp = 20;
  for (int i = 0; i < kWarmUp; ++i) use_once<TypeParam>();
  (void)Holdings::now();
  const auto heap_before = heap_bytes();
  const auto before = Holdings::now();
  for (int i = 0; i < kMany; ++i) use_once<TypeParam>();
  const auto after = Holdings::now();
  EXPECT_EQ(after, before) << after.to_string() << " after " << before.to_string();
  // A thread may leave some bytes for the next; lost would be one a time, at the least.
  EXPECT_LT(heap_bytes(), heap_before + kMany);
  EXPECT_TRUE(names_of(::getpid()).empty());
  EXPECT_TRUE(os::children_of(::getpid()).empty());
  std::cout << kMany << " of " << TypeParam::kName << ": " << after.to_string()
            << " before and after\n";
}

REGISTER_TYPED_TEST_SUITE_P(OneAfterAnother, LeaveNothing);

template <class List>
using Types = typename List::template Apply<testing::Types>;
#define IPCMARK_MANY(name, list) \
  INSTANTIATE_TYPED_TEST_SUITE_P(name, OneAfterAnother, Types<list>, test::BackendName)
IPCMARK_MANY(Processes, Starters);
IPCMARK_MANY(Pipes, Pipes);
IPCMARK_MANY(Queues, Queues);
IPCMARK_MANY(SharedMemories, SharedMemories);
IPCMARK_MANY(Semaphores, Semaphores);
IPCMARK_MANY(Notifiers, Notifiers);
IPCMARK_MANY(Pools, Pools);
IPCMARK_MANY(Typed, TypedObjects);

}  // namespace
}  // namespace ipc::soak
