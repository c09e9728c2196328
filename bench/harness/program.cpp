#include "bench/harness/program.hpp"

#include <CLI/CLI.hpp>
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>

#include "bench/harness/build_info.hpp"
#include "bench/harness/json_file.hpp"
#include "ipc/os/child.hpp"

namespace bench {

namespace {

constexpr int kBadInput = 2;

/// The binary's own flags.
struct Options {
  bool catalogue = false;
  std::string cases_file;
  std::string histograms_file;
  int progress_fd = -1;
  int window_ms = 50;
  int warmup_ms = 20;
  int grace_ms = 1000;
  std::vector<std::string> others;  ///< for Google Benchmark

  [[nodiscard]] Window window() const {
    using std::chrono::milliseconds;
    return {milliseconds(warmup_ms), milliseconds(window_ms), milliseconds(grace_ms)};
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

Options parse(CLI::App& app, int argc, char** argv) {
  Options options;
  app.allow_extras();
  app.add_flag("--catalogue", options.catalogue, "print all cases as JSON and exit");
  app.add_option("--cases", options.cases_file, "run the cases named in this file, in its order");
  app.add_option("--histograms", options.histograms_file, "write the distributions to this file");
  app.add_option("--progress_fd", options.progress_fd, "write a line to this descriptor per case");
  app.add_option("--window_ms", options.window_ms, "timed window of a case (default 50)")
      ->check(CLI::Range(1, 3'600'000));
  app.add_option("--warmup_ms", options.warmup_ms, "warm-up before it (default 20)")
      ->check(CLI::Range(0, 3'600'000));
  app.add_option("--grace_ms", options.grace_ms, "how late a peer may be (default 1000)")
      ->check(CLI::Range(1, 3'600'000));
  app.footer(
      "and Google Benchmark's own: --benchmark_filter=RE, --benchmark_list_tests=true,\n"
      "--benchmark_repetitions=N, --benchmark_min_time=SECONDS (sets the window),\n"
      "--benchmark_format=console|json|csv, --benchmark_out=FILE, --benchmark_out_format=FORMAT "
      "...");
  app.parse(argc, argv);
  for (const std::string& other : options.others = app.remaining())
    if (!other.starts_with("--benchmark_") && !other.starts_with("--v="))
      throw CLI::ExtrasError({other});
  take_min_time(options);
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
    list.push_back({{"name", one.id.to_string()},
                    {"measure", one.id.measure},
                    {"noun", one.id.noun},
                    {"backend", one.id.backend},
                    {"placement", name(one.id.placement)},
                    {"quick", one.quick},
                    {"setup_ms", one.setup.count()},
                    {"reason", one.reason ? Json(*one.reason) : Json()},
                    {"floor", floor.limit ? Json(floor.limit->to_string()) : Json()},
                    {"no_floor", floor.limit ? Json() : Json(floor.why_none)}});
  }
  std::cout << to_line({{"binary", binary}, {"cases", list}}) << std::endl;
}

/// Runs cases for Google Benchmark and keeps what its rows have no room for.
class Recorder {
 public:
  Recorder(std::string binary, Options options)
      : binary_(std::move(binary)), options_(std::move(options)) {}

  void run(const Case& one, benchmark::State& state) {
    const std::string name = one.id.to_string();
    const int repetition = repetitions_[name]++;
    try {
      if (one.reason) throw CaseFailed("not measurable here: " + *one.reason);
      const Outcome outcome = one.run(options_.window());
      // The measurement is over: the loop only hands its result to the library, as one iteration,
      // since the library wants all repetitions to have as many.
      while (state.KeepRunning()) state.SetIterationTime(outcome.operation_ns * 1e-9);
      for (const auto& [key, value] : outcome.counters) state.counters[key] = value;
      state.counters["operations"] = static_cast<double>(outcome.operations);
      state.SetLabel(cpus_of(one));
      if (outcome.histogram) keep(name, repetition, "", *outcome.histogram, outcome);
      for (const auto& [series, histogram] : outcome.series)
        keep(name, repetition, series, histogram, outcome);
      progress("done " + name);
    } catch (const std::exception& error) {
      state.SkipWithError(error.what());
      progress("failed " + name + ": " + error.what());
    }
  }

  void write() const {
    if (options_.histograms_file.empty()) return;
    // In one line: indented, the thousands of counts would be mostly blanks.
    write_atomically(
        options_.histograms_file,
        to_line({{"schema_version", 1}, {"binary", binary_}, {"histograms", histograms_}}) + '\n');
  }

 private:
  static std::string cpus_of(const Case& one) {
    return one.cpus.empty() ? "unpinned" : "cpus " + ipc::os::to_string(one.cpus);
  }

  void keep(const std::string& name, int repetition, const std::string& series,
            const Histogram& all, const Outcome& outcome) {
    if (options_.histograms_file.empty()) return;
    histograms_.push_back({{"case", name},
                           {"repetition", repetition},
                           {"unit", "ns"},
                           {"operations_per_sample", outcome.operations_per_sample},
                           {"significant_digits", Histogram::kSignificantDigits},
                           {"total_count", all.total()},
                           {"min", all.min()},
                           {"max", all.max()},
                           {"mean", all.mean()},
                           {"counts", all.buckets()}});
    if (!series.empty()) histograms_.back()["series"] = series;
  }

  void progress(std::string line) const {
    if (options_.progress_fd < 0) return;
    for (char& c : line)
      if (c == '\n') c = ' ';
    line += '\n';
    // Nobody listening is no reason to stop measuring.
    [[maybe_unused]] const auto ignored = ::write(options_.progress_fd, line.data(), line.size());
  }

  std::string binary_;
  Options options_;
  std::map<std::string, int> repetitions_;
  Json histograms_ = Json::array();
};

void register_cases(const std::vector<Case>& cases, bool chosen, Recorder& recorder) {
  std::size_t left_out = 0;
  for (const Case& one : cases) {
    if (one.reason && !chosen) {
      ++left_out;
      continue;
    }
    benchmark::RegisterBenchmark(one.id.to_string().c_str(), [&one,
                                                              &recorder](benchmark::State& state) {
      recorder.run(one, state);
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
  benchmark::AddCustomContext("window_ms", std::to_string(options.window_ms));
  benchmark::AddCustomContext("warmup_ms", std::to_string(options.warmup_ms));
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
    Recorder recorder(binary, options);
    register_cases(cases, chosen, recorder);
    const std::size_t matched = benchmark::RunSpecifiedBenchmarks();
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
