#include "bench/harness/placement.hpp"

#include <map>
#include <set>

namespace bench {

using ipc::os::Cpu;

std::string_view name(Placement placement) {
  switch (placement) {
    case Placement::unpinned:
      return "unpinned";
    case Placement::same_core:
      return "same_core";
    case Placement::smt_sibling:
      return "smt_sibling";
    case Placement::cross_core:
      return "cross_core";
    case Placement::cross_socket:
      return "cross_socket";
    case Placement::pair:
      return "pair";
  }
  return "?";
}

namespace {

using Ids = std::vector<int>;

std::optional<Ids> siblings(std::span<const Cpu> cpus) {
  std::map<std::pair<int, int>, Ids> cores;
  for (const Cpu& cpu : cpus) {
    auto& core = cores[{cpu.package, cpu.core}];
    core.push_back(cpu.id);
    if (core.size() == 2) return core;
  }
  return std::nullopt;
}

std::optional<Ids> one_per_core(std::span<const Cpu> cpus) {
  std::map<int, Ids> packages;
  std::set<std::pair<int, int>> seen;
  for (const Cpu& cpu : cpus)
    if (seen.insert({cpu.package, cpu.core}).second) packages[cpu.package].push_back(cpu.id);
  for (const auto& [package, ids] : packages)
    if (ids.size() >= 2) return ids;
  return std::nullopt;
}

std::optional<Ids> one_per_package(std::span<const Cpu> cpus) {
  std::map<int, int> packages;
  for (const Cpu& cpu : cpus) packages.try_emplace(cpu.package, cpu.id);
  if (packages.size() < 2) return std::nullopt;
  Ids ids;
  for (const auto& [package, id] : packages) ids.push_back(id);
  return ids;
}

}  // namespace

std::optional<Ids> spread(Placement placement, std::span<const Cpu> cpus) {
  switch (placement) {
    case Placement::unpinned:
      return Ids{};
    case Placement::same_core:
      return Ids{cpus.front().id};
    case Placement::smt_sibling:
      return siblings(cpus);
    case Placement::cross_core:
      return one_per_core(cpus);
    case Placement::cross_socket:
      return one_per_package(cpus);
    case Placement::pair:
      break;
  }
  return std::nullopt;
}

std::string why_not(Placement placement) {
  switch (placement) {
    case Placement::smt_sibling:
      return "no core here has two usable hardware threads";
    case Placement::cross_core:
      return "no package here has two usable cores";
    case Placement::cross_socket:
      return "only one package (socket) is usable here";
    default:
      return "";
  }
}

std::span<const Cpu> machine() {
  static const std::vector<Cpu> cpus = ipc::os::allowed_cpus();
  return cpus;
}

PeerCpus cpus_of(Placement placement, std::size_t peers) {
  const Ids ids = spread(placement, machine()).value();
  std::vector<Ids> each(peers);
  if (!ids.empty())
    for (std::size_t peer = 0; peer < peers; ++peer) each[peer] = {ids[peer % ids.size()]};
  return each;
}

}  // namespace bench
