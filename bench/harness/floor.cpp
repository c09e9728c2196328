#include "bench/harness/floor.hpp"

#include <fmt/format.h>

#include <array>

namespace bench {

std::string CaseId::to_string() const {
  std::string text = measure + "/" + noun + "/" + backend;
  for (const auto& [key, value] : parameters) text += "/" + key + ":" + value;
  return text + "/placement:" + std::string(name(placement));
}

namespace {

using Parameters = decltype(CaseId::parameters);

Floor at(const CaseId& id, const Limit& limit, Parameters parameters = {}) {
  return {
      CaseId{std::string(kLimits), limit.noun, limit.backend, std::move(parameters), id.placement},
      ""};
}

/// The limit under the case's own value of a parameter, and of a second one where it has that.
Floor at_same(const CaseId& id, const Limit& limit, std::string_view key,
              std::string_view second = "") {
  Parameters shared;
  for (const auto& one : id.parameters)
    if (one.first == key || one.first == second) shared.push_back(one);
  if (shared.empty() || shared.front().first != key)
    return {std::nullopt, fmt::format("it has no {} to be held against", key)};
  return at(id, limit, std::move(shared));
}

/// The limit of a parent with the same memory, in the same pages.
Floor memory_floor(const CaseId& id, const Limit& limit) {
  return at_same(id, limit, "memory_mib", "pages");
}

/// Two that spin on one CPU cannot do with less than a switch to the other and back.
Floor line_floor(const CaseId& id) {
  if (id.placement == Placement::same_core) return at(id, kSwitchLimit);
  if (id.placement == Placement::unpinned)
    return {std::nullopt, "peers that spin may share a CPU or not, as the scheduler likes"};
  return at(id, kLineLimit, {{"lines", "1"}});
}

std::string why_none(const CaseId& id) {
  if (id.measure == kLimits) return "it is a limit itself";
  if (id.measure == "contention") return "no single limit holds back N processes on one object";
  if (id.measure == "open_loop") return "the offered rate holds it back, or else its own backlog";
  if (id.measure == "lifecycle") return "no single limit holds back the making of an object";
  return "no single limit holds it back";
}

}  // namespace

std::optional<CaseId> bare_twin(const CaseId& id) {
  if (id.placement != Placement::same_core) return std::nullopt;
  struct Twins {
    const char* ours;
    Limit bare;
    Parameters parameters;
  };
  static const std::array kTwins{
      Twins{"latency/pipe/pipe/size:64", kBarePipe, {}},
      Twins{"contention/semaphore/posix/hold_ns:0/processes:1", kBareSemaphore, {}},
      Twins{"contention/shared/anonymous_atomic/operation:load/processes:1", kBareLoad, {}},
      Twins{"fork_cost/process/fork/memory_mib:0", kForkLimit, {{"memory_mib", "0"}}}};
  const std::string name = id.to_string();
  for (const auto& [ours, bare, parameters] : kTwins)
    if (name == fmt::format("{}/placement:same_core", ours))
      return CaseId{std::string(kLimits), bare.noun, bare.backend, parameters, id.placement};
  return std::nullopt;
}

Floor floor_of(const CaseId& id, Bound bound) {
  switch (bound) {
    case Bound::line:
      return line_floor(id);
    case Bound::wake:
      return at(id, kWakeLimit);
    case Bound::nearer:
      return id.placement == Placement::same_core ? at(id, kWakeLimit) : line_floor(id);
    case Bound::copy:
      return at_same(id, kCopyLimit, "size");
    case Bound::fork:
      return memory_floor(id, kForkLimit);
    case Bound::borrow:
      return memory_floor(id, kBorrowLimit);
    case Bound::thread:
      return memory_floor(id, kThreadLimit);
    case Bound::none:
      break;
  }
  return {std::nullopt, why_none(id)};
}

}  // namespace bench
