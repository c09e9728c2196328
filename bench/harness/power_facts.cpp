// Facts of clock speed, sleep and heat.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <set>

#include "bench/harness/fact.hpp"
#include "bench/harness/machine_facts.hpp"
#include "ipc/os/cpu.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/unique_fd.hpp"

namespace bench::facts {

namespace {

std::string states_of(const Root& root, int cpu) {
  const std::string folder = cpu_folder(cpu) + "cpuidle/";
  std::string all;
  for (const auto& name : root.some_names(folder)) {
    const auto says = [&](const char* file) {
      return root.line_if_any(folder + name + "/" + file).value_or("?");
    };
    all +=
        fmt::format("{}{} latency {} us residency {} us{}", all.empty() ? "" : "; ", says("name"),
                    says("latency"), says("residency"), says("disable") == "1" ? " disabled" : "");
  }
  return all;
}

/// "NAME 45.0 C" from a file that holds thousandths of a degree.
void add_temperature(const Root& root, const std::string& name, const std::string& file,
                     Json& list) {
  if (const auto thousandths = root.number_if_any(file))
    list.push_back(fmt::format("{} {:.1f} C", name, static_cast<double>(*thousandths) / 1000));
}

}  // namespace

Json idle_states(const Root& root) {
  Json by_cpu = Json::array();
  std::set<std::string> distinct;
  std::string states;
  for (const auto& cpu : ipc::os::allowed_cpus()) {
    states = states_of(root, cpu.id);
    distinct.insert(states);
    by_cpu.push_back(fmt::format("cpu {}: {}", cpu.id, states));
  }
  return distinct.size() == 1 ? Json::array({states}) : by_cpu;
}

Json deepest_idle_us(const Root& root) {
  long long deepest = 0;
  for (const auto& cpu : ipc::os::allowed_cpus()) {
    const std::string folder = cpu_folder(cpu.id) + "cpuidle/";
    for (const auto& name : root.some_names(folder))
      if (root.number_if_any(folder + name + "/disable").value_or(0) == 0)
        deepest = std::max(deepest, root.number_if_any(folder + name + "/latency").value_or(0));
  }
  return deepest;
}

Json dma_latency_us() {
  // Opening it asks for nothing until a number is written, which this does not do.
  const char* const path = "/dev/cpu_dma_latency";
  const ipc::os::UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file)
    return unknown(errno == EACCES || errno == EPERM
                       ? fmt::format("not permitted: {} is closed to user {}", path, ::geteuid())
                       : fmt::format("not here: no {}", path));
  std::int32_t us = 0;
  if (::read(file.get(), &us, sizeof us) != sizeof us)
    return unknown(fmt::format("odd: {} gives no number", path));
  constexpr std::int32_t kAny = 2'000'000'000;  // PM_QOS_CPU_LATENCY_DEFAULT_VALUE of the kernel
  return us == kAny ? Json("any") : Json(us);
}

Json temperatures(const Root& root) {
  Json list = Json::array();
  const std::string zones = "/sys/class/thermal/";
  for (const auto& name : root.names(zones))
    if (name.starts_with("thermal_zone"))
      add_temperature(root, root.line_if_any(zones + name + "/type").value_or(name),
                      zones + name + "/temp", list);
  const std::string sensors = "/sys/class/hwmon/";
  for (const auto& name : root.names(sensors))
    add_temperature(root, root.line_if_any(sensors + name + "/name").value_or(name),
                    sensors + name + "/temp1_input", list);
  return list.empty() ? unknown("not here: no sensor in " + zones + " or " + sensors) : list;
}

Json on_battery(const Root& root) {
  const std::string folder = "/sys/class/power_supply/";
  bool battery = false;
  for (const auto& name : root.names(folder)) {
    const auto type = root.line_if_any(folder + name + "/type");
    if (type == "Battery" && root.line_if_any(folder + name + "/scope") != "Device") battery = true;
    if (type == "Mains" && root.number_if_any(folder + name + "/online") == 1) return false;
  }
  if (!battery) root.need("/sys/class");
  return battery;
}

Json throttle_count(const Root& root, const char* what) {
  long long sum = 0;
  for (const auto& cpu : ipc::os::allowed_cpus()) {
    const auto file = fmt::format("{}thermal_throttle/{}_throttle_count", cpu_folder(cpu.id), what);
    sum += number_at(root.line(file)).value_or(0);
  }
  return sum;
}

}  // namespace bench::facts
