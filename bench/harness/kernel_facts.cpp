// Facts of the kernel: what it was built from and with, and what it lets us count.
#include <elf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "bench/harness/command.hpp"
#include "bench/harness/fact.hpp"
#include "bench/harness/machine_facts.hpp"
#include "bench/harness/perf_counters.hpp"
#include "ipc/os/unique_fd.hpp"

namespace bench::facts {

namespace {

/// Options that change what IPC costs, by the beginning of their name.
constexpr std::string_view kOptions[] = {
    "AUDITSYSCALL",
    "CC_OPTIMIZE",
    "CC_VERSION_TEXT",
    "CFI",
    "CFS_BANDWIDTH",
    "CGROUP_SCHED",
    "CLANG_VERSION",
    "CONTEXT_TRACKING",
    "CPU_MITIGATIONS",
    "CPU_SRSO",
    "DEBUG_",
    "FAIR_GROUP_SCHED",
    "FORTIFY_SOURCE",
    "FUNCTION_ALIGNMENT",
    "FUNCTION_TRACER",
    "FUNCTION_GRAPH_TRACER",
    "FUTEX",
    "GCC_VERSION",
    "HALTPOLL",
    "HARDENED_USERCOPY",
    "HIGH_RES_TIMERS",
    "HZ",
    "INIT_ON_",
    "INIT_STACK",
    "KASAN",
    "KCOV",
    "KCSAN",
    "KFENCE",
    "KMEMLEAK",
    "KMSAN",
    "LATENCYTOP",
    "LOCKDEP",
    "LOCK_STAT",
    "LTO",
    "MITIGATION",
    "NO_HZ",
    "NUMA_BALANCING",
    "PAGE_POISONING",
    "PAGE_TABLE_",
    "PARAVIRT",
    "POSIX_MQUEUE",
    "PREEMPT",
    "PROVE_",
    "PSI",
    "RANDOMIZE_",
    "RCU_",
    "RETHUNK",
    "RETPOLINE",
    "RSEQ",
    "RT_GROUP_SCHED",
    "SCHED",
    "SCHEDSTATS",
    "SECURITY=",
    "SLAB_",
    "SLUB",
    "SPECULATION_",
    "STACKPROTECTOR",
    "SYSVIPC",
    "TICK_CPU_ACCOUNTING",
    "TRANSPARENT_HUGEPAGE",
    "TRACE_IRQFLAGS",
    "UBSAN",
    "UCLAMP",
    "VIRT_CPU_ACCOUNTING",
    "VMAP_STACK",
};

std::string unpacked_config(const Root& root) {
  const std::string file = "/proc/config.gz";
  if (!root.has(file)) throw std::runtime_error("not here: no " + file);
  const auto result = run_command({"gzip", "-dc", root.at(file)},
                                  ipc::os::Deadline::after(std::chrono::seconds(2)));
  if (result.finished && result.status.exited() && result.status.code() == 0) return result.output;
  throw std::runtime_error("unreadable: gzip -dc " + file + ": " + trimmed(result.errors));
}

/// The running kernel's own word first; a file in /boot may be of another build of that release.
std::string config_text(const Root& root) {
  const std::string release = kernel_release().get<std::string>();
  std::string reasons;
  try {
    return unpacked_config(root);
  } catch (const std::exception& error) {
    reasons = error.what();
  }
  for (const auto& path : {"/boot/config-" + release, "/lib/modules/" + release + "/config",
                           "/lib/modules/" + release + "/build/.config"})
    try {
      return root.text(path);
    } catch (const std::exception& error) {
      reasons += std::string("; ") + error.what();
    }
  throw std::runtime_error(reasons);
}

bool matters(std::string_view line) {
  constexpr std::string_view kPrefix = "CONFIG_";
  if (!line.starts_with(kPrefix)) return false;
  line.remove_prefix(kPrefix.size());
  return std::any_of(std::begin(kOptions), std::end(kOptions),
                     [&](std::string_view option) { return line.starts_with(option); });
}

/// Notes are a header, a name and a description, each padded to 4 bytes (elf(5)).
constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + 3) / 4 * 4;
}

}  // namespace

Json kernel_config(const Root& root) {
  Json found = Json::array();
  for (const auto& line : split(config_text(root), '\n'))
    if (matters(line)) found.push_back(line);
  return found.empty() ? unknown("odd: the kernel's configuration names no option") : found;
}

Json function_alignment(const Root& root) {
  constexpr std::string_view kOption = "CONFIG_FUNCTION_ALIGNMENT=";
  for (const auto& line : split(config_text(root), '\n'))
    if (line.starts_with(kOption))
      if (const auto bytes = number_at(line.substr(kOption.size()))) return *bytes;
  return unknown("not here: this kernel's configuration has no CONFIG_FUNCTION_ALIGNMENT");
}

std::string compiler_in(const std::string& version) {
  // "Linux version R (builder@host) (gcc (Debian 12) 12.2.0, GNU ld 2.40) #1 SMP"
  const auto builder_end = version.find(") (");
  if (builder_end == std::string::npos) return "";
  const auto begin = builder_end + 3;
  int depth = 1;
  for (auto at = begin; at < version.size(); ++at) {
    if (version[at] == '(') ++depth;
    if (version[at] == ')' && --depth == 0) return version.substr(begin, at - begin);
  }
  return "";
}

Json kernel_compiler(const Root& root) {
  const std::string compiler = compiler_in(root.line("/proc/version"));
  return compiler.empty() ? unknown("odd: /proc/version names no compiler") : Json(compiler);
}

std::optional<std::string> build_id_in(std::string_view notes) {
  Elf64_Nhdr header{};  // the same as Elf32_Nhdr
  while (notes.size() >= sizeof header) {
    std::memcpy(&header, notes.data(), sizeof header);
    notes.remove_prefix(sizeof header);
    const std::size_t name = padded(header.n_namesz);
    if (name > notes.size() || header.n_descsz > notes.size() - name) return std::nullopt;
    const std::string_view content = notes.substr(name, header.n_descsz);
    if (header.n_type == NT_GNU_BUILD_ID &&
        notes.substr(0, header.n_namesz) == std::string_view("GNU", 4) && !content.empty()) {
      std::string hex;
      for (const char c : content) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
      return hex;
    }
    notes.remove_prefix(std::min(notes.size(), name + padded(header.n_descsz)));
  }
  return std::nullopt;
}

Json kernel_build_id(const Root& root) {
  const std::string notes = root.text("/sys/kernel/notes");
  if (const auto id = build_id_in(notes)) return *id;
  return unknown("not here: /sys/kernel/notes holds no build-id");
}

Json livepatches(const Root& root) {
  root.need("/sys/kernel");
  return root.names("/sys/kernel/livepatch");
}

Json boot_parameter(const Root& root, std::string_view name) {
  const std::string start = std::string(name) + "=";
  for (const auto& word : split(root.line("/proc/cmdline"), ' '))
    if (word.starts_with(start)) return word.substr(start.size());
  return "none";
}

Json hardware_counters() {
  const PerfPlan& plan = hardware_plan();
  std::string text;
  for (const auto& counter : plan.counters) text += (text.empty() ? "" : ", ") + counter.name();
  if (plan.missing.empty()) return text;
  return text.empty() ? plan.missing : text + "; not " + plan.missing;
}

}  // namespace bench::facts
