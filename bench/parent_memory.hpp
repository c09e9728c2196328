// What a parent has touched when it starts a child: how much, and in which pages.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

#include "bench/harness/placement.hpp"
#include "bench/measure.hpp"
#include "ipc/os/availability.hpp"

namespace bench {

/// Base pages, or transparent huge pages, which a fork copies one entry each.
enum class PageKind { base, huge };

/// Private memory of a process, every page of it written to.
struct ParentMemory {
  int mib = 0;
  PageKind pages = PageKind::base;

  [[nodiscard]] std::size_t bytes() const { return bytes_of(mib); }
  /// As a case spells it: `memory_mib`, and `pages` where there are any.
  [[nodiscard]] Parameters parameters() const;
  /// How long touching it is expected to take.
  [[nodiscard]] std::chrono::milliseconds setup() const;
  /// Why it cannot be had here, or nothing.
  [[nodiscard]] ipc::os::Unavailable reason() const;
  /// Maps and touches it, and proves the kind of its pages by AnonHugePages of
  /// /proc/self/smaps_rollup. The process's end frees it: unmapping it earlier would count as its
  /// work. Throws std::system_error, and std::runtime_error where the pages are not what was asked.
  [[nodiscard]] std::span<std::byte> touch() const;
};

/// The memories under which a kind of child is measured, and at which placements. Huge pages where
/// the child is a copy; with `largest` as much as the machine allows, up to 8 GiB, in one
/// placement, since touching it takes long.
struct MemoryRow {
  ParentMemory memory;
  std::span<const Placement> placements;
  std::chrono::milliseconds setup{0};  ///< of touching, and of children that outlast the windows

  /// Never where there is something to touch.
  [[nodiscard]] bool is_quick() const { return memory.mib == 0; }
};
std::vector<MemoryRow> memory_rows(bool copies, bool largest);

/// The window of a case whose children outlast it: its peer counts as hung only much later than the
/// time it is expected to need.
inline Window patient(Window window, std::chrono::milliseconds setup) {
  window.grace += 4 * setup;
  return window;
}

/// Why this machine has no transparent huge pages to give, or nothing.
ipc::os::Unavailable huge_pages_reason();

/// What one huge page holds; 0 where there are none.
std::size_t huge_page_bytes();

}  // namespace bench
