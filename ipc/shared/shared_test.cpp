// The contract of shared memory, kept by every pair of storage and guard.
#include "ipc/shared/shared.hpp"

#include <sys/resource.h>

#include <optional>
#include <thread>
#include <vector>

#include "ipc/backends.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"
#include "ipc/shared/array.hpp"

namespace ipc {
namespace {

using SharedFlag = os::SharedObject<std::atomic<bool>>;

/// Those that this process made; other tests may run beside it.
long files_in_shared_memory() {
  const auto stamp = "ipcmark." + std::to_string(::getpid()) + ".";
  const std::filesystem::directory_iterator folder("/dev/shm");
  return std::count_if(begin(folder), end(folder), [&](const auto& entry) {
    return entry.path().filename().string().find(stamp) != std::string::npos;
  });
}

/// Whether the pair has a lock at all; tests of locks are skipped where it has none.
template <class B>
constexpr bool kHasLock = Guard<typename B::Guard>;

template <class B>
using SharedConformance = test::Conformance<B>;
using Types = SharedMemories::Apply<testing::Types>;
TYPED_TEST_SUITE(SharedConformance, Types, test::BackendName);

TYPED_TEST(SharedConformance, StorageIsZeroedAndAlignedAndAsLargeAsAsked) {
  for (const std::size_t bytes : {1u, 64u, 4096u, 100'000u, 10'000'000u}) {
    const typename TypeParam::Storage storage(bytes);
    EXPECT_GE(storage.size(), bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(storage.data()) % 64, 0u);
    EXPECT_EQ(std::count(storage.data(), storage.data() + bytes, std::byte{0}),
              static_cast<std::ptrdiff_t>(bytes));
  }
}

TYPED_TEST(SharedConformance, StorageOfZeroBytesWorks) {
  const typename TypeParam::Storage storage(0);
  EXPECT_NE(storage.data(), nullptr);
}

TYPED_TEST(SharedConformance, StorageLiesAtOneAddressInEveryProcess) {
  const typename TypeParam::Storage storage(1000);
  auto* const address = storage.data();
  EXPECT_EQ(test::in_child([&] {
              storage.data()[999] = std::byte{7};
              return storage.data() == address;
            }),
            test::kSuccess);
  EXPECT_EQ(storage.data()[999], std::byte{7});
}

TYPED_TEST(SharedConformance, StorageKeepsNoNameWhileItLives) {
  const typename TypeParam::Storage storage(1000);
  EXPECT_EQ(files_in_shared_memory(), 0);
  for (const auto& object : os::sysv_objects()) EXPECT_NE(object.creator, ::getpid());
}

TYPED_TEST(SharedConformance, StorageThatCannotBeHadThrows) {
  EXPECT_NE(test::error_of([] { typename TypeParam::Storage storage(std::size_t{1} << 60); }), 0);
}

TYPED_TEST(SharedConformance, StorageThatMovedIsTheSame) {
  typename TypeParam::Storage first(100);
  first.data()[5] = std::byte{5};
  typename TypeParam::Storage second(std::move(first));
  EXPECT_EQ(second.data()[5], std::byte{5});
}

TYPED_TEST(SharedConformance, AChildThatDestroysItsCopyLeavesTheOthersIntact) {
  std::optional<Array<long, TypeParam>> array(std::in_place, 100);
  array->store(50, 1);
  EXPECT_EQ(test::in_child([&] { return array.reset(), true; }), test::kSuccess);
  EXPECT_EQ(array->add(50, 1), 1);
  EXPECT_EQ(test::in_child([&] { return array->load(50) == 2; }), test::kSuccess);
}

TYPED_TEST(SharedConformance, AChildGoesOnAfterItsParentDestroyedIt) {
  std::optional<Array<long, TypeParam>> array(std::in_place, 1);
  SharedFlag destroyed(false);
  auto child = test::beside([&] {
    while (!*destroyed) ::sched_yield();
    return array->add(0, 1) == 0 && array->load(0) == 1;
  });
  array.reset();
  destroyed->store(true);
  EXPECT_EQ(child.wait(), test::kSuccess);
}

TYPED_TEST(SharedConformance, CellsBeginAsZeroOrWithTheValuesGiven) {
  for (int reused = 0; reused < 3; ++reused) {
    Array<int, TypeParam> zeros(1000);
    for (const int cell : zeros) ASSERT_EQ(cell, 0);
    for (auto cell : zeros) cell = -1;
  }
  const Array<int, TypeParam> given{4, 5, 6};
  EXPECT_EQ(std::vector<int>(given.begin(), given.end()), (std::vector{4, 5, 6}));
}

TYPED_TEST(SharedConformance, WhatOneProcessStoresEveryOtherLoads) {
  Array<double, TypeParam> array(10);
  array.store(3, 1.5);
  EXPECT_EQ(test::in_child([&] {
              if (array.load(3) != 1.5) return false;
              array.store(4, 2.5);
              return true;
            }),
            test::kSuccess);
  EXPECT_EQ(test::in_child([&] { return array.load(4) == 2.5; }), test::kSuccess);
  EXPECT_EQ(array.load(4), 2.5);
}

TYPED_TEST(SharedConformance, NoAdditionIsLost) {
  constexpr int kProcesses = 4, kEach = 20'000;
  Array<long, TypeParam> array(2);
  std::vector<os::Child> children;
  for (int i = 0; i < kProcesses; ++i)
    children.push_back(test::beside([&] {
      for (int k = 0; k < kEach; ++k) array.add(static_cast<std::size_t>(k % 2), 3);
      return true;
    }));
  for (auto& child : children) EXPECT_EQ(child.wait(), test::kSuccess);
  EXPECT_EQ(array.load(0), 3L * kProcesses * kEach / 2);
  EXPECT_EQ(array.load(1), 3L * kProcesses * kEach / 2);
}

TYPED_TEST(SharedConformance, AddGivesTheValueBeforeToEachExactlyOnce) {
  constexpr std::size_t kProcesses = 3, kEach = 5000;
  Array<int, TypeParam> counter(1), seen(kProcesses * kEach);
  std::vector<os::Child> children;
  for (std::size_t i = 0; i < kProcesses; ++i)
    children.push_back(test::beside([&] {
      for (std::size_t k = 0; k < kEach; ++k)
        seen.add(static_cast<std::size_t>(counter.add(0, 1)), 1);
      return true;
    }));
  for (auto& child : children) EXPECT_EQ(child.wait(), test::kSuccess);
  for (const int times : seen) ASSERT_EQ(times, 1);
}

TYPED_TEST(SharedConformance, AStoreIsNeverSeenHalf) {
  Array<std::uint64_t, TypeParam> array(1);
  SharedFlag stop(false);
  auto writer = test::beside([&] {
    for (std::uint64_t bits = 0; !*stop; bits = ~bits) array.store(0, bits);
    return true;
  });
  for (int i = 0; i < 50'000; ++i) {
    const auto bits = array.load(0);
    ASSERT_TRUE(bits == 0 || bits == ~std::uint64_t{0});
  }
  stop->store(true);
  EXPECT_EQ(writer.wait(), test::kSuccess);
}

TYPED_TEST(SharedConformance, AnUpdateIsOneStep) {
  constexpr int kEach = 10'000;
  Array<int, TypeParam> array(1);
  const auto change = [&](int by) {
    for (int i = 0; i < kEach; ++i) array.update(0, [by](int value) { return value + by; });
    return true;
  };
  auto up = test::beside([&] { return change(2); });
  auto down = test::beside([&] { return change(-1); });
  EXPECT_EQ(up.wait(), test::kSuccess);
  EXPECT_EQ(down.wait(), test::kSuccess);
  EXPECT_EQ(array.load(0), kEach);
}

TYPED_TEST(SharedConformance, TheLockKeepsEverybodyElseOutForAsLongAsItIsHeld) {
  if constexpr (!kHasLock<TypeParam>) {
    GTEST_SKIP() << "there is no lock";
  } else {
    Array<int, TypeParam> array(2);
    auto& lock = array.get_lock();
    std::optional<std::unique_lock<typename TypeParam::Guard>> inside(lock);
    EXPECT_EQ(test::in_child([&] { return !lock.try_lock(); }), test::kSuccess);
    auto peer = test::beside([&] { return array.add(0, 1) == 41 && array.load(1) == 42; });
    test::until_asleep(peer.pid());
    array.get_obj()[0] = 41;
    array.get_obj()[1] = 42;
    inside.reset();
    EXPECT_EQ(peer.wait(), test::kSuccess);
    EXPECT_TRUE(lock.try_lock());
    lock.unlock();
  }
}

TYPED_TEST(SharedConformance, ASignalHandlerDoesNotEndAWaitForTheLockEarly) {
  if constexpr (!kHasLock<TypeParam>) {
    GTEST_SKIP() << "there is no lock";
  } else {
    Array<int, TypeParam> array(1);
    SharedFlag held(false);
    const test::Interruptions interruptions;
    auto holder = test::beside([&] {
      const std::scoped_lock inside(array.get_lock());
      held->store(true);
      interruptions.wait_for(5);
      array.get_obj()[0] = 1;
      return true;
    });
    while (!*held) ::sched_yield();
    EXPECT_EQ(array.load(0), 1);
    EXPECT_EQ(holder.wait(), test::kSuccess);
  }
}

TYPED_TEST(SharedConformance, TheNextLockSucceedsAfterItsHolderWasKilled) {
  if constexpr (!kHasLock<TypeParam>) {
    GTEST_SKIP() << "there is no lock";
  } else if (!TypeParam::Guard::kRobust) {
    GTEST_SKIP() << "the lock does not notice";
  } else {
    Array<int, TypeParam> array(1);
    for (int round = 1; round <= 3; ++round) {
      auto holder = os::Child::fork([&] {
        array.get_lock().lock();
        array.get_obj()[0] = round;
        return ::raise(SIGKILL);
      });
      EXPECT_EQ(holder.wait().signal(), SIGKILL);
      if (round == 2) {
        EXPECT_TRUE(array.get_lock().try_lock());
        array.get_lock().unlock();
      }
      EXPECT_EQ(array.load(0), round);
    }
  }
}

TYPED_TEST(SharedConformance, AKilledHolderWakesThoseWhoWait) {
  if constexpr (!kHasLock<TypeParam>) {
    GTEST_SKIP() << "there is no lock";
  } else if (!TypeParam::Guard::kRobust) {
    GTEST_SKIP() << "the lock does not notice";
  } else {
    Array<int, TypeParam> array(1);
    SharedFlag held(false);
    auto holder = os::Child::fork([&] {
      array.get_lock().lock();
      held->store(true);
      return ::pause();
    });
    while (!*held) ::sched_yield();
    auto first = test::beside([&] { return array.add(0, 1), true; });
    auto second = test::beside([&] { return array.add(0, 1), true; });
    test::until_asleep(first.pid());
    test::until_asleep(second.pid());
    holder.kill(SIGKILL);
    EXPECT_EQ(first.wait(), test::kSuccess);
    EXPECT_EQ(second.wait(), test::kSuccess);
    EXPECT_EQ(array.load(0), 2);
  }
}

TYPED_TEST(SharedConformance, DestroyingItIsFineThoughAKilledHolderHasTheLock) {
  if constexpr (!kHasLock<TypeParam>) {
    GTEST_SKIP() << "there is no lock";
  } else {
    const Array<int, TypeParam> array(1);
    auto holder = os::Child::fork([&] {
      array.get_lock().lock();
      return ::raise(SIGKILL);
    });
    EXPECT_EQ(holder.wait().signal(), SIGKILL);
  }
}

TYPED_TEST(SharedConformance, GuardAndCellsLieOnLinesOfTheirOwn) {
  if constexpr (!kHasLock<TypeParam>) {
    GTEST_SKIP() << "there is no lock";
  } else {
    const Array<char, TypeParam> array(1);
    const auto guard = reinterpret_cast<std::uintptr_t>(&array.get_lock());
    const auto cell = reinterpret_cast<std::uintptr_t>(array.get_obj().data());
    EXPECT_EQ(cell % 64, 0u);
    if (!TypeParam::Guard::kInStorage) GTEST_SKIP() << "the guard lies elsewhere";
    EXPECT_GE(cell, guard + sizeof(typename TypeParam::Guard));
  }
}

TYPED_TEST(SharedConformance, TheLockWorksBetweenThreadsAndAcrossForksFromThem) {
  if constexpr (!kHasLock<TypeParam>) {
    GTEST_SKIP() << "there is no lock";
  } else {
    constexpr int kEach = 2000;
    Array<int, TypeParam> array(1);
    const auto work = [&] {
      for (int i = 0; i < kEach; ++i) array.add(0, 1);
      return true;
    };
    std::thread first(work), second(work);
    std::vector<os::Child> children;  // forked while a thread may be inside
    for (int i = 0; i < 3; ++i) children.push_back(test::beside(work));
    first.join();
    second.join();
    for (auto& child : children) EXPECT_EQ(child.wait(), test::kSuccess);
    EXPECT_EQ(array.load(0), 5 * kEach);
  }
}

TYPED_TEST(SharedConformance, AForkThatNeverUsesTheLockDoesNotKeepItForItsKilledParent) {
  if constexpr (!kHasLock<TypeParam>) {
    GTEST_SKIP() << "there is no lock";
  } else if (!TypeParam::Guard::kRobust) {
    GTEST_SKIP() << "the lock does not notice";
  } else {
    Array<int, TypeParam> array(1);
    os::SharedObject<std::atomic<pid_t>> bystander(0);
    auto holder = os::Child::fork([&] {
      array.get_lock().lock();
      auto child = os::Child::fork([] { return ::pause(); }, {.die_with_parent = false});
      bystander->store(child.pid());
      return ::raise(SIGKILL);
    });
    EXPECT_EQ(holder.wait().signal(), SIGKILL);
    EXPECT_EQ(array.add(0, 1), 0);
    ::kill(*bystander, SIGKILL);
  }
}

TYPED_TEST(SharedConformance, AnExecutedProgramSeesNoDescriptor) {
  const auto before = test::descriptors_of_a_program();
  Array<int, TypeParam> array(1);
  array.add(0, 1);
  EXPECT_EQ(test::descriptors_of_a_program(), before);
}

TYPED_TEST(SharedConformance, LeavesNothingBehindHoweverItsOwnerDies) {
  for (const int signal : {SIGKILL, SIGTERM, SIGSEGV}) {
    auto owner = os::Child::fork([signal] {
      const rlimit no_core{0, 0};
      ::setrlimit(RLIMIT_CORE, &no_core);
      ::signal(signal, SIG_DFL);
      const Array<int, TypeParam> array(1000);
      return ::raise(signal);
    });
    EXPECT_EQ(owner.wait().signal(), signal);
  }
  auto owner = os::Child::fork([] {
    const Array<int, TypeParam> array(1000);
    ::_exit(3);
    return 0;
  });
  EXPECT_EQ(owner.wait(), os::ExitStatus::from_code(3));
}

using SealedStorage = test::LeavesNothing;

TEST_F(SealedStorage, CannotBeResizedByAnybody) {
  if (const auto reason = MemfdStorage::unavailable()) GTEST_SKIP() << *reason;
  const MemfdStorage storage(10'000);
  for (const off_t size : {0, 5000, 20'000}) EXPECT_EQ(::ftruncate(storage.descriptor(), size), -1);
  storage.data()[9999] = std::byte{1};
}

}  // namespace
}  // namespace ipc
