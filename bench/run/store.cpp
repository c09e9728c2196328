#include "bench/run/store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <map>
#include <set>

#include "bench/harness/build_info.hpp"
#include "bench/harness/environment.hpp"
#include "bench/harness/floor.hpp"
#include "bench/harness/machine_facts.hpp"
#include "bench/run/contamination.hpp"
#include "bench/run/round_file.hpp"
#include "bench/run/unusable.hpp"
#include "ipc/os/error.hpp"

namespace bench::run {

namespace fs = std::filesystem;

namespace {

constexpr int kSchemaVersion = 1;
constexpr const char* kRecord = "run.json";
constexpr const char* kEnvironment = "environment.json";

Json git_of_build() {
  return {{"sha", build_info().git_sha}, {"dirty", build_info().git_dirty}};
}

Json record_of(const Plan& plan, const std::string& command) {
  Json record{{"schema_version", kSchemaVersion},
              {"ipcmark_version", build_info().version},
              {"git", git_of_build()},
              {"command", command},
              {"preset", plan.settings.preset},
              {"filter", plan.settings.filter},
              {"rounds", plan.settings.rounds},
              {"repetitions", plan.settings.repetitions},
              {"window_ms", plan.settings.window_ms},
              {"warmup_ms", plan.settings.warmup_ms},
              {"anchor_us", plan.settings.anchor_us},
              {"seed", plan.settings.seed},
              {"clock", plan.settings.clock},
              {"markers", plan.settings.markers},
              {"binaries", Json::array()},
              {"cases", Json::array()},
              {"not_measurable", Json::array()},
              {"started_at", facts::utc_now()},
              {"ended_at", nullptr},
              {"status", "partial"}};
  for (const auto& part : plan.binaries) {
    record["binaries"].push_back(part.binary);
    for (const auto& one : part.cases) record["cases"].push_back(one.name);
  }
  for (const auto& one : plan.not_measurable)
    record["not_measurable"].push_back({{"case", one.name}, {"reason", one.reason}});
  return record;
}

/// Makes the directory and gives the topmost one that was not there before; empty: it was.
fs::path make_directory(const fs::path& path) {
  fs::path first;
  for (fs::path part = path; !part.empty() && !fs::exists(part); part = part.parent_path()) {
    first = part;
    if (part == part.parent_path()) break;
  }
  try {
    fs::create_directories(path);
  } catch (...) {
    std::error_code none;
    if (!first.empty()) fs::remove_all(first, none);
    throw;
  }
  return first;
}

void take_back(const fs::path& path, const fs::path& made) {
  std::error_code none;
  if (!made.empty()) {
    fs::remove_all(made, none);
  } else {
    for (const char* name : {kRecord, kEnvironment}) fs::remove(path / name, none);
  }
}

/// Reads one of the run's own files. Throws Unusable when it is not whole or of another schema.
Json read_own(const fs::path& file) {
  try {
    Json value = read_json(file);
    if (!value.is_object() || value.value("schema_version", Json()) != kSchemaVersion)
      throw Unusable(
          fmt::format("{} is not of schema version {}: continue it with the ipcmark that "
                      "began it",
                      file.string(), kSchemaVersion));
    return value;
  } catch (const Unusable&) {
    throw;
  } catch (const std::exception& error) {
    throw Unusable(
        fmt::format("no run to continue in {}: {}", file.parent_path().string(), error.what()));
  }
}

void check_same_machine(const Json& environment) {
  const Json now = known_fact(read_environment(), "identity", "key");
  const Json& then = known_fact(environment.at("start"), "identity", "key");
  if (then != now)
    throw Unusable(
        fmt::format("the run was begun on another machine ({}, here {}): start a new run",
                    to_line(then), to_line(now)));
}

std::vector<fs::path> programs_in(const fs::path& bundle) {
  std::vector<fs::path> programs;
  for (const auto binary : kBinaries) programs.push_back(bundle / binary);
  return programs;
}

}  // namespace

void check_target(const fs::path& path) {
  const fs::file_status status = fs::status(path);
  if (!fs::exists(status)) return;
  if (!fs::is_directory(status))
    throw Unusable(fmt::format("{} is not a directory: name another with --out", path.string()));
  if (!fs::is_empty(path))
    throw Unusable(
        fmt::format("{} is not empty: name another directory with --out, or continue "
                    "the run in it with --resume {}",
                    path.string(), path.string()));
  if (::access(path.c_str(), W_OK | X_OK) != 0)
    throw Unusable(fmt::format("{} cannot be written ({}): name another directory with --out",
                               path.string(), std::generic_category().message(errno)));
}

RunDirectory RunDirectory::create(const fs::path& path, const Plan& plan,
                                  const std::string& command, const fs::path& bundle,
                                  const Json& more) {
  check_target(path);
  RunDirectory directory(path, bundle);
  fs::path made;
  try {
    made = make_directory(path);
    directory.lock();
    directory.environment_ = {{"schema_version", kSchemaVersion},
                              {"start", read_environment(programs_in(bundle))},
                              {"end", nullptr},
                              {"changes", nullptr}};
    directory.record_ = record_of(plan, command);
    directory.record_.update(more);
    write_json(path / kEnvironment, directory.environment_);
    write_json(path / kRecord, directory.record_);
    return directory;
  } catch (const std::system_error& error) {
    take_back(path, made);
    throw Unusable(fmt::format("cannot make a run in {} ({}): name another directory with --out",
                               path.string(), error.what()));
  }
}

RunDirectory RunDirectory::open(const fs::path& path, const fs::path& bundle) {
  RunDirectory directory(path, bundle);
  directory.record_ = read_own(path / kRecord);
  directory.environment_ = read_own(path / kEnvironment);
  try {
    check_same_machine(directory.environment_);
  } catch (const Json::exception& error) {
    throw Unusable(fmt::format("{} lacks what a run needs: {}", path.string(), error.what()));
  }
  if (::access(path.c_str(), W_OK | X_OK) != 0)
    throw Unusable(fmt::format("{} cannot be written ({}): make it writable, or copy it elsewhere",
                               path.string(), std::generic_category().message(errno)));
  directory.lock();
  directory.remove_temporaries();
  return directory;
}

void RunDirectory::check_build(const Json& build) const {
  const auto describe = [](const Json& one) {
    return one.at("ipcmark_version").get<std::string>() + " " +
           one.at("git").at("sha").get<std::string>() +
           (one.at("git").at("dirty").get<bool>() ? " (dirty)" : "");
  };
  try {
    if (const auto then = describe(record_), now = describe(build); then != now)
      throw Unusable(
          fmt::format("the run was begun by ipcmark {}, this is {}: rounds of two builds do not "
                      "mix; start a new run",
                      then, now));
  } catch (const Json::exception& error) {
    throw Unusable(fmt::format("{} lacks what a run needs: {}", path_.string(), error.what()));
  }
}

void RunDirectory::lock() {
  const int folder = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  lock_.reset(ipc::os::check(folder, "open " + path_.string()));
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return;
  if (errno == EWOULDBLOCK)
    throw Unusable(fmt::format("another ipcmark is writing {}: wait for its end", path_.string()));
  ipc::os::throw_errno("flock " + path_.string());
}

fs::path RunDirectory::round_file(const std::string& binary, int round) const {
  return path_ / fmt::format("{}.{}.json", binary, round);
}
fs::path RunDirectory::histogram_file(const std::string& binary, int round) const {
  return path_ / fmt::format("{}.{}.hist.json", binary, round);
}
fs::path RunDirectory::repetitions_file(const std::string& binary, int round) const {
  return path_ / fmt::format("{}.{}.reps.json", binary, round);
}
fs::path RunDirectory::markers_file(const std::string& binary) const {
  return path_ / fmt::format("{}.markers.json", binary);
}
fs::path RunDirectory::cases_file(const std::string& binary, int round) const {
  return path_ / fmt::format("{}.{}.cases", binary, round);
}

std::set<std::string> RunDirectory::measured(const std::string& binary, int round) const {
  std::error_code none;
  for (const auto& file :
       {round_file(binary, round), histogram_file(binary, round), repetitions_file(binary, round)})
    if (!fs::exists(file, none)) return {};
  try {
    const Json document = read_json(round_file(binary, round));
    static_cast<void>(times_of(document));
    std::set<std::string> names;
    for (const auto& row : rows_of(document)) names.insert(row.name);
    return names;
  } catch (const std::exception&) {
    return {};  // damaged since: measured again
  }
}

Json RunDirectory::rows(const std::string& binary, int round) const {
  return read_json(round_file(binary, round));
}
Json RunDirectory::repetitions(const std::string& binary, int round) const {
  return read_json(repetitions_file(binary, round));
}

std::vector<Failure> RunDirectory::failures(const std::string& binary, int round) const {
  std::vector<Failure> failed;
  for (const auto& row : rows_of(read_json(round_file(binary, round))))
    if (row.failed) failed.push_back({row.name, round, row.message});
  return failed;
}

std::vector<std::string> RunDirectory::prepare(const BinaryPlan& part, int round) const {
  const fs::path cases = temporary_name(cases_file(part.binary, round));
  std::string names;
  for (const auto& one : part.cases) names += one.name + '\n';
  write_atomically(cases, names);
  return {"--cases=" + cases.string(),
          "--benchmark_out=" + temporary_name(round_file(part.binary, round)).string(),
          "--benchmark_out_format=json",
          "--histograms=" + temporary_name(histogram_file(part.binary, round)).string(),
          "--repetition_records=" + temporary_name(repetitions_file(part.binary, round)).string()};
}

std::optional<std::string> RunDirectory::accept(const std::string& binary, int round,
                                                const std::set<std::string>& cases) const {
  struct File {
    fs::path path;
    const char* list;
  };
  // The rows last: they say that the round is whole.
  const std::array<File, 3> files{{{histogram_file(binary, round), kHistograms},
                                   {repetitions_file(binary, round), kRepetitions},
                                   {round_file(binary, round), kRows}}};
  const bool is_more = !measured(binary, round).empty();
  if (auto wrong = fault_of_round(temporary_name(files[2].path), cases)) return wrong;
  for (const auto& [file, list] : files)
    if (auto wrong = fault_of_list(temporary_name(file), list)) return wrong;
  for (const auto& [file, list] : files) {
    Json document = read_json(temporary_name(file));
    keep_measured(document, list, cases);
    if (is_more) join_rounds(document, read_json(file), list);
    write_atomically(file, list == kRows ? document.dump(2) + '\n' : to_line(document) + '\n');
  }
  return std::nullopt;
}

void RunDirectory::hold_against_limits(const Plan& plan, int round) const {
  Times limits, quiet_limits;
  const std::string binary(kLimits);
  if (!measured(binary, round).empty()) {
    const Json document = read_json(round_file(binary, round));
    limits = times_of(document);
    quiet_limits = quiet_times_of(document);
  }
  for (const auto& part : plan.binaries) {
    std::map<std::string, std::string> floors, twins;
    for (const auto& one : part.cases) {
      if (one.floor) floors[one.name] = *one.floor;
      if (one.bare) twins[one.name] = *one.bare;
    }
    const bool is_wall = plan.settings.clock != kInstructions;
    if ((floors.empty() && twins.empty() && is_wall) || measured(part.binary, round).empty())
      continue;
    const fs::path file = round_file(part.binary, round);
    Json document = read_json(file);
    bool changed = set_floors(document, floors, limits);
    changed |= set_own(document, twins, quiet_limits);
    if (!is_wall) changed |= set_clock(document, plan.settings.clock);
    if (changed) write_json(file, document);
  }
}

void RunDirectory::remove_temporaries() const {
  std::error_code none;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(path_, none))
    if (const auto name = entry.path().filename().string();
        name.starts_with('.') && name.ends_with(".tmp"))
      found.push_back(entry.path());
  for (const auto& file : found) fs::remove(file, none);
}

void RunDirectory::finish(bool complete) {
  remove_temporaries();
  environment_["end"] = read_environment(programs_in(bundle_));
  environment_["changes"] = difference(environment_["start"], environment_["end"]);
  write_json(path_ / kEnvironment, environment_);
  record_["labels"] = contaminations(environment_);
  record_["status"] = complete ? "complete" : "partial";
  record_["ended_at"] = complete ? facts::utc_now() : Json();
  write_json(path_ / kRecord, record_);
}

Plan plan_of(const Json& record, const Catalogue& catalogue) {
  try {
    Plan plan{
        {record.at("preset"), record.at("filter"), record.at("rounds"), record.at("repetitions"),
         record.at("window_ms"), record.at("warmup_ms"), record.at("anchor_us"), record.at("seed"),
         record.value("clock", "wall"), record.value("markers", false)},
        {},
        {}};
    const auto names = record.at("cases").get<std::set<std::string>>();
    std::size_t found = 0;
    for (const auto& one : catalogue) {
      if (!names.contains(one.name)) continue;
      ++found;
      if (plan.binaries.empty() || plan.binaries.back().binary != one.binary)
        plan.binaries.push_back({one.binary, {}});
      plan.binaries.back().cases.push_back(one);
    }
    if (found == names.size() && found > 0 && plan.settings.rounds > 0) return plan;
    throw Unusable(
        fmt::format("run.json plans {} cases, this build knows {} of them: start a new "
                    "run",
                    names.size(), found));
  } catch (const Json::exception& error) {
    throw Unusable(fmt::format("run.json lacks what a run needs: {}", error.what()));
  }
}

std::uintmax_t free_bytes(const fs::path& folder) {
  return fs::space(folder).available;
}

}  // namespace bench::run
