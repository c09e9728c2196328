// What a bench binary wrote: its rows, and whether the files are whole.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/harness/json_file.hpp"

namespace bench::run {

/// One measured case in a file of Google Benchmark.
struct Row {
  std::string name;  ///< without what Google Benchmark puts after it
  bool failed = false;
  std::string message;
};

/// The rows of single measurements, no aggregates. Throws Json::exception when it is no such file.
std::vector<Row> rows_of(const Json& document);

/// What is wrong with a file that should hold a row for each of these cases; nothing when it is
/// fine.
std::optional<std::string> fault_of_round(const std::filesystem::path& file,
                                          const std::vector<std::string>& cases);

/// The same for a file of histograms.
std::optional<std::string> fault_of_histograms(const std::filesystem::path& file);

}  // namespace bench::run
