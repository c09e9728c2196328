#include "bench/run/frozen_estimators.hpp"

#include <fmt/format.h>

#include "bench/run/processes.hpp"
#include "bench/run/selftest_record.hpp"
#include "bench/run/unusable.hpp"

namespace bench::run {

namespace fs = std::filesystem;
namespace stats = bench::statistics;

namespace {

/// The one that holds where others use the CPUs too.
constexpr auto kUsualEstimator = stats::Estimator::quiet;

Json estimator_of(const FamilyRecord* family) {
  const auto chosen = family ? family->study.chosen : kUsualEstimator;
  const double threshold =
      family ? family->study.of(chosen)->threshold() : stats::NoiseStudy().threshold();
  return {{"estimator", stats::name(chosen)},
          {"threshold_percent", stats::percent_of(threshold)},
          {"anchor_slope", family ? family->study.anchor_slope : 0}};
}

fs::path beside(const fs::path& run) {
  return fs::absolute(run / "").lexically_normal().parent_path().parent_path() / kSelfTestFile;
}

/// The self-test to go by, if any; what is wrong with one that is not goes into the notes.
std::optional<SelfTestRecord> self_test_for(const fs::path& file, bool is_named,
                                            const Json& environment,
                                            std::vector<std::string>& notes) {
  if (!is_named && !fs::exists(file)) return std::nullopt;
  try {
    auto record = read_self_test(file);
    if (record.is_of_machine(environment)) return record;
    notes.push_back(
        fmt::format("{} is of another machine and is not used: make one here with ipcmark selftest",
                    file.string()));
  } catch (const Unusable& error) {
    if (is_named) throw;
    notes.push_back(error.what());
  }
  return std::nullopt;
}

}  // namespace

FrozenEstimators frozen_estimators(const Plan& plan, const fs::path& run,
                                   const std::optional<fs::path>& named, const Json& environment) {
  FrozenEstimators frozen;
  const fs::path file = named.value_or(beside(run));
  const auto record = self_test_for(file, named.has_value(), environment, frozen.notes);
  Json& families = frozen.members["estimators"] = Json::object();
  for (const auto& part : plan.binaries)
    for (const Case& one : part.cases)
      if (const auto family = family_of(one); !families.contains(family))
        families[family] = estimator_of(record ? record->find(family) : nullptr);
  frozen.members["selftest"] =
      record
          ? Json{{"file", fs::absolute(file).lexically_normal().string()}, {"date", record->date}}
          : Json();
  return frozen;
}

}  // namespace bench::run
