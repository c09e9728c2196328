#include "bench/harness/machine_facts.hpp"

#include <mqueue.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <numeric>

#include "bench/harness/fact.hpp"
#include "ipc/os/clock.hpp"
#include "ipc/os/cpu.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/limits.hpp"
#include "ipc/os/unique_name.hpp"

extern char** environ;

namespace bench::facts {

using ipc::os::check;
using ipc::os::read_line;
using ipc::os::read_number;

namespace {

utsname system_name() {
  utsname name{};
  check(::uname(&name), "uname");
  return name;
}

/// The numbers of a line "KEY n n n" of /proc/stat.
std::vector<std::int64_t> stat_line(const std::string& key) {
  std::vector<std::int64_t> numbers;
  for (const auto& line : split(read_all_or_throw("/proc/stat"), '\n')) {
    if (!line.starts_with(key + " ")) continue;
    const auto words = split(line, ' ');
    for (std::size_t i = 1; i < words.size(); ++i) numbers.push_back(std::atoll(words[i].c_str()));
    return numbers;
  }
  return numbers;
}

constexpr std::size_t kStealColumn = 7;  // of a "cpu" line, proc(5)
constexpr std::size_t kTimeColumns = 8;  // guest time after these is counted in user time already

#if defined(__x86_64__) || defined(__i386__)
bool under_hypervisor() {
  const Json flags = fact_or_reason(field_of("/proc/cpuinfo", "flags"));
  return flags.is_string() &&
         (" " + flags.get<std::string>() + " ").find(" hypervisor ") != std::string::npos;
}
#endif

}  // namespace

Json host_name() {
  return system_name().nodename;
}
Json kernel_release() {
  return system_name().release;
}
Json kernel_name() {
  const utsname name = system_name();
  return std::string(name.sysname) + " " + name.nodename + " " + name.release + " " + name.version +
         " " + name.machine;
}

Json cpu_model() {
  const Json model = fact_or_reason(field_of("/proc/cpuinfo", "model name"));
  if (model.is_string()) return model;
  // ARM kernels name numbers only; a board's device tree names the machine.
  const Json implementer = fact_or_reason(field_of("/proc/cpuinfo", "CPU implementer"));
  const Json part = fact_or_reason(field_of("/proc/cpuinfo", "CPU part"));
  if (implementer.is_string() && part.is_string())
    return "implementer " + implementer.get<std::string>() + " part " + part.get<std::string>();
  if (const auto board = read_line("/proc/device-tree/model")) return board->c_str();
  return unknown("/proc/cpuinfo names no model");
}

Json cpus() {
  return ipc::os::allowed_cpus().size();
}

Json hypervisor() {
  if (const auto type = read_line("/sys/hypervisor/type")) return *type;
#if defined(__x86_64__) || defined(__i386__)
  if (!under_hypervisor()) return "none";
  constexpr unsigned kVendorLeaf = 0x4000'0000;
  unsigned a = 0;
  unsigned name[3] = {};
  __cpuid(kVendorLeaf, a, name[0], name[1], name[2]);
  char text[sizeof name + 1] = {};
  std::memcpy(text, name, sizeof name);
  return text[0] ? Json(text) : Json("unnamed");
#else
  if (const auto compatible = read_line("/proc/device-tree/hypervisor/compatible"))
    return compatible->c_str();
  return unknown("this architecture does not say");
#endif
}

Json container() {
  if (const auto kind = read_line("/run/systemd/container")) return *kind;
  if (std::filesystem::exists("/.dockerenv")) return "docker";
  if (std::filesystem::exists("/run/.containerenv")) return "podman";
  if (const char* kind = std::getenv("container")) return kind;
  return "none";
}

Json layout() {
  Json list = Json::array();
  for (const auto& cpu : ipc::os::allowed_cpus())
    list.push_back("cpu " + std::to_string(cpu.id) + " core " + std::to_string(cpu.core) +
                   " package " + std::to_string(cpu.package));
  return list;
}

Json livepatches() {
  return names_in("/sys/kernel/livepatch");
}

Json clock_read_ns() {
  constexpr int kBatches = 50;
  constexpr int kReads = 200;
  std::int64_t best = std::numeric_limits<std::int64_t>::max();
  for (int batch = 0; batch < kBatches; ++batch) {
    const std::int64_t start = ipc::os::now_ns();
    std::int64_t last = start;
    for (int i = 0; i < kReads; ++i) last = ipc::os::now_ns();
    best = std::min(best, last - start);
  }
  return static_cast<double>(best) / kReads;
}

Json utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Json personality() {
  constexpr unsigned long kAsk = 0xffffffff;
  return check(::personality(kAsk), "personality");
}

Json on_battery() {
  const std::string folder = "/sys/class/power_supply/";
  bool battery = false;
  for (const auto& name : names_in(folder)) {
    const auto type = read_line(folder + name + "/type");
    if (type == "Battery" && read_line(folder + name + "/scope") != "Device") battery = true;
    if (type == "Mains" && read_number(folder + name + "/online") == 1) return false;
  }
  return battery;
}

Json throttle_count() {
  std::int64_t sum = 0;
  bool any = false;
  for (const auto& cpu : ipc::os::allowed_cpus()) {
    const auto count = read_number("/sys/devices/system/cpu/cpu" + std::to_string(cpu.id) +
                                   "/thermal_throttle/core_throttle_count");
    any = any || count;
    sum += count.value_or(0);
  }
  return any ? Json(sum) : unknown("no thermal_throttle counters");
}

Json idle_states() {
  const std::string folder = "/sys/devices/system/cpu/cpu0/cpuidle/";
  const auto names = names_in(folder);
  if (names.empty()) return unknown("no " + folder);
  Json list = Json::array();
  for (const auto& name : names)
    list.push_back(read_line(folder + name + "/name").value_or(name) + " " +
                   read_line(folder + name + "/latency").value_or("?") + " us");
  return list;
}

Json affinity() {
  Json ids = Json::array();
  for (const auto& cpu : ipc::os::allowed_cpus()) ids.push_back(cpu.id);
  return ids;
}

Json nice() {
  errno = 0;  // -1 is a niceness too
  const int value = ::getpriority(PRIO_PROCESS, 0);
  if (errno) ipc::os::throw_errno("getpriority");
  return value;
}

Json policy() {
  switch (check(::sched_getscheduler(0), "sched_getscheduler")) {
    case SCHED_OTHER:
      return "other";
    case SCHED_FIFO:
      return "fifo";
    case SCHED_RR:
      return "rr";
    case SCHED_BATCH:
      return "batch";
    case SCHED_IDLE:
      return "idle";
    default:
      return "another";
  }
}

Json load_average() {
  double values[3] = {};
  if (::getloadavg(values, 3) != 3) return unknown("getloadavg gave nothing");
  return Json::array({values[0], values[1], values[2]});
}

Json interrupts() {
  return stat_line("intr").at(0);
}
Json context_switches() {
  return stat_line("ctxt").at(0);
}
Json steal_ticks() {
  return stat_line("cpu").at(kStealColumn);
}

Json steal_percent() {
  auto ticks = stat_line("cpu");
  ticks.resize(kTimeColumns);
  const auto all = std::accumulate(ticks.begin(), ticks.end(), std::int64_t{0});
  if (all == 0) return unknown("/proc/stat counts no time");
  return 100.0 * static_cast<double>(ticks[kStealColumn]) / static_cast<double>(all);
}

Json shared_memory_free_bytes() {
  struct statvfs space {};
  check(::statvfs("/dev/shm", &space), "statvfs /dev/shm");
  return space.f_bavail * space.f_frsize;
}

Json mqueue() {
  const std::string name = ipc::os::unique_name();
  const mqd_t queue = ::mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, nullptr);
  if (queue == -1) return std::string("mq_open: ") + ::strerror(errno);
  ::mq_close(queue);
  ::mq_unlink(name.c_str());
  return "available";
}

Json argument_bytes() {
  std::size_t bytes = 0;
  for (char** entry = environ; *entry; ++entry) bytes += std::strlen(*entry) + 1;
  return bytes + read_all_or_throw("/proc/self/cmdline").size();
}

Json pressure(const char* resource) {
  const std::string line = read_all_or_throw(std::string("/proc/pressure/") + resource);
  const auto at = line.find("avg10=");
  if (at == std::string::npos) return unknown("/proc/pressure has no avg10");
  return std::atof(line.c_str() + at + std::strlen("avg10="));
}

Json soft_limit(int resource) {
  rlimit limit{};
  check(::getrlimit(static_cast<__rlimit_resource>(resource), &limit), "getrlimit");
  return limit.rlim_cur == RLIM_INFINITY ? Json(-1) : Json(limit.rlim_cur);
}

}  // namespace bench::facts
