// Is the stopwatch honest? Times the same operation by the bench binaries and by a bare C loop, in
// rounds that take both in turn, and holds the medians together. On demand: it measures, it is no
// test.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <vector>

#include "bench/bare_loops.hpp"
#include "bench/harness/command.hpp"
#include "bench/harness/json_file.hpp"
#include "bench/harness/placement.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

struct Check {
  const char* name;
  const char* binary;
  const char* the_case;
  double (*bare)(int cpu, std::int64_t window_ns);
};

constexpr Check kChecks[] = {
    {"pipe round trip, 64 B, same core", "latency", "latency/pipe/pipe/size:64/placement:same_core",
     &bare::pipe_round_trip_ns},
    {"uncontended semaphore pair", "contention",
     "contention/semaphore/posix/hold_ns:0/processes:1/placement:same_core",
     &bare::semaphore_pair_ns},
    {"Value load", "contention",
     "contention/shared/anonymous_atomic/operation:load/processes:1/placement:same_core",
     &bare::value_load_ns},
    {"fork + exit + wait", "fork_cost", "fork_cost/process/fork/memory_mib:0/placement:same_core",
     &bare::fork_exit_wait_ns},
};

/// Above this the ratio counts, below it the difference.
constexpr double kShortNs = 1000;
constexpr double kAllowedRatio = 0.05;
constexpr double kAllowedNs = 1;

/// A folder for one file or two, gone at the end.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = fs::temp_directory_path() / "ipcmark-stopwatch-XXXXXX";
    if (!::mkdtemp(pattern.data())) throw std::system_error(errno, std::system_category(), pattern);
    path_ = pattern;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

double ours_ns(const Check& check, const fs::path& folder, int window_ms) {
  const fs::path cases = folder / "cases", out = folder / "out.json";
  std::ofstream(cases) << check.the_case << '\n';
  const fs::path binary = fs::read_symlink("/proc/self/exe").parent_path() / check.binary;
  const CommandResult result =
      run_command({binary, "--cases=" + cases.string(), fmt::format("--window_ms={}", window_ms),
                   fmt::format("--warmup_ms={}", std::max(1, window_ms / 3)),
                   "--benchmark_out=" + out.string(), "--benchmark_out_format=json"},
                  ipc::os::Deadline::after(std::chrono::seconds(60)));
  if (!result.finished || result.status != ipc::os::ExitStatus::from_code(0))
    throw std::runtime_error(
        fmt::format("{}: {}\n{}", check.the_case, result.status.to_string(), result.errors));
  const Json row = read_json(out).at("benchmarks").at(0);
  if (row.value("error_occurred", false))
    throw std::runtime_error(row.at("error_message").get<std::string>());
  return row.at("real_time").get<double>();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// One line of the table; false when the two do not agree.
bool report(const Check& check, const std::vector<double>& ours, const std::vector<double>& bare) {
  const double a = median(ours), b = median(bare);
  const bool good =
      b > kShortNs ? std::abs(a / b - 1) <= kAllowedRatio : std::abs(a - b) <= kAllowedNs;
  fmt::print("{:<34} {:>12.2f} {:>12.2f} {:>8.3f} {:>+10.2f}  {}\n", check.name, a, b, a / b, a - b,
             good ? "agrees" : "DIFFERS");
  return good;
}

int run(int rounds, int window_ms) {
  const ScratchFolder scratch;
  const int cpu = spread(Placement::same_core, machine())->front();
  bool all_good = true;
  fmt::print("{} rounds of {} ms windows, ours and bare in turn, all on CPU {}; ns an operation\n",
             rounds, window_ms, cpu);
  fmt::print("{:<34} {:>12} {:>12} {:>8} {:>10}\n", "operation", "ours", "bare loop", "ratio",
             "difference");
  for (const Check& check : kChecks) {
    std::vector<double> ours, bare;
    for (int round = 0; round < rounds; ++round) {
      const auto take_ours = [&] { ours.push_back(ours_ns(check, scratch.path(), window_ms)); };
      const auto take_bare = [&] {
        bare.push_back(check.bare(cpu, std::int64_t{window_ms} * 1'000'000));
      };
      // Either goes first as often as the other, so that drift hits both alike.
      if (round % 2 == 0) take_ours();
      take_bare();
      if (round % 2 == 1) take_ours();
    }
    all_good &= report(check, ours, bare);
  }
  fmt::print("asked: ratio 1.00 +- {} above {} ns, difference within {} ns below\n", kAllowedRatio,
             kShortNs, kAllowedNs);
  return all_good ? 0 : 1;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  CLI::App app("holds the bench binaries' figures against bare C loops", "stopwatch");
  int rounds = 30, window_ms = 50;
  app.add_option("--rounds", rounds, "rounds an operation (default 30)")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--window_ms", window_ms, "timed window (default 50)")
      ->check(CLI::Range(1, 60'000));
  try {
    app.parse(argc, argv);
    return bench::run(rounds, window_ms);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "stopwatch: {}\n", error.what());
    return 2;
  }
}
