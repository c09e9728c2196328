// A peer killed in the middle of a case of each binary: the case fails by name, the others go on,
// and nothing is left.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "bench/harness/command.hpp"
#include "bench/harness/json_file.hpp"
#include "ipc/os/clock.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/test_support.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;
namespace os = ipc::os;

struct Trial {
  std::string binary;
  std::vector<std::string> cases;  ///< a peer of the second is killed
};

class PeerDeath : public ipc::test::LeavesNothing, public testing::WithParamInterface<Trial> {
 protected:
  void SetUp() override {
    os::become_subreaper();  // what a binary left behind would come to us
    LeavesNothing::SetUp();
    folder_ = fs::temp_directory_path() / ("peer_death_test." + std::to_string(::getpid()));
    fs::create_directory(folder_);
  }
  void TearDown() override {
    fs::remove_all(folder_);
    LeavesNothing::TearDown();
  }

  /// The running binary, and the end of the pipe on which it reports its progress.
  std::pair<os::Child, os::UniqueFd> start(const Trial& trial) const {
    std::ofstream list(folder_ / "cases");
    for (const std::string& name : trial.cases) list << name << '\n';
    list.close();
    int ends[2];
    os::check(::pipe(ends), "pipe");
    const fs::path binary = fs::read_symlink("/proc/self/exe").parent_path() / trial.binary;
    os::Child child = os::Child::fork([&] {
      ::close(ends[0]);
      return replace_image({binary, "--cases=" + (folder_ / "cases").string(),
                            "--progress_fd=" + std::to_string(ends[1]), "--window_ms=300",
                            "--grace_ms=20000", "--benchmark_out_format=json",
                            "--benchmark_out=" + (folder_ / "out.json").string()});
    });
    ::close(ends[1]);
    return {std::move(child), os::UniqueFd(ends[0])};
  }

  static std::string read_progress(int fd) {
    std::string line;
    for (char c = 0; os::retry_eintr([&] { return ::read(fd, &c, 1); }) == 1 && c != '\n';)
      line += c;
    return line;
  }

  /// The first peer that a binary has, once it has one.
  static pid_t a_peer_of(pid_t binary) {
    const std::string path =
        "/proc/" + std::to_string(binary) + "/task/" + std::to_string(binary) + "/children";
    for (pid_t peer = 0;; ::sched_yield())
      if (std::ifstream(path) >> peer) return peer;
  }

  fs::path folder_;
};

TEST_P(PeerDeath, EndsThatCaseAloneAndLeavesNothing) {
  auto [binary, progress] = start(GetParam());
  EXPECT_EQ(read_progress(progress.get()), "done " + GetParam().cases[0]);
  const pid_t peer = a_peer_of(binary.pid());
  ASSERT_EQ(::kill(peer, SIGKILL), 0);
  const std::string failed = read_progress(progress.get());
  EXPECT_TRUE(failed.starts_with("failed " + GetParam().cases[1] + ": peer ")) << failed;
  EXPECT_NE(failed.find("(pid " + std::to_string(peer) + ") was killed by signal 9 (Killed)"),
            std::string::npos)
      << failed;
  EXPECT_EQ(read_progress(progress.get()), "done " + GetParam().cases[2]);
  EXPECT_EQ(binary.wait(), ipc::test::kSuccess);

  const Json rows = read_json(folder_ / "out.json").at("benchmarks");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_FALSE(rows[0].contains("error_occurred"));
  EXPECT_TRUE(rows[1].at("error_occurred").get<bool>());
  EXPECT_FALSE(rows[2].contains("error_occurred"));
}

INSTANTIATE_TEST_SUITE_P(
    Of, PeerDeath,
    testing::Values(Trial{"limits",
                          {"limits/wake_up/futex/placement:unpinned",
                           "limits/wake_up/futex/placement:same_core",
                           "limits/child/fork/memory_mib:0/placement:unpinned"}},
                    Trial{"fork_cost",
                          {"fork_cost/process/fork/memory_mib:0/placement:unpinned",
                           "fork_cost/process/posix_spawn/memory_mib:0/placement:unpinned",
                           "lifecycle/pool/shared_queue/phase:whole/placement:unpinned"}},
                    Trial{"latency",
                          {"latency/pipe/pipe/size:64/placement:unpinned",
                           "latency/queue/boost_mq/size:64/placement:unpinned",
                           "latency/pool/shared_queue/placement:unpinned"}},
                    Trial{"throughput",
                          {"throughput/queue/posix_mq/size:64/placement:unpinned",
                           "throughput/pool/shared_queue/placement:unpinned",
                           "throughput/pipe/unix_stream/size:64/placement:unpinned"}},
                    Trial{"contention",
                          {"contention/queue/posix_mq/processes:2/placement:unpinned",
                           "contention/semaphore/posix/hold_ns:0/processes:4/placement:unpinned",
                           "contention/shared/anonymous_robust_mutex/operation:add/processes:2/"
                           "placement:unpinned"}}),
    [](const auto& tested) { return tested.param.binary; });

}  // namespace
}  // namespace bench
