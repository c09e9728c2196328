// What a self-test found: as JSON beside the runs, read back for comparisons, and as a table.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/harness/json_file.hpp"
#include "bench/statistics/noise.hpp"

namespace bench::run {

inline constexpr const char* kSelfTestFile = "selftest.json";

struct SelfTestSettings {
  std::string preset;
  int pairs = 0;  ///< of processes, a case
  int repetitions = 0;
  int window_ms = 0;
  int warmup_ms = 0;
  statistics::StudySettings study;
};

/// A family is a measure, a noun and a placement (latency/pipe/same_core); one case stands for it.
struct FamilyRecord {
  std::string family;
  std::string case_name;
  statistics::FamilyStudy study;
};

/// A change that was made on purpose.
struct ControlRecord {
  std::string family;
  std::string case_name;
  statistics::Estimator estimator{};
  statistics::Control control;
  int attempt = 1;              ///< which try, each of other pairs
  double injected_percent = 0;  ///< of the typical operation; control.claimed is the same delay as
                                ///< a share of what the estimator looks at
};

struct SelfTestRecord {
  std::string date;  ///< UTC
  std::string ipcmark_version;
  std::string git_sha;
  bool git_dirty = false;
  Json machine;  ///< the group `identity` of read_environment()
  std::string kernel_release;
  SelfTestSettings settings;
  std::vector<FamilyRecord> families;
  std::vector<ControlRecord> controls;

  /// Null when the family was not tested.
  [[nodiscard]] const FamilyRecord* find(const std::string& family) const;
  /// Whether it was made on the machine that the environment is of.
  [[nodiscard]] bool is_of_machine(const Json& environment) const;
  /// Of the chosen estimators of all families.
  [[nodiscard]] statistics::FalseAlarms false_alarms() const;
};

/// A record of now, this machine and this build, without results.
SelfTestRecord new_record(const SelfTestSettings& settings, const Json& environment);

enum class ControlVerdict {
  found,
  wrong_size,  ///< found, but the interval of its effect does not hold the claim
  too_small,   ///< not found; less than what the family's A/A pairs promise to show
  missed,
};
ControlVerdict verdict(const SelfTestRecord& record, const ControlRecord& control);

/// The same change of the same case, try after try.
struct ControlTries {
  const ControlRecord* first = nullptr;
  std::size_t tries = 0;
  std::size_t found = 0;
  std::size_t held = 0;    ///< whose interval holds the claim, found or not
  std::size_t missed = 0;  ///< by verdict()
};
std::vector<ControlTries> tries_of(const SelfTestRecord& record);

/// No control was missed (of many tries not more than one in ten), no more sizes are wrong than
/// chance makes so, and the rate of false alarms may be what it should.
bool is_sound(const SelfTestRecord& record);

Json to_json(const SelfTestRecord& record);

/// Throws Unusable, which names the file, what is wrong with it and the remedy.
SelfTestRecord read_self_test(const std::filesystem::path& file);

/// A line a family, the false alarms of all, and a line a control.
std::string to_text(const SelfTestRecord& record);

}  // namespace bench::run
