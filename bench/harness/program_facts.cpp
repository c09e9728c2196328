// Facts of the programs that measure.
#include <elf.h>
#include <link.h>

#include <system_error>

#include "bench/harness/command.hpp"
#include "bench/harness/fact.hpp"
#include "bench/harness/machine_facts.hpp"

namespace bench::facts {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kHexDigits = 64;

/// "HEX  FILE", with a backslash before it where the file's name has one (sha256sum(1)).
Json hash_in(std::string line) {
  if (line.starts_with('\\')) line.erase(0, 1);
  line.resize(std::min(line.size(), kHexDigits));
  const bool good =
      line.size() == kHexDigits && line.find_first_not_of("0123456789abcdef") == std::string::npos;
  return good ? Json(line) : unknown("odd: sha256sum printed no hash");
}

}  // namespace

// The kernel's own hashing (AF_ALG) is missing from many kernels and forbidden in many containers,
// and a library for it would be one more thing to have on the target: coreutils and busybox both
// have this program.
Json hashes(const std::vector<fs::path>& programs) {
  Json found = Json::object();
  std::vector<std::string> command{"sha256sum", "--"}, names;
  for (const auto& program : programs) {
    std::error_code error;
    const std::string name = program.filename().string();
    if (!fs::is_regular_file(program, error)) {
      found[name] = unknown("not here: no program " + program.string());
      continue;
    }
    found[name] = nullptr;
    names.push_back(name);
    command.push_back(fs::absolute(program).string());
  }
  if (names.empty()) return found;
  const auto result = run_command(command, ipc::os::Deadline::after(std::chrono::seconds(10)));
  const auto lines = split(result.output, '\n');
  const std::string why = !result.finished ? "took more than 10 s" : trimmed(result.errors);
  for (std::size_t i = 0; i < names.size(); ++i)
    found[names[i]] =
        lines.size() == names.size() ? hash_in(lines[i]) : unknown("unreadable: sha256sum: " + why);
  return found;
}

Json linked_libraries() {
  bool interpreted = false;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* result) {
        for (int i = 0; i < info->dlpi_phnum; ++i)
          if (info->dlpi_phdr[i].p_type == PT_INTERP) *static_cast<bool*>(result) = true;
        return 1;  // the first is the program itself
      },
      &interpreted);
  return interpreted ? "dynamic" : "static";
}

}  // namespace bench::facts
