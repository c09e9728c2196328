// The contests there are, by theme.
#pragma once

#include <string>
#include <vector>

#include "bench/rivals/contest.hpp"

namespace bench::rivals {

/// The shared-memory ring against a bare cache line, a bare futex, Boost's message_queue, and its
/// own spinning.
std::vector<Contest> ring_contests();
/// How long a bare cache line takes there and back across cores, from processes of a few ms; NaN
/// for other placements, and where it cannot be measured.
double line_round_trip_ns(Placement placement);
/// The shared-memory queue against Boost's message_queue, many producers and consumers.
std::vector<Contest> queue_contests();
/// The futex semaphore against sem_t and Boost's.
std::vector<Contest> semaphore_contests();
/// Lock against the mutexes of pthreads and Boost that processes can share.
std::vector<Contest> lock_contests();
/// The backends over the kernel's mechanisms against the bare calls.
std::vector<Contest> kernel_contests();
/// The typed objects against CPython's multiprocessing, run by `python` with `script`; Process also
/// against bare fork(2), _exit(2) and waitpid(2).
std::vector<Contest> python_contests(const std::string& python, const std::string& script);

/// A pipe's round trips and one-way messages against the programs of other projects that time the
/// same: `perf bench sched pipe` and `hackbench`.
std::vector<Contest> tool_contests();

/// What perf bench says an operation took, in ns; throws CaseFailed where it does not say.
double perf_operation_ns(const std::string& output);
/// What hackbench says everything took, in ns; throws CaseFailed where it does not say.
double hackbench_total_ns(const std::string& output);

}  // namespace bench::rivals
