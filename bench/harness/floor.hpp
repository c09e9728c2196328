// Floors: the limit of hardware and kernel that a case is held against.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/harness/placement.hpp"

namespace bench {

/// What a case is called: measure/noun/backend/name:value/.../placement:name.
struct CaseId {
  std::string measure;
  std::string noun;
  std::string backend;
  std::vector<std::pair<std::string, std::string>> parameters;
  Placement placement = Placement::unpinned;

  [[nodiscard]] std::string to_string() const;
};

/// What no case of its kind can do without, as the case says.
enum class Bound {
  none,    ///< nothing single
  line,    ///< a cache line that goes to a peer that spins, and back
  wake,    ///< a peer that sleeps, woken, and its answer
  nearer,  ///< a line where each peer has a CPU to spin on, a wake where they share one
  copy,    ///< every byte copied into shared memory and out of it
  fork,    ///< a copy of the parent
  borrow,  ///< a child in the parent's memory
  thread,  ///< a thread
};

/// The limits that are floors, by noun and backend: the only place where they are spelled.
struct Limit {
  const char* noun;
  const char* backend;
};
inline constexpr std::string_view kLimits = "limits";
inline constexpr Limit kLineLimit{"cache_line", "spin"};
inline constexpr Limit kSwitchLimit{"context_switch", "sched_yield"};
inline constexpr Limit kWakeLimit{"wake_up", "futex"};
inline constexpr Limit kCopyLimit{"copy", "two_processes"};
inline constexpr Limit kForkLimit{"child", "fork"};
inline constexpr Limit kBorrowLimit{"child", "vfork"};
inline constexpr Limit kThreadLimit{"child", "thread"};

/// Bare twins (bench/bare_operations.hpp).
inline constexpr Limit kBarePipe{"bare", "pipe_round_trip"};
inline constexpr Limit kBareSemaphore{"bare", "semaphore_pair"};
inline constexpr Limit kBareLoad{"bare", "value_load"};

/// A case of measure `limits`, or why there is none.
struct Floor {
  std::optional<CaseId> limit;
  std::string why_none;
};

/// The case of `limits` that does the same as this one by bare system calls and instructions alone,
/// where there is one. What this one takes beyond it is our own.
std::optional<CaseId> bare_twin(const CaseId& id);

/// The floor of a case: at the same placement, and with the same size or memory where it has one.
Floor floor_of(const CaseId& id, Bound bound);

}  // namespace bench
