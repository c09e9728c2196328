// Facts of time, and of what else the machine is doing.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <limits>
#include <map>
#include <numeric>

#include "bench/harness/fact.hpp"
#include "bench/harness/machine_facts.hpp"
#include "ipc/os/clock.hpp"
#include "ipc/os/cpu.hpp"
#include "ipc/os/error.hpp"

namespace bench::facts {

namespace {

/// The numbers of a line "KEY n n n" of /proc/stat. Throws where there is none.
std::vector<long long> stat_line(const Root& root, const std::string& key) {
  std::vector<long long> numbers;
  for (const auto& line : split(root.text("/proc/stat"), '\n')) {
    if (!line.starts_with(key + " ")) continue;
    const auto words = split(line, ' ');
    for (std::size_t i = 1; i < words.size(); ++i)
      numbers.push_back(number_at(words[i]).value_or(0));
    if (!numbers.empty()) return numbers;
  }
  throw std::runtime_error("not here: no " + key + " in /proc/stat");
}

constexpr std::size_t kStealColumn = 7;  // of a "cpu" line, proc(5)
constexpr std::size_t kBusyColumns = 3;  // user, nice, system
constexpr std::size_t kTimeColumns = 8;  // guest time after these is counted in user time already

std::vector<long long> cpu_ticks(const Root& root, const std::string& key) {
  auto ticks = stat_line(root, key);
  ticks.resize(kTimeColumns);
  return ticks;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double clock_s(clockid_t clock) {
  timespec now{};
  ipc::os::check(::clock_gettime(clock, &now), "clock_gettime");
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

Json utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Json realtime_s() {
  return clock_s(CLOCK_REALTIME);
}
Json monotonic_s() {
  return clock_s(CLOCK_MONOTONIC);
}
Json boottime_s() {
  return clock_s(CLOCK_BOOTTIME);
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

std::int64_t resolution_in(std::vector<std::int64_t> steps) {
  std::sort(steps.begin(), steps.end());
  const bool stood_still = !steps.empty() && steps.front() <= 0;
  std::erase_if(steps, [](std::int64_t step) { return step <= 0; });
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  if (steps.empty()) return 0;
  // A clock that stands still between two reads shows its step by itself.
  if (stood_still) return steps.front();
  // Otherwise steps are multiples of it. Rounded to ns, one of them can show as two neighbours;
  // three in a row belong to a clock that counts single ns.
  std::int64_t smallest = steps.front();
  for (std::size_t i = 1, begin = 0; i < steps.size(); ++i) {
    if (steps[i] - steps[i - 1] > 1) {
      smallest = std::min(smallest, steps[i] - steps[begin]);
      begin = i;
    } else if (i - begin == 2) {
      return 1;
    }
  }
  return smallest;
}

Json clock_resolution_ns() {
  constexpr std::size_t kReads = 5000;
  constexpr auto kLongest = std::chrono::milliseconds(50);  // a clock of jiffies steps every 4 ms
  std::vector<std::int64_t> steps;
  steps.reserve(kReads);
  const auto deadline = ipc::os::Deadline::after(kLongest);
  bool moved = false;
  for (std::int64_t last = ipc::os::now_ns(); steps.size() < kReads || !moved;) {
    const std::int64_t now = ipc::os::now_ns();
    if (now != last) moved = true;
    if (steps.size() < kReads || now != last) steps.push_back(now - last);
    last = now;
    if (moved && deadline.expired()) break;
  }
  return resolution_in(std::move(steps));
}

Json load_average(const Root& root) {
  Json list = Json::array();
  for (const auto& word : split(root.line("/proc/loadavg"), ' '))
    if (list.size() < 3) list.push_back(std::atof(word.c_str()));
  return list.size() == 3 ? list : unknown("odd: /proc/loadavg holds no three numbers");
}

Json context_switches(const Root& root) {
  return stat_line(root, "ctxt").front();
}
Json booted_at_s(const Root& root) {
  return stat_line(root, "btime").front();
}

Json steal_percent(const Root& root) {
  const auto ticks = cpu_ticks(root, "cpu");
  const auto all = std::accumulate(ticks.begin(), ticks.end(), 0LL);
  if (all == 0) return unknown("odd: /proc/stat counts no time");
  return 100.0 * static_cast<double>(ticks[kStealColumn]) / static_cast<double>(all);
}

Json cpu_time_s(const Root& root, CpuTime kind) {
  long long sum = 0;
  for (const auto& cpu : ipc::os::allowed_cpus()) {
    const auto ticks = cpu_ticks(root, "cpu" + std::to_string(cpu.id));
    const auto end = kind == CpuTime::busy ? ticks.begin() + kBusyColumns : ticks.end();
    sum += kind == CpuTime::steal ? ticks[kStealColumn] : std::accumulate(ticks.begin(), end, 0LL);
  }
  return static_cast<double>(sum) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

Json own_cpu_s() {
  double sum = 0;
  for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    ipc::os::check(::getrusage(who, &usage), "getrusage");
    sum += seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }
  return sum;
}

Json pressure(const Root& root, const char* resource) {
  const std::string path = std::string("/proc/pressure/") + resource;
  const std::string line = root.line(path);
  constexpr std::string_view kAverage = "avg10=";
  const auto at = line.find(kAverage);
  if (at == std::string::npos) return unknown("odd: " + path + " has no avg10");
  return std::atof(line.c_str() + at + kAverage.size());
}

Json vm_counter(const Root& root, std::string_view name) {
  const std::string start = std::string(name) + " ";
  for (const auto& line : split(root.text("/proc/vmstat"), '\n'))
    if (line.starts_with(start))
      if (const auto count = number_at(line.substr(start.size()))) return *count;
  return unknown("not here: no " + std::string(name) + " in /proc/vmstat");
}

Json interrupts(const Root& root) {
  std::map<std::string, long long> sums;
  Json all{{"total", stat_line(root, "intr").front()}};
  // "LOC:  71475  74199   Local timer interrupts"; those of devices have a number for a name.
  for (const auto& line : split(root.text("/proc/interrupts"), '\n')) {
    const auto words = split(line, ' ');
    if (words.size() < 2 || words[0].size() < 2 || words[0].back() != ':') continue;
    const std::string name = words[0].substr(0, words[0].size() - 1);
    auto& sum = sums[std::isdigit(static_cast<unsigned char>(name[0])) ? "devices" : name];
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (words[i].find_first_not_of("0123456789") != std::string::npos) break;
      sum += number_at(words[i]).value_or(0);
    }
  }
  for (const auto& [name, sum] : sums) all[name] = sum;
  return all;
}

}  // namespace bench::facts
