// Files of a machine: what is read, and the reason where nothing is.
#include "bench/harness/root.hpp"

#include <sys/stat.h>

#include "bench/harness/fake_root.hpp"
#include "ipc/os/test_support.hpp"

namespace bench {
namespace {

class RootFiles : public ipc::test::LeavesNothing {
 protected:
  /// What text() throws, or "read" when it throws nothing.
  std::string reason(const std::string& path) {
    try {
      [[maybe_unused]] const auto text = machine_->root().text(path);
      return "read";
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }
  void TearDown() override {
    machine_.reset();
    LeavesNothing::TearDown();
  }
  std::unique_ptr<FakeRoot> machine_ = std::make_unique<FakeRoot>();
};

TEST_F(RootFiles, GivesTheFirstLineWithoutBlanks) {
  machine_->with("/sys/one", "  first \nsecond\n");
  EXPECT_EQ(machine_->root().line("/sys/one"), "first");
  EXPECT_EQ(machine_->root().text("/sys/one"), "  first \nsecond\n");
}

TEST_F(RootFiles, AnEmptyFileHasTextButNoLine) {
  machine_->with("/sys/one", "");
  EXPECT_EQ(machine_->root().text("/sys/one"), "");
  EXPECT_THROW((void)machine_->root().line("/sys/one"), std::runtime_error);
  EXPECT_FALSE(machine_->root().line_if_any("/sys/one"));
}

TEST_F(RootFiles, WhatTheHardwareDoesNotHaveIsNotHere) {
  machine_->with("/sys/devices/one", "1\n");
  EXPECT_EQ(reason("/sys/devices/two"),
            "not here: this kernel or hardware has no /sys/devices/two");
  EXPECT_EQ(reason("/sys/devices/cpu/one"),
            "not here: this kernel or hardware has no /sys/devices/cpu/one");
  machine_->with_folder("/sys/devices/empty");
  EXPECT_EQ(reason("/sys/devices/empty/one").substr(0, 9), "not here:");
}

TEST_F(RootFiles, WhatIsNotMountedIsHidden) {
  EXPECT_EQ(reason("/proc/version").substr(0, 25), "hidden: there is no /proc");
  machine_->with_folder("/proc");
  EXPECT_EQ(reason("/proc/version").substr(0, 22), "hidden: /proc is empty");
  machine_->with_folder("/sys/kernel/debug");
  EXPECT_EQ(reason("/sys/kernel/debug/sched/preempt").substr(0, 34),
            "hidden: /sys/kernel/debug is empty");
}

TEST_F(RootFiles, ADeviceInThePlaceOfAFileHidesIt) {
  machine_->with_folder("/proc");
  std::filesystem::create_symlink("/dev/null", machine_->root().at("/proc/version"));
  EXPECT_EQ(reason("/proc/version"), "hidden: a device is mounted over /proc/version");
}

TEST_F(RootFiles, NeitherWaitsNorDiesAtWhatIsNoFile) {
  machine_->with_folder("/proc/folder");
  EXPECT_EQ(reason("/proc/folder"), "unreadable: /proc/folder: Is a directory");
  ASSERT_EQ(::mkfifo(machine_->root().at("/proc/fifo").c_str(), 0600), 0);
  EXPECT_EQ(reason("/proc/fifo"), "unreadable: /proc/fifo is no regular file");
  std::filesystem::create_symlink("loop", machine_->root().at("/proc/loop"));
  EXPECT_EQ(reason("/proc/loop").substr(0, 11), "unreadable:");
}

TEST_F(RootFiles, AHugeFileIsRefused) {
  machine_->with("/proc/huge", std::string(Root::kMostBytes + 1, 'x'));
  EXPECT_EQ(reason("/proc/huge"), "unreadable: /proc/huge: File too large");
  machine_->with("/proc/large", std::string(Root::kMostBytes, 'x'));
  EXPECT_EQ(reason("/proc/large"), "read");
}

TEST_F(RootFiles, WhatNeedsPrivilegeSaysSo) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  ::chmod(machine_->with("/sys/secret", "1\n").c_str(), 0);
  EXPECT_EQ(reason("/sys/secret").substr(0, 37), "not permitted: /sys/secret is closed ");
}

TEST(RootText, NumbersAreWhatATextBeginsWith) {
  EXPECT_EQ(number_at("12.75 3"), 12);
  EXPECT_EQ(number_at("-1"), -1);
  EXPECT_FALSE(number_at("many"));
  EXPECT_FALSE(number_at(""));
  EXPECT_FALSE(number_at("99999999999999999999"));
}

}  // namespace
}  // namespace bench
