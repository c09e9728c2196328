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

/// What stays the same for as long as it is the same machine; empty where it hides that.
struct MachineIdentity {
  std::string cpu_model;
  int cpus = 0;
  std::string vendor;
  std::string product;
  std::string board;

  bool operator==(const MachineIdentity&) const = default;
};

/// From the groups of read_environment().
MachineIdentity machine_identity(const Json& environment);

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
};

struct SelfTestRecord {
  std::string date;  ///< UTC
  std::string ipcmark_version;
  std::string git_sha;
  bool git_dirty = false;
  MachineIdentity machine;
  std::string kernel_release;
  SelfTestSettings settings;
  std::vector<FamilyRecord> families;
  std::vector<ControlRecord> controls;

  /// Null when the family was not tested.
  [[nodiscard]] const FamilyRecord* find(const std::string& family) const;
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

/// Nothing was missed, no more sizes are wrong than chance makes so, and the rate of false alarms
/// may be what it should.
bool is_sound(const SelfTestRecord& record);

Json to_json(const SelfTestRecord& record);

/// Throws Unusable, which names the file, what is wrong with it and the remedy.
SelfTestRecord read_self_test(const std::filesystem::path& file);

/// A line a family, the false alarms of all, and a line a control.
std::string to_text(const SelfTestRecord& record);

}  // namespace bench::run
