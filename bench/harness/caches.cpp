#include "bench/harness/caches.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "ipc/os/limits.hpp"

namespace bench {

namespace os = ipc::os;

std::optional<int> cache_level(int cpu, std::size_t bytes, const std::string& folder) {
  std::optional<int> nearest;
  for (int index = 0;; ++index) {
    const std::string cache = fmt::format("{}/cpu{}/cache/index{}", folder, cpu, index);
    const auto level = os::read_number(cache + "/level");
    if (!level) return nearest;
    // "48K"; an instruction cache holds no data, and a size may be hidden.
    const auto kib = os::read_number(cache + "/size");
    if (!kib || os::read_line(cache + "/type") == "Instruction") continue;
    if (!nearest) nearest = 0;
    const bool fits = bytes <= static_cast<std::size_t>(*kib) << 10;
    if (fits && (*nearest == 0 || *level < *nearest)) nearest = static_cast<int>(*level);
  }
}

}  // namespace bench
