// Placements: which CPUs the peers of a case run on.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/os/cpu.hpp"

namespace bench {

/// `pair` stands for two CPUs that the case names itself; it is none of kPlacements.
enum class Placement { unpinned, same_core, smt_sibling, cross_core, cross_socket, pair };
inline constexpr std::array kPlacements{Placement::unpinned, Placement::same_core,
                                        Placement::smt_sibling, Placement::cross_core,
                                        Placement::cross_socket};

std::string_view name(Placement placement);

/// The CPUs among which a placement spreads its peers, one peer after the other and round again:
/// one CPU for same_core, two threads of a core for smt_sibling, one CPU of every core of the first
/// package that has two for cross_core, one of every package for cross_socket; empty for unpinned.
/// Nothing when the machine has none such, and for a pair.
std::optional<std::vector<int>> spread(Placement placement, std::span<const ipc::os::Cpu> cpus);

/// Why a placement cannot be had, as one line; what spread() gives nothing for.
std::string why_not(Placement placement);

/// The CPUs that this process may use, read once.
std::span<const ipc::os::Cpu> machine();

/// The CPUs of each peer of a case; an empty list leaves a peer unpinned.
using PeerCpus = std::vector<std::vector<int>>;

/// Those of `peers` peers.
PeerCpus cpus_of(Placement placement, std::size_t peers);

}  // namespace bench
