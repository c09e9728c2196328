#include "bench/run/round_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "bench/statistics/summary.hpp"

namespace bench::run {

namespace {

constexpr const char* kPlacement = "/placement:";

/// The case that an entry of any of the lists is about.
std::string name_in(const Json& entry) {
  return entry.contains("case") ? entry.at("case").get<std::string>()
                                : case_name(entry.at("name").get<std::string>());
}

bool is_measurement(const Json& entry) {
  return entry.value("run_type", "iteration") == "iteration";
}

/// Sets a member, or takes it away; whether that changed it.
bool set_member(Json& object, const char* key, const Json& value) {
  if (value.is_null()) return object.erase(key) > 0;
  if (object.contains(key) && object[key] == value) return false;
  object[key] = value;
  return true;
}

double real_time(const Json& entry) {
  return entry.at("real_time").get<double>();
}

double quiet_time(const Json& entry) {
  return entry.contains("quiet_ns") ? entry.at("quiet_ns").get<double>() : real_time(entry);
}

Times medians_of(const Json& document, double (*time_of)(const Json&)) {
  std::map<std::string, std::vector<double>> all;
  for (const auto& entry : document.at("benchmarks"))
    if (is_measurement(entry) && !entry.value("error_occurred", false))
      if (const double time = time_of(entry); time > 0)
        all[case_name(entry.at("name").get<std::string>())].push_back(time);
  Times times;
  for (auto& [name, values] : all) times[name] = statistics::median(values);
  return times;
}

Json ratio_of(const Json& entry, const Times& limits, const std::string& floor) {
  const auto limit = limits.find(floor);
  if (limit == limits.end() || entry.value("error_occurred", false)) return {};
  return real_time(entry) / limit->second;
}

}  // namespace

std::string case_name(const std::string& row_name) {
  const auto placement = row_name.find(kPlacement);
  if (placement == std::string::npos) return row_name;
  return row_name.substr(0, row_name.find('/', placement + 1));
}

std::vector<Row> rows_of(const Json& document) {
  std::vector<Row> rows;
  for (const auto& entry : document.at("benchmarks")) {
    if (!is_measurement(entry)) continue;
    rows.push_back({case_name(entry.at("name").get<std::string>()),
                    entry.value("error_occurred", false), entry.value("error_message", "")});
  }
  return rows;
}

Times times_of(const Json& document) {
  return medians_of(document, real_time);
}

Times quiet_times_of(const Json& document) {
  return medians_of(document, quiet_time);
}

bool set_floors(Json& document, const std::map<std::string, std::string>& floors,
                const Times& limits) {
  bool changed = false;
  for (auto& entry : document.at("benchmarks")) {
    if (!is_measurement(entry)) continue;
    const auto floor = floors.find(case_name(entry.at("name").get<std::string>()));
    if (floor == floors.end()) continue;
    changed |= set_member(entry, "floor", floor->second);
    changed |= set_member(entry, "floor_ratio", ratio_of(entry, limits, floor->second));
  }
  return changed;
}

bool set_own(Json& document, const std::map<std::string, std::string>& twins, const Times& limits) {
  bool changed = false;
  for (auto& entry : document.at("benchmarks")) {
    if (!is_measurement(entry)) continue;
    const auto twin = twins.find(case_name(entry.at("name").get<std::string>()));
    if (twin == twins.end()) continue;
    Json own;
    if (const auto bare = limits.find(twin->second);
        bare != limits.end() && !entry.value("error_occurred", false))
      own = quiet_time(entry) - bare->second;
    changed |= set_member(entry, "bare", twin->second);
    changed |= set_member(entry, "own", own);
  }
  return changed;
}

bool set_clock(Json& document, const std::string& clock) {
  bool changed = false;
  for (auto& entry : document.at("benchmarks")) changed |= set_member(entry, "clock", clock);
  return changed;
}

std::optional<std::string> fault_of_round(const std::filesystem::path& file,
                                          const std::set<std::string>& cases) {
  try {
    const Json document = read_json(file);
    std::set<std::string> there;
    for (const auto& row : rows_of(document)) there.insert(row.name);
    static_cast<void>(times_of(document));
    for (const auto& name : cases)
      if (!there.contains(name)) return "its results have no row for " + name;
    return std::nullopt;
  } catch (const std::exception& error) {
    return std::string("its results cannot be read: ") + error.what();
  }
}

std::optional<std::string> fault_of_list(const std::filesystem::path& file, const char* list) {
  try {
    if (read_json(file).at(list).is_array()) return std::nullopt;
    return fmt::format("its {} are not a list", list);
  } catch (const std::exception& error) {
    return fmt::format("its {} cannot be read: {}", list, error.what());
  }
}

void keep_measured(Json& document, const char* list, const std::set<std::string>& measured) {
  auto& entries = document.at(list).get_ref<Json::array_t&>();
  std::erase_if(entries, [&](const Json& entry) { return !measured.contains(name_in(entry)); });
}

void join_rounds(Json& later, const Json& earlier, const char* list) {
  Json all = earlier.at(list);
  for (auto& entry : later.at(list)) all.push_back(std::move(entry));
  later[list] = std::move(all);
}

}  // namespace bench::run
