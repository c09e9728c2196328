// rivals: ours, the bare floor, the system calls, Boost, CPython and other projects' benchmarks in
// the same rounds, as ratios.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <regex>

#include "bench/rivals/contests.hpp"
#include "bench/rivals/table.hpp"
#include "ipc/os/child.hpp"

namespace bench::rivals {
namespace {

struct Options {
  int rounds = 30;
  int window_ms = 40;
  std::uint64_t seed = std::random_device{}();
  bool quick = false;
  std::string filter = ".*";
  std::string json;
  std::string python = "/usr/bin/python3";
  std::string script =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "python_rival.py";
};

void add_options(CLI::App& app, Options& options) {
  app.add_option("--rounds", options.rounds, "rounds, each with fresh processes (default 30)")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--window_ms", options.window_ms, "timed window of a side (default 40)")
      ->check(CLI::Range(1, 60'000));
  app.add_option("--seed", options.seed, "of the random order (default: a new one)");
  app.add_flag("--quick", options.quick, "5 rounds of 10 ms windows: a look, no evidence");
  app.add_option("--filter", options.filter,
                 "regular expression on operation/placement/ours/rival");
  app.add_option("--json", options.json, "also write every round's times to this file");
  app.add_option("--python", options.python, "the CPython to compare with (/usr/bin/python3)");
}

/// Keeps the figures that match, and the contests that have one left.
std::vector<Contest> filtered(std::vector<Contest> contests, const std::regex& wanted) {
  for (Contest& contest : contests)
    std::erase_if(contest.figures, [&](const Figure& figure) {
      return !std::regex_search(fmt::format("{}/{}/{}/{}", contest.name, name(contest.placement),
                                            figure.ours, figure.rival),
                                wanted);
    });
  std::erase_if(contests, [](const Contest& contest) { return contest.figures.empty(); });
  return contests;
}

/// Takes out what the machine has no CPUs for; Score then has no times, and the table the reason.
void require_cpus(std::vector<Contest>& contests) {
  for (Contest& contest : contests)
    if (!spread(contest.placement, machine()))
      for (Side& side : contest.sides) side.reason = why_not(contest.placement);
}

std::vector<Contest> contests(const Options& options) {
  std::vector<Contest> all;
  for (auto& theme :
       {ring_contests(), queue_contests(), semaphore_contests(), lock_contests(), kernel_contests(),
        tool_contests(), python_contests(options.python, options.script)})
    all.insert(all.end(), theme.begin(), theme.end());
  auto wanted = filtered(std::move(all), std::regex(options.filter));
  if (wanted.empty())
    throw std::invalid_argument("--filter " + options.filter + " matches nothing");
  require_cpus(wanted);
  return wanted;
}

Schedule schedule_of(const Options& options) {
  const std::chrono::milliseconds timed(options.window_ms);
  Schedule schedule{options.rounds, options.seed, {timed / 3, timed, std::chrono::seconds(5)}};
  schedule.probe_line_ns = line_round_trip_ns;
  if (::isatty(STDERR_FILENO))
    schedule.before_round = [rounds = options.rounds](int round) {
      fmt::print(stderr, "\rround {} of {} ", round + 1, rounds);
      if (round + 1 == rounds) fmt::print(stderr, "\n");
    };
  return schedule;
}

int run(Options options) {
  ipc::os::become_subreaper();
  const auto wanted = contests(options);
  const Schedule schedule = schedule_of(options);
  fmt::print(
      "{} rounds of {} ms windows, every side in fresh processes, in random order by seed {}\n",
      options.rounds, options.window_ms, options.seed);
  fmt::print(
      "ratio: the median of the rounds' own; ours/rival where at most is asked, rival/ours "
      "where at least; of two that measure the same ours/rival\n\n");
  std::fflush(stdout);
  const auto scores = hold(wanted, schedule);
  fmt::print("{}", table(scores));
  if (!options.json.empty()) write_json(options.json, to_json(scores, schedule));
  return has_failures(scores) ? 1 : 0;
}

}  // namespace
}  // namespace bench::rivals

int main(int argc, char** argv) {
  CLI::App app("ours against its rivals, in the same rounds, as ratios", "rivals");
  bench::rivals::Options options;
  bench::rivals::add_options(app, options);
  try {
    app.parse(argc, argv);
    if (options.quick && app.count("--rounds") == 0) options.rounds = 5;
    if (options.quick && app.count("--window_ms") == 0) options.window_ms = 10;
    return bench::rivals::run(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "rivals: {}\n", error.what());
    return 2;
  }
}
