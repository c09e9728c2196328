#include "ipc/os/limits.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <charconv>
#include <fstream>

namespace ipc::os {

std::optional<std::string> read_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

std::optional<std::int64_t> read_number(const std::string& path) {
  const auto line = read_line(path);
  std::int64_t number = 0;
  if (!line) return std::nullopt;
  const auto [end, error] = std::from_chars(line->data(), line->data() + line->size(), number);
  if (error != std::errc{}) return std::nullopt;
  return number;
}

// The fallbacks are the kernel's own defaults, for a container that hides /proc/sys.
std::int64_t pipe_max_bytes() {
  return read_number("/proc/sys/fs/pipe-max-size").value_or(1 << 20);
}

MqLimits mq_limits() {
  return {read_number("/proc/sys/fs/mqueue/msg_max").value_or(10),
          read_number("/proc/sys/fs/mqueue/msgsize_max").value_or(8192)};
}

std::int64_t socket_buffer_max_bytes() {
  return read_number("/proc/sys/net/core/wmem_max").value_or(212992);
}

std::int64_t available_memory_bytes() {
  std::ifstream file("/proc/meminfo");
  for (std::string key, unit; file >> key;) {
    std::int64_t kib = 0;
    file >> kib;
    if (key == "MemAvailable:") return kib * 1024;
    std::getline(file, unit);
  }
  return 0;
}

std::int64_t available_shm_bytes() {
  const std::int64_t memory = available_memory_bytes();
  struct statvfs folder {};
  if (::statvfs("/dev/shm", &folder) == -1) return memory;
  const auto room = static_cast<std::int64_t>(folder.f_bavail * folder.f_frsize);
  return memory > 0 ? std::min(room, memory) : room;
}

}  // namespace ipc::os
