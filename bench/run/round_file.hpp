// What a bench binary wrote: its rows, and whether the files are whole.
#pragma once

#include <filesystem>
#include <map>
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

/// Time an operation, by case: the median of its repetitions, without those that failed.
using Times = std::map<std::string, double>;
Times times_of(const Json& document);

/// Puts beside each row of a case with a floor its name (`floor`), and where `limits` has a time
/// for it how many times as long the row's operation took (`floor_ratio`). True when that changed
/// something. Throws Json::exception when it is no such file.
bool set_floors(Json& document, const std::map<std::string, std::string>& floors,
                const Times& limits);

/// The rows of single measurements, no aggregates. Throws Json::exception when it is no such file.
std::vector<Row> rows_of(const Json& document);

/// What is wrong with a file that should hold a row for each of these cases; nothing when it is
/// fine.
std::optional<std::string> fault_of_round(const std::filesystem::path& file,
                                          const std::vector<std::string>& cases);

/// The same for a file of histograms.
std::optional<std::string> fault_of_histograms(const std::filesystem::path& file);

}  // namespace bench::run
