// Which cache of a CPU holds how much, as sysfs tells it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace bench {

/// The level of the nearest data cache of a CPU that holds so many bytes, 0 for main memory;
/// nothing where the machine does not tell its caches. `folder` is that of the CPUs in sysfs.
std::optional<int> cache_level(int cpu, std::size_t bytes,
                               const std::string& folder = "/sys/devices/system/cpu");

}  // namespace bench
