#include "ipc/soak/leftovers.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "ipc/os/sanitized.hpp"
#include "ipc/os/sysv.hpp"
#include "ipc/os/unique_name.hpp"

namespace ipc::soak {

namespace fs = std::filesystem;

Holdings Holdings::now() {
  Holdings held;
  // The iterator's own descriptor is counted each time alike.
  held.descriptors = std::distance(fs::directory_iterator("/proc/self/fd"), {});
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0, end = 0;
    char rights[5] = "";
    if (line.ends_with("[heap]") || line.ends_with("[stack]") ||
        std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, rights) != 3)
      continue;
    if (os::kSanitized && rights[3] != 's') continue;
    ++held.mappings;
    held.mapped_bytes += static_cast<long>(end - begin);
  }
  return held;
}

std::string Holdings::to_string() const {
  return std::to_string(descriptors) + " descriptors, " + std::to_string(mappings) +
         " mappings of " + std::to_string(mapped_bytes) + " bytes";
}

std::vector<std::string> names_of(pid_t owner) {
  std::vector<std::string> names = os::stamped_names();
  const std::string stamp = "/ipcmark." + std::to_string(owner) + ".";
  std::erase_if(names, [&](const auto& name) { return name.find(stamp) == std::string::npos; });
  for (const auto& object : os::sysv_objects())
    if (object.creator == owner) names.push_back(object.to_string());
  return names;
}

}  // namespace ipc::soak
