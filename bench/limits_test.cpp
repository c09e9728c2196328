// What the limits rest on: which cache holds how much, and which limit a case is held against.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "bench/harness/caches.hpp"
#include "bench/harness/case.hpp"
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
