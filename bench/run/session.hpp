// What one `ipcmark run` measures: a run, or two that take turns, each in its directory.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench/run/campaign.hpp"
#include "bench/run/plan.hpp"
#include "bench/run/store.hpp"

namespace bench::run {

/// A run and how it is carried out.
struct Member {
  Plan plan;
  RunDirectory directory;
  std::filesystem::path bundle;
  std::vector<std::string> arguments;  ///< for every binary, beside the plan's
};

/// The runs of a command. All of these throw Unusable, with nothing left behind that was not there.
class Session {
 public:
  /// A new run of the binaries in `bundle`.
  static Session begin(const std::filesystem::path& bundle, const Settings& settings,
                       const std::filesystem::path& out, const std::string& command);
  /// Two new runs of the cases that both bundles can measure, in the directories kBase and kVersus
  /// of `out`.
  static Session begin_versus(const std::filesystem::path& bundle,
                              const std::filesystem::path& other, const Settings& settings,
                              const std::filesystem::path& out, const std::string& command);
  /// Either of them, to go on with it.
  static Session resume(const std::filesystem::path& bundle, const std::filesystem::path& out);

  static constexpr const char* kBase = "base";
  static constexpr const char* kVersus = "versus";

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const std::vector<Member>& members() const { return members_; }
  [[nodiscard]] std::vector<Member>& members() { return members_; }
  /// As carry_out() wants them; they refer to this object.
  [[nodiscard]] std::vector<Side> sides();
  /// What a person should know of the plan, a line each.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::filesystem::path path_;
  std::vector<Member> members_;
  std::vector<std::string> notes_;
};

}  // namespace bench::run
