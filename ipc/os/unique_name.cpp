#include "ipc/os/unique_name.hpp"

#include <mqueue.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "ipc/os/limits.hpp"
#include "ipc/os/sysv.hpp"

namespace ipc::os {

namespace {

namespace fs = std::filesystem;

/// Start time in clock ticks since boot, nothing when there is no such process.
std::optional<unsigned long long> start_time(pid_t pid) {
  const auto stat = read_line("/proc/" + std::to_string(pid) + "/stat");
  if (!stat) return std::nullopt;
  // The second field, the program's name, may hold blanks and brackets: count from its last ')'.
  std::size_t at = stat->rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = stat->find(' ', at + 1);
  unsigned long long ticks = 0;
  if (at == std::string::npos || std::sscanf(stat->c_str() + at, " %llu", &ticks) != 1)
    return std::nullopt;
  return ticks;
}

}  // namespace

std::string unique_name() {
  static std::atomic<unsigned> number{0};
  const pid_t pid = ::getpid();
  return "/ipcmark." + std::to_string(pid) + "." + std::to_string(start_time(pid).value_or(0)) +
         "." + std::to_string(number.fetch_add(1));
}

bool is_orphaned_name(std::string_view name) {
  int pid = 0;
  unsigned long long start = 0;
  unsigned number = 0;
  int length = 0;
  const std::string text(name.substr(name.starts_with('/') ? 1 : 0));
  if (std::sscanf(text.c_str(), "ipcmark.%d.%llu.%u%n", &pid, &start, &number, &length) != 3 ||
      length != static_cast<int>(text.size()))
    return false;
  return start_time(pid) != start;
}

std::vector<std::string> reclaim_orphaned_names() {
  std::vector<std::string> removed;
  const auto sweep = [&](const char* folder, std::string_view prefix, auto unlink) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      const std::string file = entry.path().filename();
      if (!file.starts_with(prefix)) continue;
      const std::string name = "/" + file.substr(prefix.size());
      if (is_orphaned_name(name) && unlink(name.c_str()) == 0) removed.push_back(name);
    }
  };
  sweep("/dev/shm", "", ::shm_unlink);
  sweep("/dev/shm", "sem.", ::sem_unlink);
  sweep("/dev/mqueue", "", ::mq_unlink);  // visible only where that file system is mounted
  for (const auto& object : reclaim_orphaned_sysv()) removed.push_back(object.to_string());
  return removed;
}

}  // namespace ipc::os
