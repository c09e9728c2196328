#include "bench/parent_memory.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <stdexcept>
#include <string>

#include "ipc/os/error.hpp"
#include "ipc/os/limits.hpp"

namespace bench {

namespace os = ipc::os;

namespace {

constexpr const char* kHugePages = "/sys/kernel/mm/transparent_hugepage/";
constexpr const char* kRollup = "/proc/self/smaps_rollup";
constexpr std::array kMemoriesMib{0, 16, 128, 1024};
constexpr std::array kOneCpu{Placement::same_core};
constexpr int kMostMib = 8192;

/// The largest power of two above the usual ones that leaves a quarter of the machine to others. Of
/// all memory, not of what is free: a case keeps its name from one process to the next.
int largest_mib() {
  const auto pages = static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES));
  const std::size_t total = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  int mib = kMostMib;
  while (mib > kMemoriesMib.back() && bytes_of(mib) > total / 4 * 3) mib /= 2;
  return mib;
}

/// AnonHugePages of this process, bytes; 0 where there is no such line.
std::size_t in_huge_pages() {
  std::ifstream lines(kRollup);
  std::size_t kib = 0;
  for (std::string word; lines >> word;)
    if (word == "AnonHugePages:" && lines >> kib) return kib << 10;
  return 0;
}

void touch_all(std::span<std::byte> memory) {
  static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  for (std::size_t at = 0; at < memory.size(); at += page)
    static_cast<volatile std::byte&>(memory[at]) = std::byte{1};
}

/// Makes huge pages of what lies in base pages although it need not; EINVAL before Linux 6.1.
void collapse(std::span<std::byte> memory) {
  constexpr int kCollapse = 25;  // MADV_COLLAPSE, also for older headers
  ::madvise(memory.data(), memory.size(), kCollapse);
}

}  // namespace

Parameters ParentMemory::parameters() const {
  Parameters all{parameter("memory_mib", mib)};
  if (mib > 0) all.emplace_back("pages", pages == PageKind::huge ? "huge" : "base");
  return all;
}

std::chrono::milliseconds ParentMemory::setup() const {
  // A guest's first gigabyte is soon there; the host has to find what nobody used before.
  return std::chrono::milliseconds(mib > kMemoriesMib.back() ? 2 * mib : mib / 2);
}

os::Unavailable ParentMemory::reason() const {
  if (auto missing = memory_reason(mib)) return missing;
  return pages == PageKind::huge ? huge_pages_reason() : std::nullopt;
}

std::span<std::byte> ParentMemory::touch() const {
  if (mib == 0) return {};
  const bool huge = pages == PageKind::huge;
  const std::size_t align = huge ? huge_page_bytes() : 1;
  void* mapped =
      ::mmap(nullptr, bytes() + align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) os::throw_errno(fmt::format("mmap {} MiB", mib));
  const auto address = reinterpret_cast<std::uintptr_t>(mapped);
  const std::span memory(static_cast<std::byte*>(mapped) + (align - address % align) % align,
                         bytes());
  // EINVAL where the kernel has no huge pages, and so none to keep away.
  ::madvise(memory.data(), memory.size(), huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  const std::size_t before = in_huge_pages();
  touch_all(memory);
  if (huge && in_huge_pages() - before < bytes()) collapse(memory);
  if (const std::size_t got = in_huge_pages() - before; got != (huge ? bytes() : 0))
    throw std::runtime_error(fmt::format("{} of {} MiB lie in huge pages{}", got >> 20, mib,
                                         huge ? ": the kernel had no more to give" : ""));
  return memory;
}

std::vector<MemoryRow> memory_rows(bool copies, bool largest) {
  std::vector<MemoryRow> rows;
  const auto add = [&](int mib, std::span<const Placement> placements) {
    const ParentMemory base{mib, PageKind::base}, huge{mib, PageKind::huge};
    // A copy of base pages takes about 40 us a MiB, of which a window holds one at least.
    const std::chrono::milliseconds overrun(copies ? mib / 2 : 0);
    rows.push_back({base, placements, base.setup() + overrun});
    if (copies && mib > 0) rows.push_back({huge, kOneCpu, huge.setup()});
  };
  for (const int mib : kMemoriesMib) add(mib, kSolePlacements);
  if (const int mib = largest_mib(); largest && mib > kMemoriesMib.back()) add(mib, kOneCpu);
  return rows;
}

os::Unavailable huge_pages_reason() {
  const auto mode = os::read_line(std::string(kHugePages) + "enabled");
  if (!mode || huge_page_bytes() == 0) return "this kernel has no transparent huge pages";
  if (mode->find("[never]") != std::string::npos)
    return fmt::format("transparent huge pages are off: {}enabled says never", kHugePages);
  if (::access(kRollup, R_OK) != 0)
    return fmt::format("nothing tells whether pages are huge: {} cannot be read", kRollup);
  return std::nullopt;
}

std::size_t huge_page_bytes() {
  const auto bytes = os::read_number(std::string(kHugePages) + "hpage_pmd_size");
  return static_cast<std::size_t>(bytes.value_or(0));
}

}  // namespace bench
