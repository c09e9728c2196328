// What the limits rest on: which cache holds how much, which limit a case is held against, and how
// many instructions a turn of the loop has that says so.
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "bench/harness/caches.hpp"
#include "bench/harness/case.hpp"
#include "bench/limits/five_instructions.hpp"
#include "bench/measure.hpp"
#include "ipc/backends.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

CaseId a_case(const std::string& measure, Placement placement,
              std::vector<std::pair<std::string, std::string>> parameters = {}) {
  return {measure, "noun", "backend", std::move(parameters), placement};
}

std::string floor_name(const CaseId& id, Bound bound) {
  const Floor floor = floor_of(id, bound);
  EXPECT_NE(floor.limit.has_value(), !floor.why_none.empty());
  return floor.limit ? floor.limit->to_string() : "";
}

#if defined(__x86_64__) || defined(__aarch64__)

/// How many instructions a child executes from one stop to the next, of which all but the loop's
/// are the same whatever `turns` is; 0 where it may not be traced.
std::int64_t steps_of(std::int64_t turns) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(1);
    ::raise(SIGSTOP);
    limits::turn_five_instructions(turns);
    ::raise(SIGSTOP);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFSTOPPED(status)) return 0;
  std::int64_t steps = 0;
  do {
    ++steps;
    ::ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr);
    ::waitpid(child, &status, 0);
  } while (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  return steps;
}

TEST(FiveInstructions, AreWhatAProcessorExecutesInATurn) {
  const std::int64_t few = steps_of(10), many = steps_of(210);
  if (few == 0) GTEST_SKIP() << "this process may not trace its children";
  EXPECT_EQ(many - few, 5 * 200);
}

#endif

TEST(BareTwin, IsNamedWhereOursDoesTheSame) {
  const CaseId pipe{"latency", "pipe", "pipe", {{"size", "64"}}, Placement::same_core};
  EXPECT_EQ(bare_twin(pipe)->to_string(), "limits/bare/pipe_round_trip/placement:same_core");
  CaseId other = pipe;
  other.placement = Placement::cross_core;
  EXPECT_FALSE(bare_twin(other));
  other = pipe;
  other.parameters[0].second = "65536";
  EXPECT_FALSE(bare_twin(other));
}

TEST(Floor, OfPeersThatSleepIsTheFutexAtTheSamePlacement) {
  for (const Placement placement : kPlacements)
    EXPECT_EQ(floor_name(a_case("latency", placement, {{"size", "64"}}), Bound::wake),
              "limits/wake_up/futex/placement:" + std::string(name(placement)));
}

TEST(Floor, OfPeersThatSpinIsALineOrOnOneCpuTheSwitch) {
  const auto at = [](Placement placement) {
    return floor_name(a_case("latency", placement, {{"size", "64"}}), Bound::line);
  };
  EXPECT_EQ(at(Placement::cross_core), "limits/cache_line/spin/lines:1/placement:cross_core");
  EXPECT_EQ(at(Placement::smt_sibling), "limits/cache_line/spin/lines:1/placement:smt_sibling");
  EXPECT_EQ(at(Placement::same_core), "limits/context_switch/sched_yield/placement:same_core");
  EXPECT_EQ(at(Placement::unpinned), "");
}

TEST(Floor, KeepsTheSizeOrTheMemoryOfTheCase) {
  EXPECT_EQ(floor_name(a_case("throughput", Placement::same_core, {{"size", "4096"}}), Bound::copy),
            "limits/copy/two_processes/size:4096/placement:same_core");
  const CaseId start = a_case("fork_cost", Placement::unpinned, {{"memory_mib", "64"}});
  EXPECT_EQ(floor_name(start, Bound::fork), "limits/child/fork/memory_mib:64/placement:unpinned");
  EXPECT_EQ(floor_name(start, Bound::borrow),
            "limits/child/vfork/memory_mib:64/placement:unpinned");
  EXPECT_EQ(floor_name(start, Bound::thread),
            "limits/child/thread/memory_mib:64/placement:unpinned");
}

TEST(Floor, OfAChildIsThatOfAParentInTheSamePages) {
  const CaseId huge = a_case("fork_cost", Placement::same_core,
                             {{"memory_mib", "16"}, {"pages", "huge"}, {"touched_pages", "1"}});
  EXPECT_EQ(floor_name(huge, Bound::fork),
            "limits/child/fork/memory_mib:16/pages:huge/placement:same_core");
  const CaseId reaped =
      a_case("fork_cost", Placement::same_core, {{"memory_mib", "0"}, {"reap", "wait"}});
  EXPECT_EQ(floor_name(reaped, Bound::fork), "limits/child/fork/memory_mib:0/placement:same_core");
  EXPECT_EQ(floor_of(a_case("fork_cost", Placement::same_core), Bound::fork).why_none,
            "it has no memory_mib to be held against");
}

TEST(Floor, IsMissingWithAReason) {
  const auto why = [](const char* measure) {
    return floor_of(a_case(measure, Placement::same_core), Bound::none).why_none;
  };
  EXPECT_NE(why("contention"), why("lifecycle"));
  EXPECT_EQ(why("limits"), "it is a limit itself");
  EXPECT_EQ(floor_of(a_case("throughput", Placement::same_core), Bound::copy).why_none,
            "it has no size to be held against");
}

struct Spinner {
  static constexpr auto kWaitPolicy = ipc::os::WaitPolicy::spin;
};

TEST(Floor, FollowsWhatTheBackendSaysOfItself) {
  EXPECT_EQ(round_trip_bound<Spinner>, Bound::line);
  EXPECT_EQ(round_trip_bound<ipc::AnonymousPipe>, Bound::wake);
  EXPECT_EQ(round_trip_bound<ipc::ShmRing>, Bound::nearer);
  EXPECT_EQ(ipc::makes<ipc::ForkStarter>, ipc::Makes::copy);
  EXPECT_EQ(ipc::makes<ipc::SpawnStarter>, ipc::Makes::borrower);
  EXPECT_EQ(ipc::makes<ipc::ThreadStarter>, ipc::Makes::thread);
}

TEST(Pair, IsNamedByItsCpusAndNotOneOfTheUsualPlacements) {
  Matrix matrix("limits");
  matrix.add_pair({"wake_up", "futex", {}, true, {}, {}, {}}, 0, 3);
  ASSERT_EQ(matrix.cases().size(), 1u);
  EXPECT_EQ(matrix.cases()[0].id.to_string(), "limits/wake_up/futex/cpus:0-3/placement:pair");
  EXPECT_EQ(matrix.cases()[0].cpus, (std::vector<int>{0, 3}));
  EXPECT_FALSE(spread(Placement::pair, machine()));
}

class Caches : public testing::Test {
 protected:
  void SetUp() override {
    put(0, "1", "Data", "48K");
    put(1, "1", "Instruction", "1024K");
    put(2, "2", "Unified", "1024K");
    put(3, "3", "Unified", "32768K");
  }
  void TearDown() override { fs::remove_all(folder_); }
  void put(int index, const char* level, const char* type, const char* size) {
    const fs::path cache = folder_ / "cpu7" / "cache" / ("index" + std::to_string(index));
    fs::create_directories(cache);
    std::ofstream(cache / "level") << level << '\n';
    std::ofstream(cache / "type") << type << '\n';
    std::ofstream(cache / "size") << size << '\n';
  }
  std::optional<int> level(std::size_t bytes) const {
    return cache_level(7, bytes, folder_.string());
  }

  fs::path folder_ = fs::temp_directory_path() / ("ipcmark_caches." + std::to_string(::getpid()));
};

TEST_F(Caches, GiveTheNearestThatHoldsTheBytes) {
  EXPECT_EQ(level(48 << 10), 1);
  EXPECT_EQ(level((48 << 10) + 1), 2);
  EXPECT_EQ(level(8 << 20), 3);
  EXPECT_EQ(level(64 << 20), 0);
}

TEST_F(Caches, AreUnknownWhereTheMachineHidesThem) {
  EXPECT_EQ(cache_level(8, 1, folder_.string()), std::nullopt);
  fs::remove(folder_ / "cpu7" / "cache" / "index0" / "level");
  EXPECT_EQ(level(1), std::nullopt);
}

}  // namespace
}  // namespace bench
