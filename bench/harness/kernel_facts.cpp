// Facts of the kernel's configuration and of the cgroup: what files hold in a format of their own.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "bench/harness/command.hpp"
#include "bench/harness/fact.hpp"
#include "bench/harness/machine_facts.hpp"
#include "ipc/os/limits.hpp"

namespace bench::facts {

namespace {

/// Options that change what IPC costs: by name, or by the beginning of their name.
constexpr std::string_view kOptions[] = {
    "CONFIG_HZ=",         "CONFIG_HZ_PERIODIC",    "CONFIG_NO_HZ",
    "CONFIG_PREEMPT",     "CONFIG_SCHED_",         "CONFIG_MITIGATION",
    "CONFIG_RETPOLINE",   "CONFIG_PAGE_TABLE_",    "CONFIG_CPU_MITIGATIONS",
    "CONFIG_DEBUG_LOCK",  "CONFIG_PROVE_LOCKING",  "CONFIG_LOCKDEP",
    "CONFIG_LOCK_STAT",   "CONFIG_KASAN=",         "CONFIG_KCSAN=",
    "CONFIG_KMSAN=",      "CONFIG_UBSAN=",         "CONFIG_KFENCE=",
    "CONFIG_KMEMLEAK",    "CONFIG_DEBUG_KMEMLEAK", "CONFIG_DEBUG_PAGEALLOC",
    "CONFIG_DEBUG_SPIN",  "CONFIG_DEBUG_MUTEXES",  "CONFIG_DEBUG_ATOMIC_SLEEP",
    "CONFIG_DEBUG_VM=",   "CONFIG_SLUB_DEBUG_ON",  "CONFIG_DEBUG_OBJECTS",
    "CONFIG_FUNCTION_AL", "CONFIG_POSIX_MQUEUE=",  "CONFIG_SYSVIPC=",
    "CONFIG_HALTPOLL",    "CONFIG_GCC_VERSION",    "CONFIG_CLANG_VERSION",
};

std::string config_text() {
  const std::string release = kernel_release().get<std::string>();
  for (const auto& path : {"/boot/config-" + release, "/lib/modules/" + release + "/config"})
    if (auto text = read_all(path)) return *text;
  if (!std::filesystem::exists("/proc/config.gz"))
    throw std::runtime_error("neither /boot/config-" + release + " nor /proc/config.gz");
  const auto result = run_command({"gzip", "-dc", "/proc/config.gz"},
                                  ipc::os::Deadline::after(std::chrono::seconds(10)));
  if (result.finished && result.status.exited() && result.status.code() == 0) return result.output;
  throw std::runtime_error("gzip -dc /proc/config.gz: " + result.errors);
}

/// The path of this process in the hierarchy of a cgroup controller; "" names version 2.
std::optional<std::string> cgroup_path(const std::string& controller) {
  for (const auto& line : split(read_all_or_throw("/proc/self/cgroup"), '\n')) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const auto controllers = split(line.substr(first + 1, second - first - 1), ',');
    const bool hit = controller.empty()
                         ? controllers.empty()
                         : std::count(controllers.begin(), controllers.end(), controller) > 0;
    if (hit) return line.substr(second + 1);
  }
  return std::nullopt;
}

/// Version 2 says "max 100000" or "50000 100000".
std::optional<double> quota_v2(const std::string& folder) {
  const auto words = split(ipc::os::read_line(folder + "/cpu.max").value_or(""), ' ');
  if (words.size() != 2 || words[0] == "max") return std::nullopt;
  return std::atof(words[0].c_str()) / std::atof(words[1].c_str());
}

std::optional<double> quota_v1(const std::string& folder) {
  const auto quota = ipc::os::read_number(folder + "/cpu.cfs_quota_us").value_or(-1);
  const auto period = ipc::os::read_number(folder + "/cpu.cfs_period_us").value_or(0);
  if (quota <= 0 || period <= 0) return std::nullopt;
  return static_cast<double>(quota) / static_cast<double>(period);
}

/// The tightest quota from the process's own group up to the root of the hierarchy.
template <class Quota>
void tighten(std::optional<double>& tightest, const std::string& root,
             const std::optional<std::string>& group, Quota quota) {
  if (!group) return;
  // Inside a container the group's own path may not exist; its files are then at the root.
  for (std::filesystem::path path = *group;; path = path.parent_path()) {
    const auto found = quota(root + path.string());
    if (found) tightest = tightest ? std::min(*tightest, *found) : *found;
    if (!path.has_relative_path()) return;
  }
}

}  // namespace

Json kernel_config() {
  Json found = Json::array();
  for (const auto& line : split(config_text(), '\n'))
    for (const auto option : kOptions)
      if (line.starts_with(option)) {
        found.push_back(line);
        break;
      }
  return found;
}

Json cpu_quota_cpus() {
  std::optional<double> tightest;
  const auto version2 = cgroup_path("");
  tighten(tightest, "/sys/fs/cgroup", version2, quota_v2);
  tighten(tightest, "/sys/fs/cgroup/unified", version2, quota_v2);
  for (const char* name : {"cpu", "cpu,cpuacct", "cpuacct,cpu"})
    tighten(tightest, std::string("/sys/fs/cgroup/") + name, cgroup_path("cpu"), quota_v1);
  return tightest ? Json(*tightest) : Json("none");
}

}  // namespace bench::facts
