// Facts of the control group that this process is in, cgroups(7), of version 1 or 2.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "bench/harness/fact.hpp"
#include "bench/harness/machine_facts.hpp"

namespace bench::facts {

namespace {

/// Where the files of one hierarchy are: the process's own group first, then its parents.
struct Hierarchy {
  std::vector<std::string> folders;
  std::string mount;
};

/// The path of this process in the hierarchy of a controller; "" names version 2.
std::optional<std::string> cgroup_path(const Root& root, const std::string& controller) {
  for (const auto& line : split(root.text("/proc/self/cgroup"), '\n')) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const auto controllers = split(line.substr(first + 1, second - first - 1), ',');
    const bool hit = controller.empty()
                         ? controllers.empty()
                         : std::count(controllers.begin(), controllers.end(), controller) > 0;
    if (hit) return line.substr(second + 1);
  }
  return std::nullopt;
}

/// The groups from the process's own up to the root of each hierarchy that may hold the
/// controller. Inside a container the group's own path may not exist; its files are then at the
/// root.
std::vector<Hierarchy> hierarchies(const Root& root, const std::string& controller) {
  std::vector<Hierarchy> all;
  const auto add = [&](const std::string& mount, const std::optional<std::string>& group) {
    if (!group || !root.has(mount)) return;
    Hierarchy one{{}, mount};
    for (std::filesystem::path path = *group;; path = path.parent_path()) {
      one.folders.push_back(mount + (path.has_relative_path() ? path.string() : ""));
      if (!path.has_relative_path()) break;
    }
    all.push_back(std::move(one));
  };
  const std::string base = "/sys/fs/cgroup";
  const auto version2 = cgroup_path(root, "");
  const auto version1 = cgroup_path(root, controller);
  add(base, version2);
  add(base + "/unified", version2);
  for (const char* name : {"", ",cpuacct"}) add(base + "/" + controller + name, version1);
  add(base + "/cpuacct," + controller, version1);
  return all;
}

std::vector<Hierarchy> some_hierarchies(const Root& root, const std::string& controller) {
  auto all = hierarchies(root, controller);
  if (all.empty()) root.need("/sys/fs/cgroup/" + controller);
  if (all.empty()) throw std::runtime_error("not here: no cgroup with a controller " + controller);
  return all;
}

/// Version 2 says "max 100000" or "50000 100000"; version 1 has two files, -1 for no quota.
std::optional<double> quota_in(const Root& root, const std::string& folder) {
  const auto words = split(root.line_if_any(folder + "/cpu.max").value_or(""), ' ');
  std::optional<long long> quota, period;
  if (words.size() == 2) {
    quota = number_at(words[0]);
    period = number_at(words[1]);
  } else {
    quota = root.number_if_any(folder + "/cpu.cfs_quota_us");
    period = root.number_if_any(folder + "/cpu.cfs_period_us");
  }
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

}  // namespace

Json cpu_quota_cpus(const Root& root) {
  std::optional<double> tightest;
  for (const auto& hierarchy : some_hierarchies(root, "cpu"))
    for (const auto& folder : hierarchy.folders)
      if (const auto found = quota_in(root, folder))
        tightest = tightest ? std::min(*tightest, *found) : *found;
  return tightest ? Json(*tightest) : Json("none");
}

Json cpu_controls(const Root& root) {
  Json list = Json::array();
  for (const auto& hierarchy : some_hierarchies(root, "cpu"))
    for (const auto& folder : hierarchy.folders)
      for (const char* file : {"cpu.max", "cpu.weight", "cpu.idle", "cpu.uclamp.max",
                               "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.shares"})
        if (const auto text = root.line_if_any(folder + "/" + file))
          list.push_back(fmt::format("{} {} {}", folder, file, *text));
  return list;
}

Json cgroup_cpuset(const Root& root) {
  for (const auto& hierarchy : some_hierarchies(root, "cpuset"))
    for (const auto& folder : hierarchy.folders)
      for (const char* file : {"cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"})
        if (const auto text = root.line_if_any(folder + "/" + file)) return *text;
  return unknown("not here: no cpuset controller for this group");
}

Json throttled_periods(const Root& root) {
  for (const auto& hierarchy : some_hierarchies(root, "cpu"))
    for (const auto& folder : hierarchy.folders)
      if (root.has(folder + "/cpu.stat"))
        for (const auto& line : split(root.text(folder + "/cpu.stat"), '\n'))
          if (line.starts_with("nr_throttled "))
            return number_at(line.substr(line.find(' ') + 1)).value_or(0);
  return unknown("not here: no nr_throttled in the cpu.stat of this group");
}

}  // namespace bench::facts
