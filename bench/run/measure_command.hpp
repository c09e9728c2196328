// `ipcmark run`: its arguments, what it measures, and what it prints.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace bench::run {

struct RunOptions {
  std::string bench_folder;
  std::string filter;
  std::string preset = "default";
  std::optional<std::string> out;
  std::optional<std::string> resume;
  std::optional<std::string> versus;
  std::optional<std::string> selftest;
  std::optional<int> rounds;
  std::optional<int> repetitions;
  std::optional<int> window_ms;
  std::optional<int> warmup_ms;
  std::optional<int> anchor_us;
  std::optional<std::uint64_t> seed;
  std::string clock = "wall";
  bool markers = false;
  int stall_s = 60;
  std::string command;  ///< as typed
};

void add_run(CLI::App& app, RunOptions& options);

/// Carries it out and gives the exit code. Throws Unusable when it cannot begin.
int measure(const RunOptions& options);

/// The option that names the folder of the bench binaries.
void add_bench_folder(CLI::App& command, std::string& folder);

/// Where this program lies; its path may be a link to there.
std::filesystem::path own_folder();

/// The text as one word of a shell command: in quotes unless it is plain.
std::string shell_word(const std::string& text);

}  // namespace bench::run
