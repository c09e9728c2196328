// The contract of a process starter, kept by every backend.
#include <sys/mman.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "ipc/backends.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"

namespace ipc {
namespace {

long mappings() {
  std::ifstream maps("/proc/self/maps");
  return std::count(std::istreambuf_iterator<char>(maps), {}, '\n');
}
long descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

/// What reap() gives for a child that was started with that code.
template <class S>
os::ExitStatus status_of(int code) {
  return S::kHasStatus ? os::ExitStatus::from_code(code) : os::ExitStatus::unknown();
}

template <class S>
using StarterConformance = test::Conformance<S>;
using Types = Starters::Apply<testing::Types>;
TYPED_TEST_SUITE(StarterConformance, Types, test::BackendName);

TYPED_TEST(StarterConformance, TheChildEndsWithTheExitCodeGiven) {
  for (const int code : {0, 1, 42, 127, 255}) {
    const auto status = TypeParam::start(code).reap();
    EXPECT_EQ(status.exited(), TypeParam::kHasStatus);
    EXPECT_EQ(status, status_of<TypeParam>(code));
  }
}

TYPED_TEST(StarterConformance, ReapingLeavesNoZombie) {
  TypeParam::start(3).reap();
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TYPED_TEST(StarterConformance, SeveralAreReapedInAnyOrderEachWithItsOwnStatus) {
  std::vector<std::pair<int, typename TypeParam::Child>> children;
  for (int code = 0; code < 20; ++code) children.emplace_back(code, TypeParam::start(code));
  std::shuffle(children.begin(), children.end(), std::mt19937(1));
  for (auto& [code, child] : children) EXPECT_EQ(child.reap(), status_of<TypeParam>(code));
}

TYPED_TEST(StarterConformance, NothingOfTheParentRunsInTheChild) {
  static os::SharedObject<std::atomic<int>>* runs = nullptr;
  os::SharedObject<std::atomic<int>> count(0);
  runs = &count;
  EXPECT_EQ(test::in_child([] {
              struct Local {
                ~Local() { ++**runs; }
              } local;
              std::atexit([] { ++**runs; });
              const int file = ::memfd_create("output", MFD_CLOEXEC);
              ::dup2(file, STDOUT_FILENO);
              std::setvbuf(stdout, nullptr, _IOFBF, 4096);
              std::fputs("once", stdout);
              TypeParam::start(0).reap();
              return **runs == 0 && ::lseek(file, 0, SEEK_END) == 0;
            }),
            test::kSuccess);
  EXPECT_EQ(*count, 1);  // the destructor of the test's own child
}

TYPED_TEST(StarterConformance, LeavesTheParentsDescriptorsAndMappingsAsTheyWere) {
  for (int i = 0; i < 3; ++i) TypeParam::start(0).reap();  // a thread's stack is kept for the next
  const auto descriptors_before = descriptors(), mappings_before = mappings();
  constexpr int kChildren = 50;
  for (int i = 0; i < kChildren; ++i) TypeParam::start(i).reap();
  EXPECT_EQ(descriptors(), descriptors_before);
  // An allocator may map more once in a while; what a child leaves would be there for each.
  EXPECT_LT(mappings(), mappings_before + kChildren / 2);
}

TYPED_TEST(StarterConformance, ADroppedChildLeavesNeitherProcessNorZombie) {
  for (int i = 0; i < 10; ++i) (void)TypeParam::start(i);
  auto first = TypeParam::start(1);
  auto second = TypeParam::start(2);
  first = std::move(second);
  EXPECT_EQ(first.reap(), status_of<TypeParam>(2));
}

TYPED_TEST(StarterConformance, ASignalHandlerDoesNotEndReapingEarly) {
  const test::Interruptions interruptions;
  for (int i = 0; interruptions.count() < 5; ++i)
    ASSERT_EQ(TypeParam::start(i & 0xff).reap(), status_of<TypeParam>(i));
}

/// How SIGCHLD is handled now.
sighandler_t sigchld_handler() {
  struct sigaction now {};
  ::sigaction(SIGCHLD, nullptr, &now);
  return now.sa_handler;
}

TYPED_TEST(StarterConformance, LeavesTheHandlingOfSigchldAsItWas) {
  const auto handler = [](int) {};
  for (const sighandler_t before : {SIG_DFL, static_cast<sighandler_t>(handler)}) {
    ::signal(SIGCHLD, before);
    {
      auto first = TypeParam::start(1);
      auto second = TypeParam::start(2);
      first.reap();
      EXPECT_EQ(sigchld_handler(), TypeParam::kHasStatus ? before : SIG_IGN);
    }
    EXPECT_EQ(sigchld_handler(), before);
  }
  ::signal(SIGCHLD, SIG_DFL);
}

/// What some starters say beyond the common contract.
class Starter : public test::LeavesNothing {};

TEST_F(Starter, ForkExecTellsThatTheProgramCannotBeExecuted) {
  EXPECT_EQ(test::error_of([] { ForkExecStarter::start("/nowhere/at-all", 3); }), ENOENT);
  EXPECT_EQ(test::error_of([] { ForkExecStarter::start("/proc/self/maps", 3); }), EACCES);
}

TEST_F(Starter, TheGrandchildOfADoubleForkIsNobodysChildHere) {
  auto child = DoubleForkStarter::start(7);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
  EXPECT_EQ(child.reap(), os::ExitStatus::from_code(7));
}

TEST_F(Starter, ADoubleForkBelowASubreaperLeavesItNoZombie) {
  EXPECT_EQ(test::in_child([] {
              os::become_subreaper();
              for (int code = 0; code < 20; ++code)
                if (DoubleForkStarter::start(code).reap() != os::ExitStatus::from_code(code))
                  return false;
              return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
            }),
            test::kSuccess);
}

TEST_F(Starter, SigchldIsNotIgnoredWhileAnotherChildWouldLoseItsStatus) {
  auto other = os::Child::fork([] { return 5; });
  EXPECT_EQ(test::error_of([] { ForkSigchldIgnoredStarter::start(0); }), EBUSY);
  EXPECT_EQ(other.wait(), os::ExitStatus::from_code(5));
  EXPECT_TRUE(ForkSigchldIgnoredStarter::start(0).reap().is_unknown());
}

}  // namespace
}  // namespace ipc
