#include "bench/harness/fixed_form.hpp"

#include <cstdlib>

namespace bench {

namespace {

constexpr const char* kSpins =
    "peers that spin for each other on one CPU burn whole time slices: nothing to count";

std::int64_t number(const CaseId& id, std::string_view key, std::int64_t otherwise) {
  for (const auto& [name, value] : id.parameters)
    if (name == key) return std::atoll(value.c_str());
  return otherwise;
}

/// Messages: 10^4 instructions each, and what their bytes take to copy.
std::int64_t messages(const CaseId& id, std::int64_t small) {
  const std::int64_t size = number(id, "size", 0);
  if (size >= 1 << 20) return 10;
  return size >= 1 << 16 ? small / 4 : small;
}

bool starts_a_process(const CaseId& id) {
  return id.backend == "fork_per_task" || id.noun == "child" || id.measure == "fork_cost";
}

/// Memory of which one copy, or one parent, is more than a whole case may take.
bool is_too_large(const CaseId& id) {
  return number(id, "size", 0) > 4 << 20 || number(id, "memory_mib", 0) > 128;
}

std::int64_t limits_operations(const CaseId& id) {
  // Short enough that mostly no tick of the timer falls into it.
  if (id.noun == "alu" && id.backend == "five_instructions") return 100'000;
  if (id.noun == "alu") return 1000;
  if (id.noun == "clock" || id.noun == "system_call" || id.backend == "value_load") return 10'000;
  if (id.backend == "semaphore_pair") return 2000;
  if (id.noun == "page_fault") return id.backend == "huge" ? 8 : 1024;
  // Of few bytes the producer is 1024 messages ahead.
  if (id.noun == "copy" && number(id, "size", 0) < 4096) return 8192;
  if (id.noun == "copy") return number(id, "size", 0) >= 1 << 18 ? 10 : messages(id, 800);
  return 400;  // turns handed over
}

std::int64_t contention_operations(const CaseId& id) {
  if (id.noun == "shared" && id.backend.ends_with("_atomic")) return 10'000;
  return id.noun == "pool" ? 200 : 2000;
}

std::string why_not_contended(const CaseId& id) {
  if (number(id, "hold_ns", 0) > 0) return "an operation holds its lock for a time by the clock";
  if (id.noun == "pool") return "";
  if (number(id, "processes", 1) > 1)
    return "peers with fixed counts run one after the other on one CPU, and so do not contend";
  return "";
}

std::string why_none(const CaseId& id) {
  if (id.measure == "open_loop") return "its operations are due at moments of the clock";
  if (id.backend.ends_with("_spin") || id.noun == kLineLimit.noun) return kSpins;
  if (id.noun == "shared" && (id.measure == "latency" || id.measure == "throughput")) return kSpins;
  if (id.measure == "contention") return why_not_contended(id);
  if (is_too_large(id)) return "one operation takes more instructions than a whole case may";
  return "";
}

std::int64_t operations_of(const CaseId& id) {
  if (starts_a_process(id)) return 10;
  if (id.measure == kLimits) return limits_operations(id);
  if (id.measure == "contention") return contention_operations(id);
  if (id.measure == "lifecycle") {
    const bool forks = id.noun == "pool" || id.parameters[0].second == "attach";
    return forks ? 8 : 104;
  }
  if (id.measure == "throughput") return id.noun == "pool" ? 640 : messages(id, 1600);
  return id.noun == "pool" ? 200 : messages(id, 400);
}

/// Two that share a CPU need longer until a scheduler has settled how they take turns: whether the
/// one that is woken runs at once, for instance.
bool has_peers(const CaseId& id) {
  if (starts_a_process(id) || id.measure == "lifecycle") return false;
  if (id.measure == kLimits)
    return id.noun == kWakeLimit.noun || id.noun == kSwitchLimit.noun ||
           id.backend == kCopyLimit.backend || id.backend == kBarePipe.backend;
  return id.measure != "contention" || id.noun == "pool";
}

}  // namespace

FixedForm fixed_form(const CaseId& id) {
  if (std::string reason = why_none(id); !reason.empty()) return {0, 0, std::move(reason)};
  const std::int64_t operations = operations_of(id);
  return {operations, has_peers(id) ? 2 * operations : operations / 4, ""};
}

}  // namespace bench
