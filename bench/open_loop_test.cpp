// Measure `open_loop` as the binary gives it: its rows, and both its distributions.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "bench/harness/command.hpp"
#include "bench/harness/json_file.hpp"
#include "ipc/os/test_support.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

class OpenLoopProgram : public ipc::test::LeavesNothing {
 protected:
  void SetUp() override {
    LeavesNothing::SetUp();
    file_ = fs::temp_directory_path() / ("open_loop_test." + std::to_string(::getpid()));
  }
  void TearDown() override {
    fs::remove(file_);
    LeavesNothing::TearDown();
  }

  static std::string run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     fs::read_symlink("/proc/self/exe").parent_path() / "latency");
    const CommandResult result = run_command(arguments, ipc::os::Deadline::never());
    EXPECT_EQ(result.status, ipc::os::ExitStatus::from_code(0)) << result.errors;
    return result.output;
  }
  /// The one row of a case of the backend `pipe`.
  [[nodiscard]] Json row_of(int rate) const {
    const std::string name =
        "open_loop/pipe/pipe/size:64/rate:" + std::to_string(rate) + "/placement:same_core";
    return Json::parse(run({"--benchmark_filter=^" + name + "/", "--benchmark_format=json",
                            "--window_ms=50", "--repetitions=2", "--grace_ms=20000",
                            "--histograms=" + file_.string()}))
        .at("benchmarks")
        .at(0);
  }

  fs::path file_;
};

TEST_F(OpenLoopProgram, GivesResponseAndServiceOfARateThatCanBeHad) {
  const Json row = row_of(1000);
  ASSERT_FALSE(row.contains("error_occurred")) << row.dump();
  EXPECT_EQ(row.at("offered_per_second"), 1000);
  EXPECT_LE(row.at("achieved_per_second"), 1000);
  for (const char* percentile : {"p50", "p90", "p99", "p99_9", "max"})
    EXPECT_GE(row.at(std::string("latency_ns_") + percentile),
              row.at(std::string("service_ns_") + percentile))
        << percentile;
  EXPECT_GE(row.at("omission_gap"), 1);
  EXPECT_DOUBLE_EQ(row.at("real_time").get<double>(), row.at("typical_ns").get<double>());
}

TEST_F(OpenLoopProgram, KeepsBothDistributions) {
  const Json row = row_of(1000);
  std::set<std::string> series;
  const Json document = read_json(file_);
  for (const Json& one : document.at("histograms")) {
    EXPECT_TRUE(series.insert(one.value("series", "")).second);
    EXPECT_LE(one.at("total_count").get<double>(), row.at("samples").get<double>());
  }
  EXPECT_EQ(series, (std::set<std::string>{"", "service"}));
}

TEST_F(OpenLoopProgram, SaysWhereARateIsTooHigh) {
  // No two peers that sleep and wake each other on one CPU do a round trip in a microsecond.
  const Json row = row_of(1'000'000);
  EXPECT_EQ(row.at("saturated"), 1);
  EXPECT_LT(row.at("achieved_per_second"), 980'000);
  EXPECT_GT(row.at("latency_ns_p50").get<double>(), 10 * row.at("service_ns_p50").get<double>());
}

TEST_F(OpenLoopProgram, OffersEveryPipeAndQueueTheSameRates) {
  std::map<std::string, std::set<std::string>> rates;
  std::size_t quick = 0;
  const Json catalogue = Json::parse(run({"--catalogue"}));
  for (const Json& one : catalogue.at("cases")) {
    if (one.at("measure") != "open_loop") continue;
    const auto name = one.at("name").get<std::string>();
    const auto from = name.find("/rate:");
    rates[one.at("noun").get<std::string>() + one.at("backend").get<std::string>()].insert(
        name.substr(from, name.find('/', from + 1) - from));
    quick += one.at("quick").get<bool>();
  }
  ASSERT_GT(rates.size(), 20u);
  for (const auto& [backend, of] : rates) EXPECT_EQ(of, rates.begin()->second) << backend;
  EXPECT_EQ(rates.begin()->second.size(), 10u);
  EXPECT_LE(quick, 30u) << "what the quick preset has time for";
}

}  // namespace
}  // namespace bench
