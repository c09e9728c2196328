// Runs that are stopped from outside: by a signal, a kill, or a disk that is full.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>

#include <fstream>

#include "bench/run/fake_folder.hpp"
#include "ipc/os/child.hpp"
#include "ipc/os/error.hpp"

namespace bench::run::test {
namespace {

using ipc::os::Child;
using ipc::os::Deadline;
using ipc::os::UniqueFd;

constexpr std::chrono::seconds kLong{30};

/// ipcmark while its bench binary hangs. Every process below it holds the pipe's end as well, so
/// that its end of file says that none is left.
class Interrupted : public WithFakes {
 protected:
  void start(const std::string& hanging, int ignored_signal = 0) {
    start({"run", "--preset=quick", "--rounds=2", "--out=" + out().string()}, hanging,
          ignored_signal);
  }
  void start(const std::vector<std::string>& arguments, const std::string& hanging,
             int ignored_signal = 0) {
    int ends[2];
    ipc::os::check(::pipe(ends), "pipe");  // inherited through every exec
    ready_.reset(ends[0]);
    ::fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    const UniqueFd writer(ends[1]);
    set("FAKE_HANG", hanging);
    set("FAKE_READY_FD", std::to_string(writer.get()));
    const auto words = command(arguments);
    child_ = Child::fork([&] {
      if (ignored_signal) ::signal(ignored_signal, SIG_IGN);
      for (const auto& [fd, name] : {std::pair{1, "output"}, std::pair{2, "errors"}})
        ::dup2(::open((folder_ / name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), fd);
      return replace_image(words);
    });
  }
  void start_and_wait_for_hang(const std::string& hanging, int ignored_signal = 0) {
    start(hanging, ignored_signal);
    wait_for_hang();
  }
  void wait_for_hang() {
    ASSERT_TRUE(readable());
    char byte = 0;
    ASSERT_EQ(::read(ready_.get(), &byte, 1), 1);
  }
  /// Whether every process that was started is gone (within the time limit).
  bool all_gone() {
    char byte = 0;
    while (readable())
      if (::read(ready_.get(), &byte, 1) == 0) return true;  // else one more had begun to hang
    return false;
  }
  std::string printed(const char* name) const {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  Child child_;

 private:
  bool readable() const {
    pollfd entry{ready_.get(), POLLIN, 0};
    return ::poll(&entry, 1, Deadline::after(kLong).poll_timeout_ms()) == 1;
  }
  UniqueFd ready_;

 protected:
  void TearDown() override {
    ready_.reset();
    child_ = {};
    WithFakes::TearDown();
  }
};

TEST_F(Interrupted, EndsEverythingAndCanBeResumed) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    start_and_wait_for_hang("latency");
    child_.kill(signal);
    const auto status = child_.wait_until(Deadline::after(kLong));
    ASSERT_TRUE(status);
    EXPECT_EQ(*status, ipc::os::ExitStatus::from_code(128 + signal));
    EXPECT_TRUE(all_gone());
    EXPECT_EQ(record()["status"], "partial");
    EXPECT_TRUE(record()["ended_at"].is_null());
    const auto left = names_in(out());
    for (const auto& name : left) {
      EXPECT_NE(name[0], '.') << name;
      EXPECT_NO_THROW(read_json(out() / name)) << name;
    }
    EXPECT_FALSE(left.contains("latency.1.json")) << "it hangs and writes nothing";
    EXPECT_FALSE(left.contains("limits.2.json"));
    EXPECT_TRUE(holds(printed("output"), "ipcmark run --resume " + out().string()));
    unset("FAKE_HANG");
    EXPECT_EQ(code_of(resume()), 0);
    EXPECT_EQ(names_in(out()), whole_run());
    EXPECT_EQ(record()["status"], "complete");
    fs::remove_all(out());
  }
}

TEST_F(Interrupted, KeepsWhatTheRoundHadMeasured) {
  start_and_wait_for_hang("latency");
  // The others have their turns while it hangs. That the first of them leaves says that all had.
  const auto late = Deadline::after(kLong);
  while (!fs::exists(out() / "limits.1.json") && !late.expired()) ::usleep(1000);
  ASSERT_FALSE(late.expired());
  child_.kill(SIGINT);
  EXPECT_EQ(child_.wait(), ipc::os::ExitStatus::from_code(128 + SIGINT));
  for (const std::string binary : {"limits", "fork_cost", "throughput", "contention"})
    EXPECT_EQ(read_json(out() / (binary + ".1.json")).at("benchmarks").size(), 1u) << binary;
  EXPECT_FALSE(fs::exists(out() / "latency.1.json"));
}

TEST_F(Interrupted, TakesItsChildrenAlongWhenKilled) {
  start_and_wait_for_hang("latency");
  child_.kill(SIGKILL);
  child_.wait();
  EXPECT_TRUE(all_gone());
  unset("FAKE_HANG");
  EXPECT_EQ(code_of(resume()), 0);
  EXPECT_EQ(names_in(out()), whole_run());
}

TEST_F(Interrupted, LeavesNothingOfASelfTest) {
  set("FAKE_PLACEMENT", "same_core");
  const fs::path runs = folder_ / "runs";
  start({"selftest", "--quick", "--out=" + (runs / "selftest.json").string()}, "latency");
  wait_for_hang();
  EXPECT_EQ(names_in(runs).size(), 1u) << "the runs themselves";
  child_.kill(SIGINT);
  EXPECT_EQ(child_.wait_until(Deadline::after(kLong)),
            ipc::os::ExitStatus::from_code(128 + SIGINT));
  EXPECT_TRUE(all_gone());
  EXPECT_FALSE(fs::exists(runs));
}

TEST_F(Interrupted, LeavesOfAKilledSelfTestWhatTheNextOneTakesAway) {
  set("FAKE_PLACEMENT", "same_core");
  set("FAKE_PLACEMENT", "same_core");
  const fs::path runs = folder_ / "runs";
  const std::vector<std::string> arguments{"selftest", "--quick",
                                           "--out=" + (runs / "selftest.json").string()};
  start(arguments, "latency");
  wait_for_hang();
  child_.kill(SIGKILL);
  child_.wait();
  EXPECT_TRUE(all_gone());
  unset("FAKE_HANG");
  EXPECT_EQ(code_of(ipcmark(arguments)), 0);
  EXPECT_EQ(names_in(runs), std::set<std::string>{"selftest.json"});
}

TEST_F(Interrupted, LeavesAnIgnoredSignalIgnored) {
  start_and_wait_for_hang("fork_cost", SIGHUP);
  child_.kill(SIGHUP);
  child_.kill(SIGTERM);
  EXPECT_EQ(child_.wait(), ipc::os::ExitStatus::from_code(128 + SIGTERM));
  EXPECT_TRUE(all_gone());
}

TEST_F(Interrupted, RefusesToResumeARunInProgress) {
  start_and_wait_for_hang("latency");
  const auto second = resume();
  EXPECT_EQ(code_of(second), 2);
  EXPECT_TRUE(holds(second.errors, "another ipcmark is writing"));
  child_.kill(SIGINT);
  child_.wait();
}

/// A file system of its own with room for `bytes` on out(), in a mount namespace of this process;
/// false where that is not allowed.
bool mount_small(const fs::path& folder, std::size_t bytes) {
  if (::unshare(CLONE_NEWNS) != 0) return false;
  ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  return ::mount("tmpfs", folder.c_str(), "tmpfs", 0, ("size=" + std::to_string(bytes)).c_str()) ==
         0;
}

class DiskFull : public WithFakes {};

TEST_F(DiskFull, StopsWithAClearLineAndNothingHalfWritten) {
  constexpr int kNotAllowed = 77;
  fs::create_directory(out());
  set("FAKE_PADDING", std::to_string(300 << 10));
  const auto status = Child::fork([&] {
                        if (!mount_small(out(), 1 << 20)) return kNotAllowed;
                        const auto result = run_quick();
                        const bool clear = holds(result.errors, "the run stops here") &&
                                           holds(result.errors, "No space left on device");
                        const bool whole =
                            code_of(result) == 1 && record()["status"] == "partial" &&
                            read_json(out() / "limits.1.json").contains("benchmarks");
                        bool none_hidden = true;
                        for (const auto& name : names_in(out()))
                          none_hidden = none_hidden && name[0] != '.';
                        if (!clear || !whole || !none_hidden)
                          std::fputs(result.errors.c_str(), stderr);
                        return clear && whole && none_hidden ? 0 : 1;
                      }).wait();
  if (status == ipc::os::ExitStatus::from_code(kNotAllowed)) GTEST_SKIP() << "no mount namespace";
  EXPECT_EQ(status, ipc::os::ExitStatus::from_code(0));
}

TEST_F(DiskFull, RefusesToBeginWhereNothingFits) {
  constexpr int kNotAllowed = 77;
  fs::create_directory(out());
  const auto status = Child::fork([&] {
                        if (!mount_small(out(), 4096)) return kNotAllowed;
                        const auto result = run_quick();
                        return code_of(result) == 2 && names_in(out()).empty() ? 0 : 1;
                      }).wait();
  if (status == ipc::os::ExitStatus::from_code(kNotAllowed)) GTEST_SKIP() << "no mount namespace";
  EXPECT_EQ(status, ipc::os::ExitStatus::from_code(0));
}

}  // namespace
}  // namespace bench::run::test
