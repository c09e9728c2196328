// Bare loops: what the stopwatch check holds the suite against.
#pragma once

#include <cstdint>

namespace bench::bare {

/// Each runs one operation as plain C would, in processes of its own bound to CPU `cpu`, for
/// `window_ns` after a warm-up, and gives the ns an operation takes: the median over chunks of a
/// plain loop between two clock reads. No harness, no library of ours. Throws std::system_error.
double pipe_round_trip_ns(int cpu, std::int64_t window_ns);  ///< 64 bytes over two pipe(2)
double semaphore_pair_ns(int cpu, std::int64_t window_ns);   ///< sem_wait, one increment, sem_post
double value_load_ns(int cpu, std::int64_t window_ns);       ///< a load from shared memory
double fork_exit_wait_ns(int cpu, std::int64_t window_ns);   ///< fork, _exit, waitpid

}  // namespace bench::bare
