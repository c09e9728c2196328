#include "bench/harness/program.hpp"

#include <CLI/CLI.hpp>
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>

#include "bench/harness/build_info.hpp"
#include "bench/harness/json_file.hpp"
#include "bench/harness/recorder.hpp"
#include "ipc/os/child.hpp"
#include "ipc/os/error.hpp"

namespace bench {

namespace {

constexpr int kBadInput = 2;

/// The binary's own flags.
struct Options {
  bool catalogue = false;
  std::string cases_file;
  RecordFiles record;
  int turns_fd = -1;
  int window_ms = 50;
  int warmup_ms = 20;
  int grace_ms = 1000;
  int repetitions = 4;
  int anchor_us = 1000;
  double inject_percent = 0;
  FixedCounts fixed;
  int first_marker = 1;
  std::string clock = "wall";
  std::vector<std::string> others;  ///< for Google Benchmark

  [[nodiscard]] Window window() const {
    using std::chrono::milliseconds;
    return {milliseconds(warmup_ms),
            milliseconds(window_ms),
            milliseconds(grace_ms),
            repetitions,
            std::chrono::microseconds(anchor_us),
            inject_percent};
  }
};

/// Google's --benchmark_min_time means here what a user of it wants: the length of the timed
/// window. The library itself must not repeat a case to reach it, since every call forks.
void take_min_time(Options& options) {
  constexpr std::string_view kFlag = "--benchmark_min_time=";
  std::erase_if(options.others, [&](const std::string& flag) {
    if (!flag.starts_with(kFlag)) return false;
    char* end = nullptr;
    const double seconds = std::strtod(flag.c_str() + kFlag.size(), &end);
    if ((*end && std::string_view(end) != "s") || seconds < 0.001 || seconds > 3600)
      throw CLI::ValidationError(flag, "wants seconds from 0.001 to 3600");
    options.window_ms = static_cast<int>(seconds * 1000);
    return true;
  });
  options.others.emplace_back("--benchmark_min_time=0.000000000000001");
}

/// What fixed counts ask for, and what they cannot go with. Throws CLI::ParseError.
void settle_fixed(const CLI::App& app, Options& options) {
  options.fixed.wanted |= options.fixed.operations || options.fixed.warmup_operations;
  if (options.clock != "wall") options.record.unit = options.clock;
  if (!options.fixed.wanted) {
    if (!options.record.markers.empty())
      throw CLI::ValidationError("--markers", "wants fixed counts: add --fixed or --operations");
    return;
  }
  for (const char* of_time : {"--window_ms", "--warmup_ms", "--anchor_us", "--inject_percent"})
    if (app.count(of_time) > 0)
      throw CLI::ValidationError(of_time,
                                 "is of windows of time, and counts are fixed: leave "
                                 "one of the two");
  options.anchor_us = 0;
}

MarkerNumbers marker_numbers(const std::vector<Case>& all, const Options& options) {
  MarkerNumbers numbers;
  if (options.record.markers.empty()) return numbers;
  if (static_cast<std::size_t>(options.first_marker) + all.size() > kMostMarkedCases)
    throw std::runtime_error("--first_marker leaves fewer numbers than there are cases");
  auto number = static_cast<std::uint16_t>(options.first_marker);
  for (const Case& one : all) numbers[one.id.to_string()] = number++;
  return numbers;
}

Options parse(CLI::App& app, int argc, char** argv) {
  Options options;
  app.allow_extras();
  app.add_flag("--catalogue", options.catalogue, "print all cases as JSON and exit");
  app.add_option("--cases", options.cases_file, "run the cases named in this file, in its order");
  app.add_option("--histograms", options.record.histograms, "write the distributions to this file");
  app.add_option("--repetition_records", options.record.repetitions,
                 "write what was seen in every repetition to this file");
  app.add_option("--progress_fd", options.record.progress_fd,
                 "write a line to this descriptor per case");
  app.add_option("--turns_fd", options.turns_fd,
                 "before every case, wait for a byte from this; at its end, write and leave");
  app.add_option("--repetitions", options.repetitions, "timed windows of a process (default 4)")
      ->check(CLI::Range(1, static_cast<int>(kMostRepetitions)));
  app.add_option("--window_ms", options.window_ms, "length of a timed window (default 50)")
      ->check(CLI::Range(1, 3'600'000));
  app.add_option("--anchor_us", options.anchor_us,
                 "look at the CPU's speed for so long before each window and after the last "
                 "(default 1000; 0: not at all)")
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("--inject_percent", options.inject_percent,
                 "make operations so much longer, as a positive control: pipes' round trips and "
                 "the starting of children")
      ->check(CLI::Range(0.0, 1000.0));
  app.add_option("--warmup_ms", options.warmup_ms, "warm-up before it (default 20)")
      ->check(CLI::Range(0, 3'600'000));
  app.add_option("--grace_ms", options.grace_ms, "how late a peer may be (default 1000)")
      ->check(CLI::Range(1, 3'600'000));
  app.add_flag("--fixed", options.fixed.wanted,
               "fixed counts of operations instead of windows of time: of each case its own");
  app.add_option("--operations", options.fixed.operations,
                 "operations of a repetition, of every case as many; implies --fixed")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}));
  app.add_option("--warmup_operations", options.fixed.warmup_operations,
                 "before the first (default: a quarter of those); implies --fixed")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000}));
  app.add_option("--markers", options.record.markers,
                 "with fixed counts: execute a no-op with the number of the case before and after "
                 "what is measured (bench/harness/marker.hpp), and write the numbers to this file");
  app.add_option("--first_marker", options.first_marker, "the first of these numbers (default 1)")
      ->check(CLI::Range(1, int{kMostMarkedCases}));
  app.add_option("--clock", options.clock,
                 "what the machine's clock counts, for the record: wall (default), instructions")
      ->check(CLI::IsMember({"wall", "instructions"}));
  app.footer(
      "and Google Benchmark's own: --benchmark_filter=RE, --benchmark_list_tests=true,\n"
      "--benchmark_repetitions=N, --benchmark_min_time=SECONDS (sets the window),\n"
      "--benchmark_format=console|json|csv, --benchmark_out=FILE, --benchmark_out_format=FORMAT "
      "...");
  app.parse(argc, argv);
  for (const std::string& other : options.others = app.remaining())
    if (!other.starts_with("--benchmark_") && !other.starts_with("--v="))
      throw CLI::ExtrasError({other});
  settle_fixed(app, options);
  take_min_time(options);
  options.record.without_zeros = std::ranges::any_of(options.others, [](const auto& flag) {
    return flag.starts_with("--benchmark_repetitions=");
  });
  return options;
}

/// The cases of --cases, in its order; throws std::runtime_error naming what is wrong.
std::vector<Case> select(const std::vector<Case>& all, const std::string& file) {
  std::map<std::string, const Case*> by_name;
  for (const Case& one : all) by_name[one.id.to_string()] = &one;
  std::ifstream names(file);
  if (!names) throw std::runtime_error(fmt::format("cannot read the list of cases {}", file));
  std::vector<Case> selected;
  for (std::string name; std::getline(names, name);) {
    if (name.empty()) continue;
    const auto found = by_name.find(name);
    if (found == by_name.end())
      throw std::runtime_error(fmt::format("{}: no case {}; --catalogue lists them", file, name));
    selected.push_back(*found->second);
  }
  return selected;
}

void print_catalogue(const std::string& binary, const std::vector<Case>& cases) {
  Json list = Json::array();
  for (const Case& one : cases) {
    const Floor floor = floor_of(one.id, one.bound);
    const auto twin = bare_twin(one.id);
    list.push_back({{"name", one.id.to_string()},
                    {"measure", one.id.measure},
                    {"noun", one.id.noun},
                    {"backend", one.id.backend},
                    {"placement", name(one.id.placement)},
                    {"quick", one.quick},
                    {"control", one.control},
                    {"cpus", one.cpus.size()},
                    {"setup_ms", one.setup.count()},
                    {"reason", one.reason ? Json(*one.reason) : Json()},
                    {"floor", floor.limit ? Json(floor.limit->to_string()) : Json()},
                    {"no_floor", floor.limit ? Json() : Json(floor.why_none)},
                    {"bare", twin ? Json(twin->to_string()) : Json()},
                    {"operations", one.fixed.operations},
                    {"off_path", one.why_off_path}});
  }
  const BuildInfo& build = build_info();
  std::cout << to_line({{"binary", binary},
                        {"build",
                         {{"ipcmark_version", build.version},
                          {"git", {{"sha", build.git_sha}, {"dirty", build.git_dirty}}}}},
                        {"cases", list}})
            << std::endl;
}

/// Waits until the one who shares out the machine lets the next case run; false when it gives no
/// more turns. Without one it is always our turn.
bool is_our_turn(int turns_fd) {
  char turn = 0;
  return turns_fd < 0 || ipc::os::retry_eintr([&] { return ::read(turns_fd, &turn, 1); }) == 1;
}

void register_cases(const std::vector<Case>& cases, bool chosen, int turns_fd, Recorder& recorder) {
  std::size_t left_out = 0;
  for (const Case& one : cases) {
    if (one.reason && !chosen) {
      ++left_out;
      continue;
    }
    benchmark::RegisterBenchmark(one.id.to_string().c_str(), [&one, turns_fd,
                                                              &recorder](benchmark::State& state) {
      if (is_our_turn(turns_fd))
        recorder.run(one, state);
      else
        state.SkipWithError("not measured: no more turns");
    })->UseManualTime();
  }
  if (left_out) fmt::print(stderr, "{} cases cannot run here; --catalogue says why\n", left_out);
}

/// `name` has to outlive the library, which keeps a pointer to it. It goes into the results, so it
/// is the binary's name and not the path that it has on this machine.
void initialize_library(std::string& name, Options& options) {
  std::vector<char*> pointers{name.data()};
  for (std::string& word : options.others) pointers.push_back(word.data());
  int count = static_cast<int>(pointers.size());
  benchmark::Initialize(&count, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) std::exit(kBadInput);
  const BuildInfo& build = build_info();
  benchmark::AddCustomContext("ipcmark_version", build.version);
  benchmark::AddCustomContext("ipcmark_build_type", build.build_type);
  benchmark::AddCustomContext("ipcmark_git_sha", build.git_sha);
  benchmark::AddCustomContext("ipcmark_git_dirty", build.git_dirty ? "true" : "false");
  if (options.fixed.wanted) {
    const auto& asked = options.fixed.operations;
    benchmark::AddCustomContext("fixed_operations",
                                asked ? std::to_string(*asked) : "each case's own");
  } else {
    benchmark::AddCustomContext("window_ms", std::to_string(options.window_ms));
    benchmark::AddCustomContext("warmup_ms", std::to_string(options.warmup_ms));
  }
  benchmark::AddCustomContext("clock", options.clock);
  benchmark::AddCustomContext("repetitions", std::to_string(options.repetitions));
  benchmark::AddCustomContext("anchor_us", std::to_string(options.anchor_us));
  if (options.inject_percent > 0)
    benchmark::AddCustomContext("inject_percent", fmt::format("{}", options.inject_percent));
}

}  // namespace

int run_program(const std::string& binary, const std::vector<Case>& all, int argc, char** argv) {
  CLI::App app("ipcmark " + binary + ": a Google Benchmark program", binary);
  try {
    Options options = parse(app, argc, argv);
    if (options.catalogue) {
      print_catalogue(binary, all);
      return 0;
    }
    const bool chosen = !options.cases_file.empty();
    const std::vector<Case> cases = chosen ? select(all, options.cases_file) : all;
    static std::string name = binary;
    initialize_library(name, options);
    ipc::os::become_subreaper();
    ipc::os::ignore_sigpipe();
    Recorder recorder(binary, options.record, options.window(), options.fixed,
                      marker_numbers(all, options), hardware_plan());
    recorder.rehearse();
    register_cases(cases, chosen, options.turns_fd, recorder);
    const std::size_t matched = benchmark::RunSpecifiedBenchmarks();
    while (options.turns_fd >= 0 && is_our_turn(options.turns_fd)) continue;  // others measure
    recorder.write();
    return matched > 0 ? 0 : kBadInput;  // the library has said why
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : kBadInput;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", binary, error.what());
    return kBadInput;
  }
}

}  // namespace bench
