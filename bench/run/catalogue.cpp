#include "bench/run/catalogue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <regex.h>

#include <algorithm>
#include <set>

#include "bench/harness/command.hpp"
#include "bench/run/unusable.hpp"

namespace bench::run {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds kAnswerTime{60};

Case parse_case(const Json& entry, std::string_view binary) {
  Case one;
  one.binary = binary;
  entry.at("name").get_to(one.name);
  entry.at("measure").get_to(one.measure);
  entry.at("noun").get_to(one.noun);
  entry.at("backend").get_to(one.backend);
  entry.at("placement").get_to(one.placement);
  entry.at("quick").get_to(one.quick);
  entry.at("control").get_to(one.control);
  entry.at("cpus").get_to(one.cpus);
  entry.at("setup_ms").get_to(one.setup_ms);
  if (const Json& reason = entry.at("reason"); !reason.is_null())
    one.reason = reason.get<std::string>();
  if (const Json& floor = entry.at("floor"); !floor.is_null())
    one.floor = floor.get<std::string>();
  else
    entry.at("no_floor").get_to(one.no_floor);
  if (const Json& bare = entry.at("bare"); !bare.is_null()) one.bare = bare.get<std::string>();
  entry.at("operations").get_to(one.operations);
  entry.at("off_path").get_to(one.off_path);
  return one;
}

/// A compiled regcomp(3) expression. Throws Unusable, naming the error.
class Pattern {
 public:
  explicit Pattern(const std::string& text) {
    const int error = ::regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NOSUB);
    if (error == 0) return;
    char message[128];
    ::regerror(error, &compiled_, message, sizeof message);
    throw Unusable(fmt::format("--filter '{}' is not a regular expression: {}", text, message));
  }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  ~Pattern() { ::regfree(&compiled_); }

  [[nodiscard]] bool found_in(const std::string& text) const {
    return ::regexec(&compiled_, text.c_str(), 0, nullptr, 0) == 0;
  }

 private:
  regex_t compiled_;
};

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto at = text.rfind('\n');
  return at == std::string::npos ? text : text.substr(at + 1);
}

/// What the program prints when asked for its catalogue.
std::string ask(const fs::path& program) {
  if (!fs::exists(program))
    throw Unusable(fmt::format("no bench binary {}: build it, or name its folder with --bench-dir",
                               program.string()));
  const auto result =
      run_command({program.string(), "--catalogue"}, ipc::os::Deadline::after(kAnswerTime));
  if (!result.finished)
    throw Unusable(fmt::format("{} --catalogue gave no answer within {} s", program.string(),
                               kAnswerTime.count()));
  if (result.status != ipc::os::ExitStatus::from_code(0))
    throw Unusable(fmt::format("{} --catalogue failed: {}{}{}", program.string(),
                               result.status.to_string(), result.errors.empty() ? "" : ": ",
                               last_line(result.errors)));
  return result.output;
}

}  // namespace

Catalogue parse_catalogue(std::string_view binary, const std::string& text) {
  try {
    const Json document = Json::parse(text);
    if (document.at("binary") != binary)
      throw Unusable(fmt::format("the catalogue of {} is that of another binary", binary));
    Catalogue cases;
    for (const auto& entry : document.at("cases")) cases.push_back(parse_case(entry, binary));
    return cases;
  } catch (const Json::exception& error) {
    throw Unusable(fmt::format("the catalogue of {} cannot be read: {}", binary, error.what()));
  }
}

Catalogue read_catalogue(const fs::path& folder) {
  Catalogue all;
  std::set<std::string> names;
  for (const auto binary : kBinaries) {
    auto part = parse_catalogue(binary, ask(folder / binary));
    for (auto& one : part) {
      if (!names.insert(one.name).second)
        throw Unusable(fmt::format("the catalogue has {} twice", one.name));
      all.push_back(std::move(one));
    }
  }
  return all;
}

Json read_build(const fs::path& folder) {
  try {
    return Json::parse(ask(folder / kBinaries[0])).at("build");
  } catch (const Json::exception& error) {
    throw Unusable(fmt::format("{} does not say which build it is ({}): is it older than this?",
                               (folder / kBinaries[0]).string(), error.what()));
  }
}

Catalogue matching(const Catalogue& catalogue, const std::string& filter) {
  const Pattern pattern(filter);
  Catalogue found;
  std::copy_if(catalogue.begin(), catalogue.end(), std::back_inserter(found),
               [&](const Case& one) { return pattern.found_in(one.name); });
  return found;
}

namespace {

/// Those that the cases are of.
Backends of_cases(const Backends& backends, const Catalogue& catalogue) {
  Backends found;
  std::copy_if(backends.begin(), backends.end(), std::back_inserter(found), [&](const auto& each) {
    return std::any_of(catalogue.begin(), catalogue.end(), [&](const Case& one) {
      return one.noun == each.noun && one.backend == each.backend;
    });
  });
  return found;
}

/// A line for each that lacks something.
std::string lacks_text(const Backends& backends) {
  std::string text;
  for (const auto& each : backends)
    if (!each.lacks.empty())
      text += fmt::format("  {} {}: {}\n", each.noun, each.backend, fmt::join(each.lacks, "; "));
  return text.empty() ? text : "\nwhat backends cannot do\n" + text;
}

}  // namespace

Json to_json(const Catalogue& catalogue, const Backends& backends) {
  Json cases = Json::array();
  for (const auto& one : catalogue)
    cases.push_back({{"name", one.name},
                     {"binary", one.binary},
                     {"measure", one.measure},
                     {"noun", one.noun},
                     {"backend", one.backend},
                     {"placement", one.placement},
                     {"quick", one.quick},
                     {"control", one.control},
                     {"cpus", one.cpus},
                     {"setup_ms", one.setup_ms},
                     {"reason", one.reason ? Json(*one.reason) : Json()},
                     {"floor", one.floor ? Json(*one.floor) : Json()},
                     {"no_floor", one.floor ? Json() : Json(one.no_floor)},
                     {"bare", one.bare ? Json(*one.bare) : Json()},
                     {"operations", one.operations},
                     {"off_path", one.off_path}});
  Json facts = Json::array();
  for (const auto& each : of_cases(backends, catalogue))
    facts.push_back({{"noun", each.noun},
                     {"backend", each.backend},
                     {"reason", each.unavailable ? Json(*each.unavailable) : Json()},
                     {"lacks", each.lacks}});
  return Json{{"cases", std::move(cases)}, {"backends", std::move(facts)}};
}

std::string to_text(const Catalogue& catalogue, const Backends& backends) {
  std::string text;
  std::string group;
  std::size_t impossible = 0;
  for (const auto& one : catalogue) {
    if (const auto key = one.measure + " of " + one.noun; key != group) {
      text += (group.empty() ? "" : "\n") + key + "\n";
      group = key;
    }
    text += "  " + one.name;
    if (one.reason) text += "  [cannot run here: " + *one.reason + "]";
    text += '\n';
    impossible += one.reason ? 1 : 0;
  }
  const auto quick = std::count_if(catalogue.begin(), catalogue.end(),
                                   [](const Case& one) { return one.quick && !one.reason; });
  const auto path = std::count_if(catalogue.begin(), catalogue.end(), [](const Case& one) {
    return one.off_path.empty() && !one.reason;
  });
  return text + lacks_text(of_cases(backends, catalogue)) +
         fmt::format(
             "\n{} cases: {} can run here ({} of them in the preset quick, {} in the preset "
             "path), {} cannot\n",
             catalogue.size(), catalogue.size() - impossible, quick, path, impossible);
}

}  // namespace bench::run
