#include "bench/run/selftest_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/harness/build_info.hpp"
#include "bench/harness/environment.hpp"
#include "bench/harness/machine_facts.hpp"
#include "bench/run/unusable.hpp"
#include "bench/statistics/rate.hpp"

namespace bench::run {

namespace stats = bench::statistics;

namespace {

constexpr int kSchemaVersion = 1;

std::string text_of(const Json& environment, const char* group, const char* key) {
  const Json& fact = known_fact(environment, group, key);
  return fact.is_string() ? fact.get<std::string>() : "";
}

Json or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

std::optional<double> optional_of(const Json& value) {
  if (value.is_null()) return std::nullopt;
  return value.get<double>();
}

Json to_json(const stats::FalseAlarms& one) {
  return {{"window", one.window},           {"windows", one.windows}, {"alarms", one.alarms},
          {"independent", one.independent}, {"rate", one.rate},       {"low", one.interval.low},
          {"high", one.interval.high}};
}

Json to_json(const std::optional<stats::NoiseStudy>& one) {
  if (!one) return {};
  return {{"pair_sd", one->pair_sd},
          {"threshold_percent", stats::percent_of(one->threshold())},
          {"effect_q95_percent", stats::percent_of(one->effect_q95)},
          {"detectable_80_percent", or_null(one->detectable_80_percent)},
          {"detectable_95_percent", or_null(one->detectable_95_percent)},
          {"false_alarms", to_json(one->false_alarms)}};
}

Json to_json(const FamilyRecord& one) {
  Json estimators = Json::object();
  for (const auto estimator : stats::kEstimators)
    estimators[std::string(name(estimator))] = to_json(one.study.of(estimator));
  return {{"family", one.family},
          {"case", one.case_name},
          {"pairs", one.study.pairs},
          {"anchor_slope", one.study.anchor_slope},
          {"anchor_floor_ns", one.study.anchor_floor_ns},
          {"chosen", name(one.study.chosen)},
          {"estimators", std::move(estimators)}};
}

Json to_json(const ControlRecord& one) {
  const auto& interval = one.control.interval;
  return {{"family", one.family},
          {"case", one.case_name},
          {"estimator", name(one.estimator)},
          {"claimed_percent", stats::percent_of(one.control.claimed)},
          {"pairs", one.control.pairs},
          {"p", one.control.p},
          {"effect_percent", stats::percent_of(one.control.effect)},
          {"low_percent", interval ? Json(stats::percent_of(interval->low)) : Json()},
          {"high_percent", interval ? Json(stats::percent_of(interval->high)) : Json()},
          {"found", one.control.found},
          {"holds_claim", one.control.holds_claim}};
}

Json to_json(const SelfTestSettings& one) {
  return {{"preset", one.preset},           {"pairs", one.pairs},
          {"repetitions", one.repetitions}, {"window_ms", one.window_ms},
          {"warmup_ms", one.warmup_ms},     {"comparison_pairs", one.study.window},
          {"alpha", one.study.alpha},       {"draws", one.study.draws},
          {"seed", one.study.seed}};
}

/// Throws what Json's own readers throw, or std::runtime_error, so that one catch names the file.
void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

/// Above zero, which also keeps out what was written for a number that is none.
double positive(const Json& object, const char* key) {
  const auto value = object.at(key).get<double>();
  require(std::isfinite(value) && value > 0, fmt::format("{} is not above zero", key));
  return value;
}

double share(const Json& object, const char* key) {
  const auto value = object.at(key).get<double>();
  require(value >= 0 && value <= 1, fmt::format("{} is not between 0 and 1", key));
  return value;
}

double log_of(const Json& object, const char* key) {
  const auto percent = object.at(key).get<double>();
  require(percent > -100, fmt::format("{} is not above -100", key));
  return stats::log_of_percent(percent);
}

stats::Estimator estimator_of(const Json& object, const char* key) {
  const auto text = object.at(key).get<std::string>();
  const auto estimator = stats::estimator_of(text);
  require(estimator.has_value(), fmt::format("{} is the unknown \"{}\"", key, text));
  return *estimator;
}

stats::FalseAlarms false_alarms_of(const Json& json) {
  return {.window = json.at("window"),
          .windows = json.at("windows"),
          .alarms = json.at("alarms"),
          .independent = json.at("independent"),
          .rate = share(json, "rate"),
          .interval = {share(json, "low"), share(json, "high")}};
}

std::optional<stats::NoiseStudy> noise_of(const Json& json) {
  if (json.is_null()) return std::nullopt;
  const auto deviation = json.at("pair_sd").get<double>();
  require(deviation >= 0, "pair_sd is negative");
  return stats::NoiseStudy{.pair_sd = deviation,
                           .false_alarms = false_alarms_of(json.at("false_alarms")),
                           .effect_q95 = log_of(json, "effect_q95_percent"),
                           .detectable_80_percent = optional_of(json.at("detectable_80_percent")),
                           .detectable_95_percent = optional_of(json.at("detectable_95_percent"))};
}

FamilyRecord family_of(const Json& json) {
  FamilyRecord one{json.at("family"), json.at("case"), {}};
  one.study.pairs = json.at("pairs");
  one.study.anchor_slope = json.at("anchor_slope");
  one.study.anchor_floor_ns = positive(json, "anchor_floor_ns");
  one.study.chosen = estimator_of(json, "chosen");
  for (const auto estimator : stats::kEstimators)
    one.study.noise[index(estimator)] =
        noise_of(json.at("estimators").at(std::string(name(estimator))));
  require(one.study.of(one.study.chosen).has_value(), "the chosen estimator was not studied");
  return one;
}

ControlRecord control_of(const Json& json) {
  ControlRecord one{json.at("family"), json.at("case"), estimator_of(json, "estimator"), {}};
  one.control = {.claimed = log_of(json, "claimed_percent"),
                 .pairs = json.at("pairs"),
                 .p = share(json, "p"),
                 .effect = log_of(json, "effect_percent"),
                 .interval = std::nullopt,
                 .found = json.at("found"),
                 .holds_claim = json.at("holds_claim")};
  if (!json.at("low_percent").is_null())
    one.control.interval = {log_of(json, "low_percent"), log_of(json, "high_percent")};
  return one;
}

SelfTestSettings settings_of(const Json& json) {
  SelfTestSettings settings{json.at("preset"),    json.at("pairs"),     json.at("repetitions"),
                            json.at("window_ms"), json.at("warmup_ms"), {}};
  settings.study = {.window = json.at("comparison_pairs"),
                    .alpha = share(json, "alpha"),
                    .draws = json.at("draws"),
                    .seed = json.at("seed")};
  return settings;
}

SelfTestRecord record_of(const Json& json) {
  require(json.at("schema_version") == kSchemaVersion,
          fmt::format("its schema_version is not {}", kSchemaVersion));
  const Json& machine = json.at("machine");
  SelfTestRecord record;
  record.date = json.at("date");
  record.ipcmark_version = json.at("ipcmark_version");
  record.git_sha = json.at("git").at("sha");
  record.git_dirty = json.at("git").at("dirty");
  record.machine = {machine.at("cpu_model"), machine.at("cpus"), machine.at("vendor"),
                    machine.at("product"), machine.at("board")};
  record.kernel_release = json.at("kernel_release");
  record.settings = settings_of(json.at("settings"));
  for (const Json& one : json.at("families")) record.families.push_back(family_of(one));
  for (const Json& one : json.at("controls")) record.controls.push_back(control_of(one));
  return record;
}

}  // namespace

MachineIdentity machine_identity(const Json& environment) {
  const Json& cpus = known_fact(environment, "machine", "cpus");
  return {.cpu_model = text_of(environment, "machine", "cpu_model"),
          .cpus = cpus.is_number() ? cpus.get<int>() : 0,
          .vendor = text_of(environment, "machine", "vendor"),
          .product = text_of(environment, "machine", "product"),
          .board = text_of(environment, "machine", "board")};
}

const FamilyRecord* SelfTestRecord::find(const std::string& family) const {
  const auto at = std::ranges::find(families, family, &FamilyRecord::family);
  return at == families.end() ? nullptr : &*at;
}

stats::FalseAlarms SelfTestRecord::false_alarms() const {
  std::vector<stats::FalseAlarms> chosen;
  for (const auto& one : families) chosen.push_back(one.study.of(one.study.chosen)->false_alarms);
  return stats::pooled(chosen);
}

SelfTestRecord new_record(const SelfTestSettings& settings, const Json& environment) {
  SelfTestRecord record;
  record.date = facts::utc_now();
  record.ipcmark_version = build_info().version;
  record.git_sha = build_info().git_sha;
  record.git_dirty = build_info().git_dirty;
  record.machine = machine_identity(environment);
  record.kernel_release = text_of(environment, "kernel", "release");
  record.settings = settings;
  return record;
}

ControlVerdict verdict(const SelfTestRecord& record, const ControlRecord& one) {
  if (one.control.found)
    return one.control.holds_claim ? ControlVerdict::found : ControlVerdict::wrong_size;
  const FamilyRecord* family = record.find(one.family);
  if (!family || !family->study.of(one.estimator)) return ControlVerdict::missed;
  const auto detectable = family->study.of(one.estimator)->detectable_95_percent;
  const bool was_promised = detectable && *detectable <= stats::percent_of(one.control.claimed);
  return was_promised ? ControlVerdict::missed : ControlVerdict::too_small;
}

bool is_sound(const SelfTestRecord& record) {
  std::size_t missed = 0, wrong_sizes = 0;
  for (const auto& one : record.controls) {
    missed += verdict(record, one) == ControlVerdict::missed;
    wrong_sizes += verdict(record, one) == ControlVerdict::wrong_size;
  }
  // One interval in twenty may not hold its claim.
  const auto wrong = stats::rate_interval(static_cast<double>(wrong_sizes),
                                          static_cast<double>(record.controls.size()));
  return missed == 0 && wrong.low <= 0.05 &&
         record.false_alarms().interval.low <= record.settings.study.alpha;
}

Json to_json(const SelfTestRecord& record) {
  Json families = Json::array(), controls = Json::array();
  for (const auto& one : record.families) families.push_back(to_json(one));
  for (const auto& one : record.controls) controls.push_back(to_json(one));
  const auto& machine = record.machine;
  return {{"schema_version", kSchemaVersion},
          {"date", record.date},
          {"ipcmark_version", record.ipcmark_version},
          {"git", {{"sha", record.git_sha}, {"dirty", record.git_dirty}}},
          {"machine",
           {{"cpu_model", machine.cpu_model},
            {"cpus", machine.cpus},
            {"vendor", machine.vendor},
            {"product", machine.product},
            {"board", machine.board}}},
          {"kernel_release", record.kernel_release},
          {"settings", to_json(record.settings)},
          {"false_alarms", to_json(record.false_alarms())},
          {"families", std::move(families)},
          {"controls", std::move(controls)}};
}

SelfTestRecord read_self_test(const std::filesystem::path& file) {
  try {
    return record_of(read_json(file));
  } catch (const std::exception& error) {
    throw Unusable(
        fmt::format("{} is no self-test that this build can read ({}): make a new one with "
                    "ipcmark selftest",
                    file.string(), error.what()));
  }
}

}  // namespace bench::run
