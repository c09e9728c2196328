// What dead owners leave is found and removed, and nothing else is.
#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include <atomic>
#include <optional>

#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/stamped_test_support.hpp"
#include "ipc/os/sysv.hpp"
#include "ipc/os/test_support.hpp"
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
