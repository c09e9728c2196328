// Facts of the hardware and of what it pretends to be.
#include "bench/harness/machine_facts.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include <cstring>
#include <stdexcept>

#include "bench/harness/command.hpp"
#include "bench/harness/fact.hpp"
#include "ipc/os/cpu.hpp"
#include "ipc/os/error.hpp"

namespace bench::facts {

namespace {

utsname system_name() {
  utsname name{};
  ipc::os::check(::uname(&name), "uname");
  return name;
}

/// What the firmware of well-known virtual machines calls itself.
constexpr std::string_view kVirtualVendors[] = {"QEMU",
                                                "KVM",
                                                "VMware",
                                                "VirtualBox",
                                                "Xen",
                                                "Bochs",
                                                "Parallels",
                                                "Virtual Machine",
                                                "OpenStack",
                                                "Amazon EC2",
                                                "Google Compute Engine"};

#if defined(__x86_64__) || defined(__i386__)
/// CPUID tells a guest so, whatever files are hidden (Intel SDM, CPUID leaf 1, ECX bit 31).
std::optional<std::string> hypervisor_of_cpu() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned kUnderHypervisor = 1u << 31;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & kUnderHypervisor)) return "none";
  constexpr unsigned kVendorLeaf = 0x4000'0000;
  unsigned name[3] = {};
  __cpuid(kVendorLeaf, a, name[0], name[1], name[2]);
  char text[sizeof name + 1] = {};
  std::memcpy(text, name, sizeof name);
  return text[0] ? trimmed(text) : "unnamed";
}
#else
std::optional<std::string> hypervisor_of_cpu() {
  return std::nullopt;
}
#endif

std::string part(const Root& root, const std::string& path) {
  const auto number = root.number_if_any(path);
  constexpr long long kNone = 65535;  // what the kernel shows as the cluster where there is none
  return number && *number >= 0 && *number < kNone ? std::to_string(*number) : "-";
}

std::string node_of(const Root& root, const std::string& folder) {
  for (const auto& name : root.names(folder))
    if (name.starts_with("node") && number_at(name.substr(4))) return name.substr(4);
  return "-";
}

}  // namespace

Json host_name() {
  return system_name().nodename;
}
Json architecture() {
  return system_name().machine;
}
Json kernel_release() {
  return system_name().release;
}
Json kernel_name() {
  const utsname name = system_name();
  return fmt::format("{} {} {} {} {}", name.sysname, name.nodename, name.release, name.version,
                     name.machine);
}

Json cpu_model(const Root& root) {
  const Json model = fact_or_reason(field_of("/proc/cpuinfo", "model name"), root);
  if (model.is_string()) return model;
  // ARM kernels name numbers only; a board's device tree names the machine.
  const Json implementer = fact_or_reason(field_of("/proc/cpuinfo", "CPU implementer"), root);
  const Json number = fact_or_reason(field_of("/proc/cpuinfo", "CPU part"), root);
  if (implementer.is_string() && number.is_string())
    return "implementer " + implementer.get<std::string>() + " part " + number.get<std::string>();
  if (const auto board = root.line_if_any("/proc/device-tree/model")) return board->c_str();
  root.need("/proc/cpuinfo");
  return unknown("not here: /proc/cpuinfo names no model");
}

Json cpus() {
  return ipc::os::allowed_cpu_ids().size();
}

Json cpus_present(const Root& root) {
  return cpus_in(root.line("/sys/devices/system/cpu/present")).size();
}

Json hypervisor(const Root& root) {
  if (const auto type = root.line_if_any("/sys/hypervisor/type")) return *type;
  if (const auto cpu = hypervisor_of_cpu()) return *cpu;
  if (const auto tree = root.line_if_any("/proc/device-tree/hypervisor/compatible"))
    return tree->c_str();
  const std::string firmware = root.line("/sys/class/dmi/id/sys_vendor") + " " +
                               root.line_if_any("/sys/class/dmi/id/product_name").value_or("");
  for (const auto vendor : kVirtualVendors)
    if (firmware.find(vendor) != std::string::npos) return vendor;
  return "none";
}

// qemu-user and valgrind answer for /proc/self/exe with the program that they run. By other ways to
// the same link the kernel tells the truth.
Json emulator(const Root& root) {
  const auto told = std::filesystem::read_symlink(root.at("/proc/self/exe"));
  for (const auto way : {"/proc/thread-self/exe", "/proc/self/../self/exe"}) {
    const auto run = std::filesystem::read_symlink(root.at(way));
    if (run != told) return run.filename().string();
  }
  return "none";
}

Json detected_virtualization() {
  const auto result =
      run_command({"systemd-detect-virt"}, ipc::os::Deadline::after(std::chrono::seconds(1)));
  const std::string word = trimmed(result.output);
  if (!word.empty()) return word;
  constexpr int kNoSuchProgram = 127;
  if (result.status.exited() && result.status.code() == kNoSuchProgram)
    return unknown("not here: no program systemd-detect-virt");
  return unknown("unreadable: systemd-detect-virt: " + trimmed(result.errors));
}

Json layout(const Root& root) {
  Json list = Json::array();
  for (const int cpu : ipc::os::allowed_cpu_ids()) {
    const std::string folder = cpu_folder(cpu);
    const std::string topology = folder + "topology/";
    list.push_back(
        fmt::format("cpu {} package {} die {} cluster {} core {} threads {} l3 {} node {}", cpu,
                    part(root, topology + "physical_package_id"), part(root, topology + "die_id"),
                    part(root, topology + "cluster_id"), part(root, topology + "core_id"),
                    root.line_if_any(topology + "thread_siblings_list").value_or("-"),
                    part(root, folder + "cache/index3/id"), node_of(root, folder)));
  }
  return list;
}

Json paired_cpus(const Root& root) {
  Json pairs = Json::array();
  const auto usable = ipc::os::allowed_cpu_ids();
  for (const int cpu : usable) {
    const auto list = root.line(cpu_folder(cpu) + "topology/thread_siblings_list");
    std::vector<int> together;
    for (const int id : cpus_in(list))
      for (const int other : usable)
        if (other == id) together.push_back(id);
    if (together.size() > 1 && together.front() == cpu)
      pairs.push_back(ipc::os::to_string(together));
  }
  return pairs;
}

Json numa_cpus(const Root& root) {
  const std::string folder = "/sys/devices/system/node/";
  Json list = Json::array();
  for (const auto& name : root.some_names(folder))
    if (name.starts_with("node"))
      list.push_back("node " + name.substr(4) + ": " +
                     root.line_if_any(folder + name + "/cpulist").value_or("no CPU"));
  return list;
}

Json identity_key(const Json& identity) {
  std::string key;
  for (const auto& [name, value] : identity.items()) {
    if (!key.empty()) key += " | ";
    key += is_unknown(value) ? "?" : value.is_string() ? value.get<std::string>() : value.dump();
  }
  return key;
}

}  // namespace bench::facts
