// What the backends say that they cannot do is what their constants say.
#include "ipc/capabilities.hpp"

#include <algorithm>
#include <set>

#include "ipc/backends.hpp"
#include "ipc/os/test_support.hpp"

namespace ipc {
namespace {

class CapabilitiesTest : public test::LeavesNothing {
 protected:
  /// Of one backend, joined; "none such" when it is not listed.
  static std::string lacks(std::string_view noun, std::string_view backend) {
    for (const auto& each : capabilities()) {
      if (each.noun != noun || each.backend != backend) continue;
      std::string text;
      for (const auto& words : each.lacks) text += (text.empty() ? "" : "; ") + words;
      return text;
    }
    return "none such";
  }
};

TEST_F(CapabilitiesTest, ListEveryBackendOfTheTableOnce) {
  std::set<std::pair<std::string_view, std::string_view>> listed;
  const auto all = capabilities();
  for (const auto& each : all) EXPECT_TRUE(listed.emplace(each.noun, each.backend).second);
  std::size_t expected = 0;
  const auto count = [&]<class B>(std::type_identity<B>) { ++expected; };
  Starters::for_each(count);
  Pipes::for_each(count);
  Queues::for_each(count);
  SharedMemories::for_each(count);
  Semaphores::for_each(count);
  Notifiers::for_each(count);
  Pools::for_each(count);
  EXPECT_EQ(all.size(), expected);
}

TEST_F(CapabilitiesTest, SayWhatABackendLacksAndNothingOfOneThatLacksNothing) {
  EXPECT_EQ(lacks("queue", "sysv_msg"),
            "no timed put or get; is left in the kernel when its creator is killed, until `ipcmark "
            "clean`; no queue without a maxsize");
  EXPECT_EQ(lacks("queue", "byte_ring"), "");
  EXPECT_EQ(lacks("pipe", "socketpair_stream"), "");
  EXPECT_EQ(lacks("pipe", "process_vm_readv"), "holds no message: send waits until it is read");
  EXPECT_EQ(lacks("semaphore", "futex"), "");
  EXPECT_EQ(lacks("semaphore", "eventfd"),
            "no value; a release beyond the largest count may not throw");
  EXPECT_EQ(lacks("shared", "anonymous_robust_mutex"), "");
  EXPECT_EQ(lacks("shared", "anonymous_spin_lock"), "a killed holder keeps the lock for ever");
  EXPECT_EQ(lacks("process", "fork_sigchld_ignored"), "no exit status of the child");
  EXPECT_EQ(lacks("pool", "shm_ring"), "");
  EXPECT_EQ(lacks("pool", "shared_queue"), "");
  EXPECT_EQ(lacks("pool", "threads"),
            "its workers are threads: a task that dies ends them all; no max_tasks_per_child");
}

TEST_F(CapabilitiesTest, FollowTheConstantsOfEveryQueue) {
  Queues::for_each([&]<class Q>(std::type_identity<Q>) {
    const std::string text = lacks("queue", Q::kName);
    const auto says = [&](const char* words) { return text.find(words) != std::string::npos; };
    EXPECT_EQ(says("no timed"), !Q::kHasTimed) << Q::kName;
    EXPECT_EQ(says("no size"), !Q::kHasSize) << Q::kName;
    EXPECT_EQ(says("a killed process"), !Q::kSurvivesKill) << Q::kName;
    EXPECT_EQ(says("left in the kernel"), Q::kNeedsReclaim) << Q::kName;
    EXPECT_EQ(says("no message over"), Q::kMostMessageBytes != kAnyMessageBytes) << Q::kName;
  });
}

}  // namespace
}  // namespace ipc
