// The topology probe: how near two CPUs are to each other just now.
#pragma once

namespace bench {

/// Median round trip of one cache line between two processes that spin, one on each CPU, ns; takes
/// about a millisecond. A hypervisor that moves its guest's CPUs changes it, and with it every
/// result across CPUs. Throws CaseFailed, and the caller must be as one of run_peers().
double line_round_trip_ns(int first_cpu, int second_cpu);

/// Two probes of one distance differ by less than this factor: before and after 1400 processes of a
/// quiet run in one place, 99 in 100 did. Between threads of a core and cores it is 4 and more.
inline constexpr double kSameDistance = 2;

}  // namespace bench
