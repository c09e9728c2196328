// Is the stopwatch honest? Times the same operation by our cases and by a bare C loop, in rounds
// that take both in turn, and holds the medians together. On demand: it measures, it is no test.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "bench/bare_loops.hpp"
#include "bench/binaries.hpp"
#include "bench/harness/placement.hpp"
#include "ipc/os/child.hpp"

namespace bench {
namespace {

struct Check {
  const char* name;
  std::vector<Case> (*cases)();
  const char* the_case;
  double (*bare)(int cpu, std::int64_t window_ns);
};

constexpr Check kChecks[] = {
    {"pipe round trip, 64 B, same core", &latency_cases,
     "latency/pipe/pipe/size:64/placement:same_core", &bare::pipe_round_trip_ns},
    {"uncontended semaphore pair", &contention_cases,
     "contention/semaphore/posix/hold_ns:0/processes:1/placement:same_core",
     &bare::semaphore_pair_ns},
    {"Value load", &contention_cases,
     "contention/shared/anonymous_atomic/operation:load/processes:1/placement:same_core",
     &bare::value_load_ns},
    {"fork + exit + wait", &fork_cost_cases,
     "fork_cost/process/fork/memory_mib:0/placement:same_core", &bare::fork_exit_wait_ns},
};

/// Above this the ratio counts, below it the difference.
constexpr double kShortNs = 1000;
constexpr double kAllowedRatio = 0.05;
constexpr double kAllowedNs = 1;

Case find(const Check& check) {
  for (Case& one : check.cases())
    if (one.id.to_string() == check.the_case) return std::move(one);
  throw std::runtime_error(fmt::format("no case {}", check.the_case));
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

bool hold_together(const Check& check, int rounds, int window_ms) {
  const std::chrono::milliseconds timed(window_ms);
  const Window window{timed / 3, timed, std::chrono::seconds(1)};
  const int cpu = spread(Placement::same_core, machine())->front();
  const Case one = find(check);
  std::vector<double> ours, bare;
  const auto take_ours = [&] { ours.push_back(one.run(window).operation_ns); };
  for (int round = 0; round < rounds; ++round) {
    // Either goes first as often as the other, so that drift hits both alike.
    if (round % 2 == 0) take_ours();
    bare.push_back(check.bare(cpu, window.timed.count()));
    if (round % 2 == 1) take_ours();
  }
  return report(check, ours, bare);
}

int run(int rounds, int window_ms) {
  ipc::os::become_subreaper();
  fmt::print("{} rounds of {} ms windows, ours and bare in turn, on one CPU; ns an operation\n",
             rounds, window_ms);
  fmt::print("{:<34} {:>12} {:>12} {:>8} {:>10}\n", "operation", "ours", "bare loop", "ratio",
             "difference");
  bool good = true;
  for (const Check& check : kChecks) good &= hold_together(check, rounds, window_ms);
  fmt::print("asked: ratio 1.00 +- {} above {} ns, difference within {} ns below\n", kAllowedRatio,
             kShortNs, kAllowedNs);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  CLI::App app("holds our cases against bare C loops", "stopwatch");
  int rounds = 30, window_ms = 50;
  app.add_option("--rounds", rounds, "rounds an operation (default 30)")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--window_ms", window_ms, "timed window (default 50)")
      ->check(CLI::Range(3, 60'000));
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
