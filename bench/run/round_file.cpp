#include "bench/run/round_file.hpp"

#include <set>

namespace bench::run {

namespace {

constexpr const char* kPlacement = "/placement:";

/// A case name ends with its placement; Google Benchmark appends "/manual_time" and the like.
std::string case_name(const std::string& name) {
  const auto placement = name.find(kPlacement);
  if (placement == std::string::npos) return name;
  return name.substr(0, name.find('/', placement + 1));
}

}  // namespace

std::vector<Row> rows_of(const Json& document) {
  std::vector<Row> rows;
  for (const auto& entry : document.at("benchmarks")) {
    if (entry.value("run_type", "iteration") != "iteration") continue;
    rows.push_back({case_name(entry.at("name").get<std::string>()),
                    entry.value("error_occurred", false), entry.value("error_message", "")});
  }
  return rows;
}

std::optional<std::string> fault_of_round(const std::filesystem::path& file,
                                          const std::vector<std::string>& cases) {
  try {
    std::set<std::string> there;
    for (const auto& row : rows_of(read_json(file))) there.insert(row.name);
    for (const auto& name : cases)
      if (!there.contains(name)) return "its results have no row for " + name;
    return std::nullopt;
  } catch (const std::exception& error) {
    return std::string("its results cannot be read: ") + error.what();
  }
}

std::optional<std::string> fault_of_histograms(const std::filesystem::path& file) {
  try {
    if (read_json(file).at("histograms").is_array()) return std::nullopt;
    return "its histograms are not a list";
  } catch (const std::exception& error) {
    return std::string("its histograms cannot be read: ") + error.what();
  }
}

}  // namespace bench::run
