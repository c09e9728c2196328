// What stands behind the numbers of fork_cost: proofs that fail where they should, parts that add
// up, every axis measured once, and no zombie left.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "bench/fork_cost/parts.hpp"
#include "bench/harness/command.hpp"
#include "bench/harness/json_file.hpp"
#include "bench/parent_memory.hpp"
#include "ipc/os/clock.hpp"
#include "ipc/os/test_support.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;
namespace os = ipc::os;
using fork_cost::parts_of;
using fork_cost::Readings;

constexpr Readings kInOrder{
    .called = 100, .returned = 130, .first = 150, .last = 170, .reaped = 220};

TEST(Parts, AddUpToTheWhole) {
  const auto parts = parts_of(kInOrder);
  EXPECT_EQ(parts.to_return, 30);
  EXPECT_EQ(parts.to_first, 50);
  EXPECT_EQ(parts.to_exit, 20);
  EXPECT_EQ(parts.to_reap, 50);
  EXPECT_EQ(parts.to_first + parts.to_exit + parts.to_reap, kInOrder.reaped - kInOrder.called);
  EXPECT_EQ(parts.whole(), kInOrder.reaped - kInOrder.called);
}

/// As a vfork does, and as happens where there are two CPUs.
TEST(Parts, LetTheParentReturnAfterTheChildLeft) {
  Readings late = kInOrder;
  late.returned = 210;
  EXPECT_EQ(parts_of(late).to_return, 110);
  EXPECT_EQ(parts_of(late).whole(), 120);
}

TEST(Parts, RefuseReadingsThatAreMissingOrOutOfOrder) {
  const auto with = [](std::int64_t Readings::*reading, std::int64_t at) {
    Readings changed = kInOrder;
    changed.*reading = at;
    return changed;
  };
  for (const auto reading : {&Readings::called, &Readings::returned, &Readings::first,
                             &Readings::last, &Readings::reaped})
    EXPECT_THROW(static_cast<void>(parts_of(with(reading, 0))), std::runtime_error);
  EXPECT_THROW(static_cast<void>(parts_of(with(&Readings::first, 171))), std::runtime_error);
  EXPECT_THROW(static_cast<void>(parts_of(with(&Readings::last, 221))), std::runtime_error);
  EXPECT_THROW(static_cast<void>(parts_of(with(&Readings::returned, 221))), std::runtime_error);
  EXPECT_THROW(static_cast<void>(parts_of(with(&Readings::called, 151))), std::runtime_error);
}

class ForkCost : public ipc::test::LeavesNothing {
 protected:
  void SetUp() override {
    os::become_subreaper();  // what a binary left behind would come to us
    LeavesNothing::SetUp();
    folder_ = fs::temp_directory_path() / ("fork_cost_test." + std::to_string(::getpid()));
    fs::create_directory(folder_);
  }
  void TearDown() override {
    fs::remove_all(folder_);
    LeavesNothing::TearDown();
  }

  static fs::path binary() {
    return fs::read_symlink("/proc/self/exe").parent_path() / "fork_cost";
  }
  static Json catalogue() {
    const CommandResult result = run_command({binary(), "--catalogue"}, os::Deadline::never());
    return Json::parse(result.output).at("cases");
  }
  /// The rows of the cases that match, none of which may have failed.
  Json measure(const std::string& filter) const {
    const CommandResult result =
        run_command({binary(), "--benchmark_filter=" + filter, "--window_ms=5", "--warmup_ms=2",
                     "--grace_ms=20000", "--benchmark_out=" + (folder_ / "out.json").string()},
                    os::Deadline::never());
    EXPECT_EQ(result.status, ipc::test::kSuccess) << result.errors;
    Json rows = read_json(folder_ / "out.json").at("benchmarks");
    EXPECT_FALSE(rows.empty()) << filter;
    for (const Json& row : rows) {
      EXPECT_FALSE(row.contains("error_occurred")) << row.dump();
      EXPECT_GT(row.at("latency_ns_p50").get<double>(), 0) << row.dump();
    }
    return rows;
  }
  static double number(const Json& row, const std::string& key) {
    return row.at(key).get<double>();
  }
  static bool names(const Json& row, const char* part) {
    return row.at("name").get<std::string>().find(part) != std::string::npos;
  }

  fs::path folder_;
};

TEST_F(ForkCost, ProvesHugePagesAndFailsWhereThereAreNone) {
  constexpr ParentMemory kHuge{16, PageKind::huge};
  if (const auto reason = kHuge.reason()) GTEST_SKIP() << *reason;
  const auto outcome = [&](bool forbidden) {
    return os::Child::fork([&] {
             if (forbidden && ::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == -1) return 3;
             try {
               return kHuge.touch().size() == kHuge.bytes() ? 0 : 4;
             } catch (const std::runtime_error& error) {
               return std::string(error.what()).starts_with("0 of 16 MiB lie in huge pages") ? 2
                                                                                             : 5;
             }
           })
        .wait();
  };
  EXPECT_EQ(outcome(false), ipc::test::kSuccess);
  EXPECT_EQ(outcome(true), os::ExitStatus::from_code(2));
}

TEST_F(ForkCost, NamesPagesOnlyWhereThereAreAny) {
  EXPECT_EQ((ParentMemory{0, PageKind::base}.parameters()), (Parameters{{"memory_mib", "0"}}));
  EXPECT_EQ((ParentMemory{16, PageKind::huge}.parameters()),
            (Parameters{{"memory_mib", "16"}, {"pages", "huge"}}));
}

TEST_F(ForkCost, MeasuresNothingQuicklyThatTakesLongToSetUp) {
  for (const Json& one : catalogue())
    EXPECT_LE(one.at("quick").get<bool>() ? one.at("setup_ms").get<int>() : 0, 50)
        << one.at("name");
}

TEST_F(ForkCost, PricesEachPageThatTheChildCopies) {
  double before = 0;
  const Json rows = measure("pages:base/touched_pages:(0|1|64|1024)/");
  ASSERT_EQ(rows.size(), 4u);
  for (const Json& row : rows) {
    const double pages = number(row, "touched_pages");
    EXPECT_EQ(row.contains("cow_ns_per_page"), pages > 0) << row.dump();
    if (pages == 0) continue;
    EXPECT_GE(number(row, "cow_faults_per_page"), 1);
    EXPECT_LE(number(row, "cow_ns_per_page_p10"), number(row, "cow_ns_per_page"));
    const double all = pages * number(row, "cow_ns_per_page");
    EXPECT_GT(all, before) << "more pages take longer";
    EXPECT_LT(all, number(row, "latency_ns_max")) << "the child's part is less than the whole";
    before = all;
  }
}

TEST_F(ForkCost, CopiesHugePagesToo) {
  if (const auto reason = huge_pages_reason()) GTEST_SKIP() << *reason;
  const Json rows = measure("/fork/memory_mib:(16|128)/pages:huge/(touched_pages:64/)?placement");
  EXPECT_EQ(rows.size(), 3u);
}

TEST_F(ForkCost, TakesLongerTheMoreMappingsThereAre) {
  const Json rows = measure("/fork/.*/mappings:(1|10000)/");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(number(rows[0], "mappings"), 1);
  EXPECT_EQ(number(rows[1], "mappings"), 10'000);
  EXPECT_LT(number(rows[0], "latency_ns_min"), number(rows[1], "latency_ns_min"));
}

TEST_F(ForkCost, ReapsInEveryWayAndBesideZombies) {
  EXPECT_GE(measure("/memory_mib:0/reap:.*/placement:same_core").size(), 5u);
  const Json rows = measure("/zombies:(0|100)/.*/placement:same_core");
  ASSERT_EQ(rows.size(), 4u);
  for (const Json& row : rows)
    EXPECT_EQ(number(row, "zombies"), names(row, "zombies:100") ? 100 : 0);
}

TEST_F(ForkCost, TellsThePartsOfTheSameSamples) {
  const Json rows = measure("/memory_mib:0/parts:timed/");
  EXPECT_GE(rows.size(), 6u);
  for (const Json& row : rows) {
    double sum = 0;
    for (const std::string part : {"first_instruction", "exit", "reap"}) {
      const std::string name = "part_" + part + "_ns";
      EXPECT_LE(number(row, name + "_p10"), number(row, name + "_p50")) << row.dump();
      sum += number(row, name + "_mean");
    }
    EXPECT_NEAR(sum, number(row, "latency_ns_mean"), 1e-6 * sum) << row.dump();
    EXPECT_LE(number(row, "part_return_ns_p50"), number(row, "latency_ns_max")) << row.dump();
    EXPECT_GT(number(row, "part_first_instruction_ns_p50"), 0) << row.dump();
    EXPECT_GT(number(row, "part_reap_ns_p50"), 0) << row.dump();
  }
}

TEST_F(ForkCost, MeasuresEveryPhaseOfEveryObject) {
  std::set<std::string> expected, measured;
  for (const Json& one : catalogue())
    if (one.at("measure") == "lifecycle" && one.at("placement") == "same_core" &&
        one.at("reason").is_null())
      expected.insert(one.at("name").get<std::string>() + "/manual_time");
  for (const Json& row : measure("lifecycle/.*/placement:same_core"))
    measured.insert(row.at("name"));
  EXPECT_EQ(measured, expected);
  for (const char* noun : {"pipe", "queue", "shared", "semaphore", "lock", "notify", "pool"})
    for (const char* phase : {"whole", "create", "attach", "destroy"})
      EXPECT_TRUE(std::ranges::any_of(
          expected,
          [&](const std::string& name) {
            return name.starts_with(std::string("lifecycle/") + noun + "/") &&
                   name.find(std::string("/phase:") + phase + "/") != std::string::npos;
          }))
          << noun << " " << phase;
}

/// The children of a process as the kernel lists them, zombies included.
std::vector<pid_t> children_of(pid_t pid) {
  std::ifstream list(fmt::format("/proc/{}/task/{}/children", pid, pid));
  return {std::istream_iterator<pid_t>(list), std::istream_iterator<pid_t>()};
}

/// Waits until a child of a process has that many children.
pid_t parent_of_many(pid_t pid, std::size_t many) {
  for (;; ::sched_yield())
    for (const pid_t child : children_of(pid))
      if (children_of(child).size() >= many) return child;
}

TEST_F(ForkCost, LeavesNoZombieOfAParentThatWasKilled) {
  std::ofstream(folder_ / "cases")
      << "fork_cost/process/fork/memory_mib:0/zombies:1000/reap:waitpid/placement:same_core\n"
      << "fork_cost/process/fork/memory_mib:0/placement:same_core\n";
  os::Child running = os::Child::fork([&] {
    return replace_image({binary(), "--cases=" + (folder_ / "cases").string(), "--window_ms=2000",
                          "--benchmark_out=" + (folder_ / "out.json").string()});
  });
  ASSERT_EQ(::kill(parent_of_many(running.pid(), 1000), SIGKILL), 0);
  EXPECT_EQ(running.wait(), ipc::test::kSuccess);
  const Json rows = read_json(folder_ / "out.json").at("benchmarks");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_NE(rows[0].at("error_message").get<std::string>().find("was killed by signal 9"),
            std::string::npos);
  EXPECT_FALSE(rows[1].contains("error_occurred"));
}

}  // namespace
}  // namespace bench
