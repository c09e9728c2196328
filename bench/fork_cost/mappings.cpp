// A parent whose memory lies in many mappings: a fork copies each mapping, whatever is in it.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "bench/fork_cost/themes.hpp"
#include "ipc/backends.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/limits.hpp"

namespace bench::fork_cost {
namespace {

namespace os = ipc::os;

/// Just below the usual vm.max_map_count of 65530; the memory has a page for each.
constexpr std::array kMappings{1, 100, 1000, 10'000, 65'000};
constexpr ParentMemory kMemory{256, PageKind::base};

/// How many lines of /proc/self/maps lie in the memory.
std::size_t mappings_in(std::span<const std::byte> memory) {
  const auto from = reinterpret_cast<std::uintptr_t>(memory.data());
  std::ifstream maps("/proc/self/maps");
  std::size_t found = 0;
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx", &begin, &end) == 2)
      found += begin < from + memory.size() && end > from;
  }
  return found;
}

/// Splits memory into that many mappings, of which no two neighbours may be merged: every second
/// one is read-only.
void split(std::span<std::byte> memory, std::size_t mappings) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t pages = memory.size() / page;
  const auto at = [&](std::size_t i) { return i * pages / mappings * page; };
  for (std::size_t i = 1; i < mappings; i += 2)
    os::check(::mprotect(memory.data() + at(i), at(i + 1) - at(i), PROT_READ),
              fmt::format("mprotect of mapping {}", i));
  if (const std::size_t found = mappings_in(memory); found != mappings)
    throw std::runtime_error(
        fmt::format("the memory lies in {} mappings, not {}", found, mappings));
}

template <ipc::Starter S>
Outcome start_and_reap(int mappings, const Window& window, Placement placement) {
  Outcome outcome = alone(window, placement, "parent", [&](Peer& peer, Samples& samples) {
    split(kMemory.touch(), static_cast<std::size_t>(mappings));
    peer.start();
    sample(peer, samples, [] {
      if (S::start(3).reap() != os::ExitStatus::from_code(3))
        throw std::runtime_error("the child did not exit with 3");
    });
  });
  outcome.counters["memory_bytes"] = static_cast<double>(kMemory.bytes());
  outcome.counters["mappings"] = mappings;
  return outcome;
}

os::Unavailable reason(int mappings) {
  constexpr int kOthers = 300;  // the program's own mappings
  if (auto missing = kMemory.reason()) return missing;
  const auto most = os::read_number("/proc/sys/vm/max_map_count");
  if (most && *most < mappings + kOthers)
    return fmt::format("needs {} mappings, vm.max_map_count allows {}", mappings + kOthers, *most);
  const long page = ::sysconf(_SC_PAGESIZE);
  if (static_cast<std::size_t>(mappings) * static_cast<std::size_t>(page) > kMemory.bytes())
    return fmt::format("{} MiB have fewer than {} pages of {} bytes", kMemory.mib, mappings, page);
  return std::nullopt;
}

template <ipc::Starter S>
void add(Matrix& matrix, int mappings) {
  Parameters parameters = kMemory.parameters();
  parameters.push_back(parameter("mappings", mappings));
  const os::Unavailable unavailable = S::unavailable();
  const auto setup =
      kMemory.setup() + std::chrono::milliseconds(mappings / 30);  // as they are copied
  matrix.add({std::string(kNoun), std::string(S::kName), parameters, false, setup,
              unavailable ? unavailable : reason(mappings),
              [mappings, setup](const Window& window, Placement placement) {
                return start_and_reap<S>(mappings, patient(window, setup), placement);
              }},
             kOneCpu, kNever);
}

}  // namespace

void add_mappings(Matrix& matrix) {
  for (const int mappings : kMappings) {
    add<ipc::ForkStarter>(matrix, mappings);
    add<ipc::SpawnStarter>(matrix, mappings);
  }
}

}  // namespace bench::fork_cost
