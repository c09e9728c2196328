// What dead owners leave is found and removed, and nothing else is.
#include <fcntl.h>
#include <semaphore.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <ctime>
#include <optional>
#include <thread>

#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/stamped_test_support.hpp"
#include "ipc/os/sysv.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/os/unique_name.hpp"

namespace ipc {
namespace {

using os::SysvHandle;
using os::SysvKind;

/// One of each kind.
struct Everything {
  SysvHandle queue{SysvKind::queue};
  SysvHandle semaphores{SysvKind::semaphores, 1};
  SysvHandle segment{SysvKind::segment, 100};
};

long objects_of(pid_t creator) {
  return std::ranges::count(os::sysv_objects(), creator, &os::SysvObject::creator);
}

/// Whether this process can list the POSIX queues.
bool can_see_queues() {
  const std::string name = os::unique_name();
  os::UniqueFd(::mq_open(name.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600, nullptr));
  const auto names = os::stamped_names();
  ::mq_unlink(name.c_str());
  return std::ranges::count(names, name) == 1;
}

class Reclaim : public test::LeavesNothing {
 protected:
  void SetUp() override {
    LeavesNothing::SetUp();
    if (test::error_of([] { Everything probe; }) != 0) GTEST_SKIP() << "no System V objects here";
  }
};

TEST_F(Reclaim, RemovesWhatAKilledOwnerLeftAndSaysSo) {
  const auto [owner, left] = test::leave_one_of_each();
  // Of the queues nothing shows without privilege where their file system is not mounted.
  ASSERT_GE(left.size(), test::kStampedKinds - (can_see_queues() ? 0 : 1));
  const auto removed = os::reclaim_orphaned_names();
  for (const auto& name : left) EXPECT_EQ(std::ranges::count(removed, name), 1) << name;
  EXPECT_TRUE(test::stamped_names_of(owner).empty());
}

TEST_F(Reclaim, RemovesASemaphoreThatGotNoNameOnceItIsOldAndNobodyElses) {
  const auto file = [](const char* letters, mode_t mode, int seconds_old) {
    const std::string path = std::string("/dev/shm/sem.") + letters;
    const os::UniqueFd fd(
        os::check(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600), "open"));
    os::check(::fchmod(fd.get(), mode), "fchmod");
    const timespec times[] = {{::time(nullptr) - seconds_old, 0},
                              {::time(nullptr) - seconds_old, 0}};
    os::check(::futimens(fd.get(), times), "futimens");
    return path;
  };
  const auto old = file("ip1old", os::kSemaphoreMode, 60),
             young = file("ip1new", os::kSemaphoreMode, 0), foreign = file("ip1foe", 0600, 60),
             longer = file("ip1long", os::kSemaphoreMode, 60);
  const auto removed = os::reclaim_orphaned_names();
  EXPECT_EQ(std::ranges::count(removed, old), 1);
  EXPECT_NE(::unlink(old.c_str()), 0);
  for (const auto& path : {young, foreign, longer}) EXPECT_EQ(::unlink(path.c_str()), 0) << path;
}

TEST_F(Reclaim, KnowsASemaphoreThatSemOpenLeftWithoutItsName) {
  // Killed at every system call of it, one after the other, until one run gets through.
  bool is_left = false;
  for (int calls = 1; !is_left && calls < 100; ++calls) {
    auto maker = os::Child::fork([] {
      if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == -1) return 1;
      ::raise(SIGSTOP);
      ::sem_open(os::unique_name().c_str(), O_CREAT | O_EXCL, os::kSemaphoreMode, 1);
      return 0;
    });
    int status = 0;
    ::waitpid(maker.pid(), &status, 0);
    if (calls == 1 && !WIFSTOPPED(status)) GTEST_SKIP() << "ptrace(2) is not allowed here";
    for (int i = 0; i < calls && WIFSTOPPED(status); ++i) {
      ::ptrace(PTRACE_SYSCALL, maker.pid(), nullptr, nullptr);
      ::waitpid(maker.pid(), &status, 0);
    }
    if (!WIFSTOPPED(status)) break;
    maker.kill(SIGKILL);
    maker.wait();
    const auto found = os::unnamed_semaphores();
    // Another program's, in the middle of its call, is gone by then.
    if (!found.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    for (const auto& path : found) is_left = ::unlink(path.c_str()) == 0 || is_left;
  }
  EXPECT_TRUE(is_left);
  os::reclaim_orphaned_names();
}

TEST_F(Reclaim, LeavesTheNamesOfTheLiving) {
  auto owner = os::Child::fork([] {
    test::make_one_of_each();
    const auto mine = test::stamped_names_of(::getpid());
    os::reclaim_orphaned_names();
    return mine == test::stamped_names_of(::getpid()) ? 0 : 1;
  });
  EXPECT_EQ(owner.wait(), test::kSuccess);
  os::reclaim_orphaned_names();
  EXPECT_TRUE(test::stamped_names_of(owner.pid()).empty());
}

TEST_F(Reclaim, LeavesWhatBelongsToTheLiving) {
  const Everything mine;
  os::reclaim_orphaned_names();
  EXPECT_EQ(objects_of(::getpid()), 3);
}

TEST_F(Reclaim, LeavesWhatALivingProcessUsedLast) {
  os::SharedObject<std::atomic<int>> id(-1);
  auto owner = os::Child::fork([&] {
    const SysvHandle set(SysvKind::semaphores, 1);
    id->store(set.id());
    return ::raise(SIGKILL);
  });
  EXPECT_EQ(owner.wait().signal(), SIGKILL);
  sembuf give{0, 1, 0};
  ASSERT_EQ(::semop(*id, &give, 1), 0);
  os::reclaim_orphaned_names();
  EXPECT_EQ(objects_of(owner.pid()), 1);
  EXPECT_EQ(::semctl(*id, 0, IPC_RMID), 0);
}

TEST_F(Reclaim, LeavesASegmentThatIsMapped) {
  os::SharedObject<std::atomic<int>> id(-1);
  auto owner = os::Child::fork([&] {
    const SysvHandle segment(SysvKind::segment, 100);
    id->store(segment.id());
    return ::raise(SIGKILL);
  });
  EXPECT_EQ(owner.wait().signal(), SIGKILL);
  void* const memory = ::shmat(*id, nullptr, 0);
  ASSERT_NE(memory, reinterpret_cast<void*>(-1));
  os::reclaim_orphaned_names();
  EXPECT_EQ(objects_of(owner.pid()), 1);
  ::shmdt(memory);
  os::reclaim_orphaned_names();
  EXPECT_EQ(objects_of(owner.pid()), 0);
}

TEST_F(Reclaim, LeavesWhatOtherProgramsMade) {
  const int foreign = os::check(::msgget(IPC_PRIVATE, 0600), "msgget");
  os::reclaim_orphaned_names();
  EXPECT_EQ(::msgctl(foreign, IPC_RMID, nullptr), 0);
}

TEST_F(Reclaim, OnlyTheProcessThatMadeAHandleRemovesItsObject) {
  std::optional<Everything> all(std::in_place);
  EXPECT_EQ(test::in_child([&] { return all.reset(), true; }), test::kSuccess);
  EXPECT_EQ(objects_of(::getpid()), 3);
  all.reset();
  EXPECT_EQ(objects_of(::getpid()), 0);
}

}  // namespace
}  // namespace ipc
