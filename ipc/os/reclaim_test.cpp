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

class Reclaim : public test::LeavesNothing {
 protected:
  void SetUp() override {
    LeavesNothing::SetUp();
    if (test::error_of([] { Everything probe; }) != 0) GTEST_SKIP() << "no System V objects here";
  }
};

TEST_F(Reclaim, RemovesWhatAKilledOwnerLeftAndSaysSo) {
  os::SharedObject<std::array<char, 64>> name;
  auto owner = os::Child::fork([&] {
    const Everything left;
    const std::string own = os::unique_name();
    std::copy(own.begin(), own.end(), name->begin());
    ::shm_open(own.c_str(), O_CREAT | O_RDWR, 0600);
    return ::raise(SIGKILL);
  });
  EXPECT_EQ(owner.wait().signal(), SIGKILL);
  EXPECT_EQ(objects_of(owner.pid()), 3);
  const auto removed = os::reclaim_orphaned_names();
  EXPECT_EQ(objects_of(owner.pid()), 0);
  EXPECT_EQ(std::ranges::count(removed, std::string(name->data())), 1);
  const std::string of_owner = " of process " + std::to_string(owner.pid());
  EXPECT_EQ(
      std::ranges::count_if(removed, [&](const auto& text) { return text.ends_with(of_owner); }),
      3);
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
