// What a bench binary wrote: its rows, and whether the files are whole.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
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

/// The case of a row's name, which ends with its placement: Google Benchmark appends
/// "/manual_time" and the like.
std::string case_name(const std::string& row_name);

/// Time an operation, by case: the median of its repetitions, without those that failed.
using Times = std::map<std::string, double>;
Times times_of(const Json& document);
/// The same of the quickest windows (`quiet_ns`).
Times quiet_times_of(const Json& document);

/// Puts beside each row of a case with a floor its name (`floor`), and where `limits` has a time
/// for it how many times as long the row's operation took (`floor_ratio`). True when that changed
/// something. Throws Json::exception when it is no such file.
bool set_floors(Json& document, const std::map<std::string, std::string>& floors,
                const Times& limits);

/// Puts beside each row of a case with a bare twin its name (`bare`), and where `limits` has a
/// quiet time for it what the row's took beyond it (`own`): in a window that is not quiet, the
/// scheduler may go another way on one of the two sides. True when that changed something.
bool set_own(Json& document, const std::map<std::string, std::string>& twins, const Times& limits);

/// Says in each row what the machine's clock counts. True when that changed something.
bool set_clock(Json& document, const std::string& clock);

/// The rows of single measurements, no aggregates. Throws Json::exception when it is no such file.
std::vector<Row> rows_of(const Json& document);

/// The lists that the files of a round hold.
inline constexpr const char* kRows = "benchmarks";
inline constexpr const char* kHistograms = "histograms";
inline constexpr const char* kRepetitions = "cases";

/// Takes away what a process says of cases that it got no turn for, those that are not among
/// `measured`; `list` is one of the above. Throws Json::exception when it is no such file.
void keep_measured(Json& document, const char* list, const std::set<std::string>& measured);
/// Puts what an earlier process of the same round measured before what a later one did.
void join_rounds(Json& later, const Json& earlier, const char* list);

/// What is wrong with a file that should hold a row for each of these cases; nothing when it is
/// fine.
std::optional<std::string> fault_of_round(const std::filesystem::path& file,
                                          const std::set<std::string>& cases);

/// The same for a file that has to hold a list of that name.
std::optional<std::string> fault_of_list(const std::filesystem::path& file, const char* list);

}  // namespace bench::run
