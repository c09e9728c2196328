// The matrix of cases, as the bench binaries tell it.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/harness/json_file.hpp"
#include "ipc/capabilities.hpp"

namespace bench::run {

/// The programs that hold the cases, in the order in which a round runs them.
inline constexpr std::array<std::string_view, 5> kBinaries{"limits", "fork_cost", "latency",
                                                           "throughput", "contention"};

/// One case of the matrix.
struct Case {
  std::string name;
  std::string binary;
  std::string measure;
  std::string noun;
  std::string backend;
  std::string placement;
  bool quick = false;                 ///< the quick preset holds it
  bool control = false;               ///< a negative control: every run holds it
  int cpus = 0;                       ///< that its peers are bound to; 0: unpinned
  double setup_ms = 0;                ///< expected time outside its windows
  std::optional<std::string> reason;  ///< why it cannot run here; nothing when it can
  std::optional<std::string> floor;   ///< the case of `limits` that it is held against
  std::string no_floor;               ///< why there is none; empty when there is
  std::optional<std::string> bare;    ///< the case of `limits` that is its bare twin
  std::int64_t operations = 0;        ///< of a repetition with fixed counts; 0: has no such form
  std::string off_path;               ///< why the preset path lacks it; empty: it holds it
};

using Catalogue = std::vector<Case>;

/// What one binary prints when asked. Throws Unusable when that is not a catalogue of `binary`.
Catalogue parse_catalogue(std::string_view binary, const std::string& text);

/// Asks every binary in the folder. Throws Unusable naming the one that is missing, fails, takes
/// longer than a minute or prints something else.
Catalogue read_catalogue(const std::filesystem::path& folder);

/// Which build the binaries in the folder are: "ipcmark_version" and "git" as in run.json. Throws
/// Unusable as read_catalogue().
Json read_build(const std::filesystem::path& folder);

/// The cases whose name the regular expression (ECMAScript, found anywhere in the name) matches;
/// all for an empty one. Throws Unusable when it is not a regular expression.
Catalogue matching(const Catalogue& catalogue, const std::string& filter);

using Backends = std::vector<ipc::Capabilities>;

/// All of it as one JSON object: "cases" in the shape in which the binaries tell them, and the
/// "backends" that they are of, each with what it "lacks" and the "reason" why it cannot be used.
Json to_json(const Catalogue& catalogue, const Backends& backends);

/// All of it for a person: grouped by measure and noun, why a case cannot run, what the backends of
/// these cases lack, a closing count.
std::string to_text(const Catalogue& catalogue, const Backends& backends);

}  // namespace bench::run
