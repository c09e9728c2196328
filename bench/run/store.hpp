// A run on disk: what was asked, what was measured so far, and nothing half-written.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bench/harness/json_file.hpp"
#include "bench/run/plan.hpp"
#include "ipc/os/unique_fd.hpp"

namespace bench::run {

/// A case that failed in a round, as its row says.
struct Failure {
  std::string name;
  int round = 0;
  std::string message;
};

/// The directory of one run (reports/FORMAT.md). One process at a time holds it (flock(2)). Writing
/// throws std::system_error naming the call and the file.
class RunDirectory {
 public:
  /// Makes the directory, its parents included, with run.json and environment.json in it. Throws
  /// Unusable, with nothing left behind, when it exists and is not empty or cannot be written.
  /// The binaries in `bundle` are hashed into environment.json. `more` are members of run.json
  /// besides the plan's; by default the build is this one's.
  static RunDirectory create(const std::filesystem::path& path, const Plan& plan,
                             const std::string& command, const std::filesystem::path& bundle,
                             const Json& more = Json::object());
  /// Opens a run to go on with it. Throws Unusable, with nothing changed, when it is none, is of
  /// another machine, or is being written by another process.
  static RunDirectory open(const std::filesystem::path& path, const std::filesystem::path& bundle);
  /// Throws Unusable when the run was begun by another build than this one (read_build()).
  void check_build(const Json& build) const;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// run.json
  [[nodiscard]] const Json& record() const { return record_; }
  /// environment.json
  [[nodiscard]] const Json& environment() const { return environment_; }

  /// The names of the cases that this round of the binary holds, failed ones included; none when a
  /// file of it is missing or damaged.
  [[nodiscard]] std::set<std::string> measured(const std::string& binary, int round) const;
  /// What such a round holds: its rows, and its records of repetitions.
  [[nodiscard]] Json rows(const std::string& binary, int round) const;
  [[nodiscard]] Json repetitions(const std::string& binary, int round) const;
  /// The failed cases of it.
  [[nodiscard]] std::vector<Failure> failures(const std::string& binary, int round) const;

  /// Writes the list of cases for the binary, and gives the arguments that make it measure them
  /// into temporary files.
  std::vector<std::string> prepare(const BinaryPlan& part, int round) const;
  /// Where the binary writes which number the markers of a case carry.
  [[nodiscard]] std::filesystem::path markers_file(const std::string& binary) const;
  /// Gives these files their final names once they are seen to be whole: each of these cases has
  /// its row. What the round held before is kept in front of them. Nothing when that went well,
  /// else what is wrong with them.
  std::optional<std::string> accept(const std::string& binary, int round,
                                    const std::set<std::string>& cases) const;
  /// Writes into a round of every binary what its cases were held against in that round (see
  /// set_floors() and set_own()), and what the clock counts where that is not time; a file in which
  /// nothing changes stays as it is.
  void hold_against_limits(const Plan& plan, int round) const;
  /// Writes into the rows of all rounds which of the distances that the run's probes saw a process
  /// had (see statistics::gap_modes; -1: it changed meanwhile), and gives these in ns.
  std::vector<double> mark_topology_modes(const Plan& plan) const;
  /// Removes every temporary file.
  void remove_temporaries() const;

  /// Puts a member into run.json, which finish() writes.
  void note(const char* key, Json value) { record_[key] = std::move(value); }
  /// Says in run.json and environment.json how the run ended, with what disturbed it ("labels").
  void finish(bool complete);

 private:
  RunDirectory(std::filesystem::path path, std::filesystem::path bundle)
      : path_(std::move(path)), bundle_(std::move(bundle)) {}
  /// Throws Unusable when another process holds the directory.
  void lock();
  [[nodiscard]] std::filesystem::path round_file(const std::string& binary, int round) const;
  [[nodiscard]] std::filesystem::path histogram_file(const std::string& binary, int round) const;
  [[nodiscard]] std::filesystem::path repetitions_file(const std::string& binary, int round) const;
  [[nodiscard]] std::filesystem::path cases_file(const std::string& binary, int round) const;

  std::filesystem::path path_;
  std::filesystem::path bundle_;
  Json record_;
  Json environment_;
  ipc::os::UniqueFd lock_;
};

/// Throws Unusable unless a new run can be put there.
void check_target(const std::filesystem::path& path);

/// The plan of a run that was opened, its cases looked up in the catalogue. Throws Unusable when
/// one of them is not there any more.
Plan plan_of(const Json& record, const Catalogue& catalogue);

/// Free bytes in the file system of a folder.
std::uintmax_t free_bytes(const std::filesystem::path& folder);

}  // namespace bench::run
