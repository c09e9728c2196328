#include "bench/bare_loops.hpp"

#include <sched.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <vector>

namespace bench::bare {

namespace {

std::int64_t now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

[[noreturn]] void fail(const char* call) {
  throw std::system_error(errno, std::system_category(), call);
}

void* shared_page() {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) fail("mmap");
  return page;
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

void echo(int from, int to) {
  char message[64];
  while (::read(from, message, sizeof message) == sizeof message)
    if (::write(to, message, sizeof message) != sizeof message) break;
}

}  // namespace

double pipe_round_trip_ns(int cpu, std::int64_t window_ns) {
  return in_bound_child(cpu, [window_ns] {
    int there[2], back[2];
    if (::pipe(there) != 0 || ::pipe(back) != 0) return 0.0;
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::close(there[1]);
      echo(there[0], back[1]);
      ::_exit(0);
    }
    ::close(there[0]);
    char message[64] = {};
    bool whole = true;
    const double ns = median_ns(window_ns, 20, [&] {
      whole &= ::write(there[1], message, sizeof message) == sizeof message;
      whole &= ::read(back[0], message, sizeof message) == sizeof message;
    });
    ::close(there[1]);
    ::waitpid(pid, nullptr, 0);
    return whole ? ns : 0.0;
  });
}

double semaphore_pair_ns(int cpu, std::int64_t window_ns) {
  return in_bound_child(cpu, [window_ns] {
    auto* page = static_cast<char*>(shared_page());
    auto* semaphore = reinterpret_cast<sem_t*>(page);
    auto* counter = reinterpret_cast<volatile std::int64_t*>(page + 1024);
    ::sem_init(semaphore, 1, 1);
    return median_ns(window_ns, 1000, [&] {
      ::sem_wait(semaphore);
      *counter = *counter + 1;
      ::sem_post(semaphore);
    });
  });
}

double value_load_ns(int cpu, std::int64_t window_ns) {
  return in_bound_child(cpu, [window_ns] {
    const auto* cell = static_cast<const volatile std::int64_t*>(shared_page());
    std::int64_t seen = 0;
    const double ns = median_ns(window_ns, 10'000, [&] { seen |= *cell; });
    return seen == 0 ? ns : 0.0;
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
