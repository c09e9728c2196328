// `ipcmark selftest` on the command line.
#pragma once

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <vector>

#include "bench/run/selftest_record.hpp"

namespace bench::run {

/// What was typed.
struct SelfTestOptions {
  std::string bench_folder;
  std::string command;
  std::string filter;
  std::string out = std::string("runs/") + kSelfTestFile;
  std::string keep;
  bool quick = false;
  bool no_families = false;
  std::optional<std::string> preset;
  std::optional<int> pairs;
  std::optional<std::uint64_t> seed;
  std::vector<double> percents;
  int tries = 1;
  int stall_s = 60;
};

void add_selftest(CLI::App& app, SelfTestOptions& options);

/// Tests, writes the result and shows it; gives what the command leaves with: ExitCode, or 128 +
/// signal. Throws Unusable when it cannot start.
int self_test(const SelfTestOptions& options);

}  // namespace bench::run
