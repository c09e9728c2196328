#include "bench/bare_loops.hpp"

#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <vector>

#include "bench/bare_operations.hpp"

namespace bench::bare {

namespace {

std::int64_t now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// Medians of chunks of `chunk` operations: a third of the window to warm up, then measured.
template <class Operation>
double median_ns(std::int64_t window_ns, int chunk, Operation operation) {
  for (const std::int64_t end = now_ns() + window_ns / 3; now_ns() < end;)
    for (int i = 0; i < chunk; ++i) operation();
  std::vector<double> chunks;
  chunks.reserve(1 << 16);
  for (const std::int64_t end = now_ns() + window_ns; now_ns() < end;) {
    const std::int64_t from = now_ns();
    for (int i = 0; i < chunk; ++i) operation();
    chunks.push_back(static_cast<double>(now_ns() - from) / chunk);
  }
  const auto middle = chunks.begin() + static_cast<std::ptrdiff_t>(chunks.size() / 2);
  std::nth_element(chunks.begin(), middle, chunks.end());
  return *middle;
}

/// Runs a measurement in a child bound to one CPU.
template <class Measure>
double in_bound_child(int cpu, Measure measure) {
  auto* result = static_cast<double*>(shared_page());
  const pid_t pid = ::fork();
  if (pid == -1) fail("fork");
  if (pid == 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    if (::sched_setaffinity(0, sizeof set, &set) == 0) *result = measure();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  const double ns = *result;
  ::munmap(result, 4096);
  if (status != 0 || ns <= 0) throw std::system_error(ECHILD, std::system_category(), "bare loop");
  return ns;
}

}  // namespace

double pipe_round_trip_ns(int cpu, std::int64_t window_ns) {
  return in_bound_child(cpu, [window_ns] {
    PipePair pipes;
    const pid_t pid = ::fork();
    if (pid == 0) {
      pipes.keep_second();
      pipes.answer();
      ::_exit(0);
    }
    pipes.keep_first();
    const double ns = median_ns(window_ns, 20, [&] { pipes.round_trip(); });
    pipes.end();
    ::waitpid(pid, nullptr, 0);
    return pipes.is_whole() ? ns : 0.0;
  });
}

double semaphore_pair_ns(int cpu, std::int64_t window_ns) {
  return in_bound_child(cpu, [window_ns] {
    SemaphorePair pair;
    return median_ns(window_ns, 1000, [&] { pair.take_and_give(); });
  });
}

double value_load_ns(int cpu, std::int64_t window_ns) {
  return in_bound_child(cpu, [window_ns] {
    Value value;
    const double ns = median_ns(window_ns, 10'000, [&] { value.load(); });
    return value.is_right() ? ns : 0.0;
  });
}

double fork_exit_wait_ns(int cpu, std::int64_t window_ns) {
  return in_bound_child(cpu, [window_ns] {
    bool right = true;
    const double ns = median_ns(window_ns, 1, [&] {
      const pid_t pid = ::fork();
      if (pid == 0) ::_exit(7);
      int status = 0;
      right &= ::waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7;
    });
    return right ? ns : 0.0;
  });
}

}  // namespace bench::bare
