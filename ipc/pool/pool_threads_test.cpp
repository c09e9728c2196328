// The pool of threads, with several tasks at once, as TSan sees it: no data race in the pool, nor
// between it and its user.
#include <numeric>

#include "ipc/os/test_support.hpp"
#include "ipc/pool/pool.hpp"
#include "ipc/pool/thread_pool.hpp"

namespace ipc {
namespace {

int fail_on_seven(int value) {
  if (value == 7) throw std::out_of_range("seven");
  return value;
}

class ThreadPoolThreads : public test::LeavesNothing {};

TEST_F(ThreadPoolThreads, MapsAndLazyMapsAreWhole) {
  Pool<ThreadPool> pool{{.workers = 4}};
  std::vector<int> items(2000);
  std::iota(items.begin(), items.end(), 100);
  EXPECT_EQ(pool.map(fail_on_seven, items, 3), items);
  std::vector<int> results;
  for (const int each : pool.imap(fail_on_seven, items)) results.push_back(each);
  EXPECT_EQ(results, items);
}

TEST_F(ThreadPoolThreads, ErrorsAndExitsComeBack) {
  Pool<ThreadPool> pool{{.workers = 4}};
  for (int i = 0; i < 100; ++i) {
    const auto fails = pool.apply_async(fail_on_seven, 7);
    const auto leaves = pool.apply_async([] { ipc::exit(3); });
    EXPECT_EQ(pool.apply(fail_on_seven, i + 10), i + 10);
    EXPECT_THROW(fails.get(), std::out_of_range);
    EXPECT_THROW(leaves.get(), WorkerLost);
  }
}

TEST_F(ThreadPoolThreads, ABrokenInitializerIsTheErrorOfTasksSubmittedBeforeAndAfter) {
  for (int round = 0; round < 20; ++round) {
    Pool<ThreadPool> pool{{.workers = 4, .initializer = [] { throw std::out_of_range("no"); }}};
    for (int i = 0; i < 10; ++i) EXPECT_THROW(pool.apply(fail_on_seven, i), std::out_of_range);
  }
}

TEST_F(ThreadPoolThreads, EndsInEveryWayWithTasksQueued) {
  for (int round = 0; round < 30; ++round) {
    Pool<ThreadPool> pool{{.workers = 3}};
    for (int i = 0; i < 50; ++i) pool.apply_async(fail_on_seven, i);
    if (round % 3 == 0) pool.terminate();
    pool.close();
    if (round % 3 == 1) pool.join();
  }
}

}  // namespace
}  // namespace ipc
