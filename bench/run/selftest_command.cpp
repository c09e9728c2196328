#include "bench/run/selftest_command.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <random>
#include <system_error>

#include "bench/run/measure_command.hpp"
#include "bench/run/scratch_folder.hpp"
#include "bench/run/selftest.hpp"
#include "bench/run/unusable.hpp"
#include "ipc/os/child.hpp"

namespace bench::run {

namespace fs = std::filesystem;

namespace {

constexpr int kFewestPairs = 6;  // fewer cannot tell any change
constexpr int kMostPairs = 1000;
constexpr int kMostTries = 100;

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

SelfTestRequest request_of(const SelfTestOptions& options) {
  SelfTestRequest request = self_test_request(options.quick);
  const int pairs = options.pairs.value_or(request.process.rounds);
  if (options.preset) request.process = preset_settings(*options.preset);
  request.process.rounds = pairs;
  request.process.filter = options.filter;
  request.process.seed = options.seed.value_or(std::random_device()());
  request.bundle = options.bench_folder;
  request.command = options.command;
  request.families = !options.no_families;
  request.tries = options.tries;
  if (!options.percents.empty()) request.percents = options.percents;
  return request;
}

void announce(const SelfTestRequest& request, const SelfTest& test) {
  const Settings& process = request.process;
  print(fmt::format(
      "{}, {} each, {} of {} ms after {} ms of warm-up\n",
      counted(test.cases().size(), "family", "families"),
      counted(static_cast<std::size_t>(process.rounds), "pair", "pairs") + " of processes",
      counted(static_cast<std::size_t>(process.repetitions), "repetition", "repetitions"),
      process.window_ms, process.warmup_ms));
  if (!test.controls().empty())
    print(fmt::format("{} made slower by {} %, {}\n",
                      counted(test.controls().size(), "control", "controls"),
                      fmt::join(request.percents, ", "),
                      counted(static_cast<std::size_t>(request.tries), "time", "times")));
  print(fmt::format("seed {}; about {}\n", process.seed, to_text(test.predicted())));
}

/// Where the runs go: a folder that is kept, or one that is not.
struct Folder {
  std::unique_ptr<ScratchFolder> scratch;
  fs::path path;
};

Folder make_folder(const SelfTestOptions& options, const fs::path& out) {
  if (fs::is_directory(out))
    throw Unusable(out.string() + " is a directory: name a file with --out");
  Folder folder;
  if (!options.keep.empty()) {
    folder.path = options.keep;
    check_target(folder.path);
  }
  try {
    // Beside the result in either case, to know at once that it can be written.
    folder.scratch = std::make_unique<ScratchFolder>(fs::absolute(out).parent_path());
  } catch (const std::system_error& error) {
    throw Unusable(fmt::format("cannot write {} ({}): name another file with --out", out.string(),
                               error.what()));
  }
  if (options.keep.empty()) folder.path = folder.scratch->path();
  return folder;
}

void print_troubles(const SelfTest::Outcome& outcome) {
  for (const Result& one : outcome.results) {
    for (const Failure& failure : one.failures)
      print(fmt::format("failed: {}: {}\n", failure.name, failure.message));
    for (const auto& problem : one.problems) print("error: " + problem + "\n");
  }
  for (const auto& note : outcome.notes) print(note + "\n");
}

}  // namespace

int self_test(const SelfTestOptions& options) {
  ipc::os::ignore_sigpipe();  // the output may be piped to something that ends first
  Interruption interruption;
  const SelfTestRequest request = request_of(options);
  const SelfTest test(request);
  const fs::path out = fs::path(options.out).lexically_normal();
  const Folder folder = make_folder(options, out);
  announce(request, test);
  const auto start = std::chrono::steady_clock::now();
  const auto outcome = test.run(folder.path, std::chrono::seconds(options.stall_s), interruption);
  print_troubles(outcome);
  if (!outcome.record) {
    print("stopped: no result was written\n");
    return outcome.exit_code();
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  print(fmt::format("{}{}\ntook {}, {} were expected\n", to_text(*outcome.record),
                    is_sound(*outcome.record) ? "sound" : "NOT SOUND", to_text(took),
                    to_text(test.predicted())));
  try {
    write_json(out, to_json(*outcome.record));
  } catch (const std::system_error& error) {
    print(fmt::format("error: no result was written: {}\n", error.what()));
    return std::max<int>(outcome.exit_code(), kWithProblems);
  }
  print("the result is in " + out.string() + "\n");
  return outcome.exit_code();
}

void add_selftest(CLI::App& app, SelfTestOptions& options) {
  auto* command = app.add_subcommand(
      "selftest",
      "Measure the same against itself, and changes made on purpose: what this machine can show. "
      "Exit code 0: sound; 1: not, or something failed; 2: it could not start; 128 + signal: "
      "interrupted");
  command->add_flag("--quick", options.quick, "In about 1 minute: fewer families, fewer pairs");
  command->add_option("--out", options.out, "The result")->type_name("FILE")->capture_default_str();
  command
      ->add_option("--keep", options.keep,
                   "Keep the measured runs, in this new directory (default: removed)")
      ->type_name("DIR");
  command
      ->add_option("--filter", options.filter,
                   "Extended regular expression to be found in a case's name")
      ->type_name("RE");
  command->add_option("--pairs", options.pairs, "Pairs of processes a comparison")
      ->check(CLI::Range(kFewestPairs, kMostPairs));
  command->add_option("--preset", options.preset, "Settings of a process as `ipcmark run` has them")
      ->check(CLI::IsMember(std::vector<std::string>{"quick", "default"}));
  command
      ->add_option("--percent", options.percents,
                   "By how much controls are made slower; several with commas (default: 2,5,10,20)")
      ->type_name("PERCENT")
      ->delimiter(',')
      ->check(CLI::Range(0.1, 1000.0));
  command->add_option("--tries", options.tries, "How often every control is tried")
      ->check(CLI::Range(1, kMostTries))
      ->capture_default_str();
  command->add_flag("--no-families", options.no_families, "Only what the controls need");
  command->add_option("--seed", options.seed, "Of all random orders (default: a random one)");
  command->add_option("--stall-s", options.stall_s, "Seconds of silence, as of `ipcmark run`")
      ->check(CLI::Range(1, 24 * 3600))
      ->capture_default_str();
  add_bench_folder(*command, options.bench_folder);
}

}  // namespace bench::run
