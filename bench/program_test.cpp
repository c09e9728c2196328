// The bench binaries as programs: Google Benchmark's flags, their own, and bad input.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "bench/harness/command.hpp"
#include "bench/harness/json_file.hpp"
#include "bench/run/round_file.hpp"
#include "ipc/os/test_support.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBinaries[] = {"limits", "fork_cost", "latency", "throughput", "contention"};
constexpr const char* kSmallCase = "latency/semaphore/posix/placement:same_core";
const std::string kSmallFilter = std::string("--benchmark_filter=") + kSmallCase;

class Program : public ipc::test::LeavesNothing {
 protected:
  void SetUp() override {
    LeavesNothing::SetUp();
    folder_ = fs::temp_directory_path() / ("program_test." + std::to_string(::getpid()));
    fs::create_directory(folder_);
  }
  void TearDown() override {
    fs::remove_all(folder_);
    LeavesNothing::TearDown();
  }

  static CommandResult run(const std::string& binary, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--window_ms=5", "--warmup_ms=2", "--grace_ms=20000"});
    return run_as_is(binary, std::move(arguments));
  }
  static CommandResult run_as_is(const std::string& binary, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), fs::read_symlink("/proc/self/exe").parent_path() / binary);
    return run_command(arguments, ipc::os::Deadline::never());
  }
  /// The rows that a run with fixed counts writes to standard output.
  static Json fixed_rows(const std::string& binary, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--benchmark_format=json", "--repetitions=2"});
    const CommandResult result = run_as_is(binary, std::move(arguments));
    EXPECT_EQ(code_of(result), 0) << result.errors;
    return Json::parse(result.output).at("benchmarks");
  }
  static Json catalogue_of(const std::string& binary) {
    const CommandResult result = run(binary, {"--catalogue"});
    EXPECT_EQ(code_of(result), 0) << result.errors;
    return Json::parse(result.output).at("cases");
  }
  /// As a run does.
  static void add_floors(const fs::path& file) {
    Json document = read_json(file);
    std::map<std::string, std::string> floors;
    for (const auto& row : bench::run::rows_of(document)) floors[row.name] = "a limit";
    ASSERT_TRUE(bench::run::set_floors(document, floors, {{"a limit", 100}}));
    write_json(file, document);
  }
  static int code_of(const CommandResult& result) {
    return result.status.exited() ? result.status.code() : -1;
  }

  fs::path folder_;
};

TEST_F(Program, CatalogueNamesEveryCaseOnceWithAReasonOrNone) {
  for (const char* binary : kBinaries) {
    const CommandResult result = run(binary, {"--catalogue"});
    ASSERT_EQ(code_of(result), 0) << result.errors;
    const Json catalogue = Json::parse(result.output);
    EXPECT_EQ(catalogue.at("binary"), binary);
    std::set<std::string> names;
    std::size_t quick = 0;
    for (const Json& one : catalogue.at("cases")) {
      EXPECT_TRUE(names.insert(one.at("name")).second) << one.at("name");
      EXPECT_TRUE(one.at("reason").is_null() || !one.at("reason").get<std::string>().empty());
      quick += one.at("quick").get<bool>();
    }
    EXPECT_GT(quick, 0u) << binary;
  }
}

TEST_F(Program, CataloguesNameAFloorThatIsALimitOrWhyThereIsNone) {
  std::set<std::string> limits;
  for (const Json& one : catalogue_of("limits")) limits.insert(one.at("name"));
  for (const char* binary : kBinaries) {
    std::size_t with_floor = 0;
    for (const Json& one : catalogue_of(binary)) {
      EXPECT_NE(one.at("floor").is_null(), one.at("no_floor").is_null()) << one.at("name");
      if (one.at("floor").is_null()) continue;
      ++with_floor;
      EXPECT_TRUE(limits.contains(one.at("floor"))) << one.at("name") << ": " << one.at("floor");
      EXPECT_TRUE(one.at("floor").get<std::string>().ends_with(
          "placement:" + one.at("placement").get<std::string>()))
          << one.at("name");
    }
    const bool none = binary == std::string("limits") || binary == std::string("contention");
    EXPECT_EQ(with_floor == 0, none) << binary;
  }
}

TEST_F(Program, PathHoldsEveryNounOnOneCpuAndSaysWhyOthersAreLeftOut) {
  std::set<std::string> nouns, measures;
  for (const char* binary : kBinaries)
    for (const Json& one : catalogue_of(binary)) {
      if (!one.at("off_path").get<std::string>().empty()) continue;
      EXPECT_EQ(one.at("placement"), "same_core") << one.at("name");
      EXPECT_GT(one.at("operations").get<std::int64_t>(), 0) << one.at("name");
      EXPECT_EQ(one.at("name").get<std::string>().find("_spin/"), std::string::npos);
      nouns.insert(one.at("noun"));
      measures.insert(one.at("measure"));
    }
  for (const char* noun : {"process", "pipe", "queue", "shared", "semaphore", "notify", "pool"})
    EXPECT_TRUE(nouns.contains(noun)) << noun;
  EXPECT_EQ(measures, (std::set<std::string>{"limits", "fork_cost", "lifecycle", "latency",
                                             "throughput", "contention"}));
}

TEST_F(Program, DoesAsManyOperationsInEveryRunWithFixedCounts) {
  const std::string filter =
      "--benchmark_filter=(latency/semaphore/(posix|futex)/|latency/pipe/pipe/size:64/|"
      "latency/pool/threads/).*same_core";
  std::map<std::string, double> counts;
  for (const Json& one : catalogue_of("latency"))
    counts[one.at("name")] = one.at("operations").get<double>();
  for (int run = 0; run < 2; ++run) {
    const Json rows = fixed_rows("latency", {"--fixed", filter});
    EXPECT_EQ(rows.size(), 4u);
    for (const Json& row : rows) {
      const std::string name = bench::run::case_name(row.at("name"));
      EXPECT_EQ(row.at("operations").get<double>(), 2 * counts.at(name)) << row.dump();
      EXPECT_EQ(row.at("samples"), 2.0) << row.dump();
    }
  }
}

TEST_F(Program, TakesFixedCountsByHandInEveryKindOfLoop) {
  const auto operations = [](const Json& rows) {
    std::set<double> found;
    for (const Json& row : rows) found.insert(row.value("operations", -1.0));
    return found;
  };
  const std::vector<std::string> by_hand{"--operations=16", "--warmup_operations=3"};
  const auto with = [&](const std::string& filter) {
    auto arguments = by_hand;
    arguments.push_back("--benchmark_filter=" + filter);
    return arguments;
  };
  const std::set<double> asked{32};
  EXPECT_EQ(operations(fixed_rows("throughput", with("throughput/pipe/pipe/size:64/.*same_core"))),
            asked);
  EXPECT_EQ(operations(fixed_rows("contention", with("shared/anonymous_atomic/operation:add/"
                                                     "processes:1/placement:same_core"))),
            asked);
  EXPECT_EQ(operations(fixed_rows("fork_cost", with("lifecycle/semaphore/posix/.*same_core"))),
            asked);
}

TEST_F(Program, RefusesWhatFixedCountsCannotGoWith) {
  for (const auto& [arguments, word] :
       {std::pair{std::vector<std::string>{"--fixed", "--window_ms=5"}, "--window_ms"},
        std::pair{std::vector<std::string>{"--operations=5", "--anchor_us=5"}, "--anchor_us"},
        std::pair{std::vector<std::string>{"--markers=x.json"}, "--markers"},
        std::pair{std::vector<std::string>{"--operations=0"}, "--operations"},
        std::pair{std::vector<std::string>{"--clock=sundial"}, "--clock"}}) {
    const CommandResult result = run_as_is("latency", arguments);
    EXPECT_EQ(code_of(result), 2) << word;
    EXPECT_NE(result.errors.find(word), std::string::npos) << result.errors;
  }
  const Json rows = fixed_rows(
      "latency", {"--fixed", "--benchmark_filter=latency/queue/shm_ring_spin/size:64/.*same_core"});
  EXPECT_NE(rows.at(0).at("error_message").get<std::string>().find("spin"), std::string::npos);
}

#if defined(__x86_64__) || defined(__aarch64__)
TEST_F(Program, WritesWhichNumberTheMarkersOfACaseCarry) {
  const fs::path file = folder_ / "markers.json";
  fixed_rows("latency",
             {"--operations=5", kSmallFilter, "--markers=" + file.string(), "--first_marker=4097"});
  const Json markers = read_json(file).at("markers");
  std::set<int> numbers;
  bool is_named = false;
  for (const Json& one : markers) {
    numbers.insert(one.at("number").get<int>());
    is_named |= one.at("case") == kSmallCase;
  }
  EXPECT_TRUE(is_named);
  EXPECT_EQ(numbers.size(), markers.size());
  EXPECT_EQ(*numbers.begin(), 4097);
}
#endif

TEST_F(Program, MeasuresEveryKindOfLimit) {
  const CommandResult result =
      run("limits", {"--benchmark_filter=limits/([^c]|clock|copy|context|.*pair|.*mib:0).*/"
                     "placement:(same_core|pair)",
                     "--benchmark_format=json"});
  ASSERT_EQ(code_of(result), 0) << result.errors;
  const Json rows = Json::parse(result.output).at("benchmarks");
  EXPECT_GT(rows.size(), 15u);
  for (const Json& row : rows) {
    EXPECT_FALSE(row.contains("error_occurred")) << row.dump();
    EXPECT_GT(row.at("real_time").get<double>(), 0) << row.dump();
  }
}

TEST_F(Program, ListsThroughGoogleBenchmarksFlag) {
  const CommandResult result = run(
      "latency", {"--benchmark_list_tests=true", "--benchmark_filter=latency/semaphore/posix/"});
  EXPECT_EQ(code_of(result), 0);
  EXPECT_NE(result.output.find(std::string(kSmallCase) + "/manual_time\n"), std::string::npos)
      << result.output;
}

TEST_F(Program, RepeatsAndWritesJson) {
  const fs::path out = folder_ / "out.json", histograms = folder_ / "hist.json";
  const CommandResult result =
      run("latency", {kSmallFilter, "--benchmark_repetitions=3", "--benchmark_format=csv",
                      "--benchmark_out=" + out.string(), "--histograms=" + histograms.string()});
  ASSERT_EQ(code_of(result), 0) << result.errors;
  EXPECT_NE(result.output.find("name,iterations,real_time"), std::string::npos) << result.output;
  std::int64_t operations = 0;
  const Json rows = read_json(out).at("benchmarks");
  for (const Json& row : rows) {
    if (row.at("run_type") != "iteration") continue;
    EXPECT_GT(row.at("real_time").get<double>(), 0);
    EXPECT_LE(row.at("latency_ns_p50").get<double>(), row.at("latency_ns_p99").get<double>());
    operations += static_cast<std::int64_t>(row.at("operations").get<double>());
  }
  std::int64_t counted = 0;
  const Json distributions = read_json(histograms).at("histograms");
  for (const Json& one : distributions) {
    EXPECT_EQ(one.at("case"), kSmallCase);
    std::int64_t total = 0;
    for (const Json& bucket : one.at("counts")) total += bucket.at(1).get<std::int64_t>();
    EXPECT_EQ(total, one.at("total_count").get<std::int64_t>());
    counted += total * one.at("operations_per_sample").get<std::int64_t>();
  }
  EXPECT_EQ(counted, operations);
  EXPECT_EQ(distributions.size(), 3u);
}

TEST_F(Program, RunsTheCasesOfAListInItsOrder) {
  const std::vector<std::string> wanted{
      "contention/semaphore/posix/hold_ns:0/processes:2/placement:same_core",
      "contention/semaphore/boost/hold_ns:0/processes:1/placement:same_core"};
  std::ofstream list(folder_ / "cases");
  for (const std::string& name : wanted) list << name << '\n';
  list.close();
  const CommandResult result =
      run("contention", {"--cases=" + (folder_ / "cases").string(), "--benchmark_format=json"});
  ASSERT_EQ(code_of(result), 0) << result.errors;
  const Json rows = Json::parse(result.output).at("benchmarks");
  ASSERT_EQ(rows.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    EXPECT_EQ(rows[i].at("name"), wanted[i] + "/manual_time");
}

/// The library calls a case again when it takes the result for too short.
TEST_F(Program, RunsTheShortestOperationOnce) {
  const CommandResult result =
      run("contention",
          {"--benchmark_filter=anonymous_atomic/operation:load/processes:1/placement:same_core",
           "--progress_fd=1", "--benchmark_format=csv"});
  ASSERT_EQ(code_of(result), 0) << result.errors;
  const std::string_view output = result.output;
  const auto first = output.find("done contention/");
  ASSERT_NE(first, std::string_view::npos);
  EXPECT_EQ(output.find("done contention/", first + 1), std::string_view::npos) << output;
}

TEST_F(Program, TakesMinTimeAsTheWindow) {
  const CommandResult result =
      run("latency", {kSmallFilter, "--benchmark_min_time=0.03", "--benchmark_format=json"});
  ASSERT_EQ(code_of(result), 0) << result.errors;
  EXPECT_EQ(Json::parse(result.output).at("context").at("window_ms"), "30");
}

TEST_F(Program, RefusesBadInputInOneLine) {
  const std::vector<std::vector<std::string>> inputs{
      {"--no_such_flag"},
      {"--window_ms=0"},
      {"--window_ms=x"},
      {"--benchmark_min_time=x"},
      {"--benchmark_no_such_flag=1"},
      {"--cases=" + (folder_ / "missing").string()},
      {"--benchmark_filter=no/such/case"},
      {"--benchmark_filter=("},
  };
  for (const auto& input : inputs) {
    const CommandResult result = run("latency", input);
    EXPECT_EQ(code_of(result), 2) << input[0];
    EXPECT_FALSE(result.errors.empty()) << input[0];
  }
}

TEST_F(Program, RefusesAListWithAnUnknownCase) {
  std::ofstream(folder_ / "cases") << "latency/pipe/no_such/size:64/placement:same_core\n";
  const CommandResult result = run("latency", {"--cases=" + (folder_ / "cases").string()});
  EXPECT_EQ(code_of(result), 2);
  EXPECT_NE(result.errors.find("no_such"), std::string::npos);
}

TEST_F(Program, ReportsAnUnwritableHistogramFile) {
  const CommandResult result =
      run("latency", {kSmallFilter, "--histograms=" + (folder_ / "missing/hist.json").string()});
  EXPECT_EQ(code_of(result), 2);
  EXPECT_NE(result.errors.find("missing"), std::string::npos) << result.errors;
}

/// Google Benchmark's own comparison, as Debian packages it (libbenchmark-tools).
TEST_F(Program, OutputIsReadByCompare) {
  const fs::path compare = "/usr/share/benchmark/compare.py";
  if (!fs::exists(compare))
    GTEST_SKIP() << compare << " is missing: apt-get install libbenchmark-tools";
  std::vector<std::string> files;
  for (const char* binary : {"latency", "contention"}) {
    const std::string filter = std::string("--benchmark_filter=/semaphore/posix/.*same_core");
    std::vector<std::string> words{"/usr/bin/python3", compare, "benchmarks"};
    for (int side = 0; side < 2; ++side) {
      words.push_back(folder_ / (binary + std::to_string(side) + ".json"));
      ASSERT_EQ(code_of(run(binary, {filter, "--benchmark_out=" + words.back()})), 0);
      add_floors(words.back());
    }
    const CommandResult result = run_command(words, ipc::os::Deadline::never());
    EXPECT_EQ(code_of(result), 0) << result.errors;
    EXPECT_NE(result.output.find("/semaphore/posix/"), std::string::npos) << result.output;
  }
}

}  // namespace
}  // namespace bench
