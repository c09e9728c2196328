// Limits of starting a child that ends at once, and reaping it: bare fork, vfork and thread.
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/limits/themes.hpp"
#include "bench/measure.hpp"
#include "bench/parent_memory.hpp"
#include "ipc/os/error.hpp"

namespace bench::limits {
namespace {

namespace os = ipc::os;

/// What came back from a child that was to end with `code`.
int reaped(pid_t child, const char* call) {
  os::check(child, call);
  int status = 0;
  os::check(os::retry_eintr([&] { return ::waitpid(child, &status, 0); }), "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int forked(int code) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(code);
  return reaped(child, "fork");
}

/// A frame of its own: the child must not change what the parent goes on with.
[[gnu::noinline]] pid_t leave_at_once(int code) {
  const pid_t child = ::vfork();
  if (child == 0) ::_exit(code);
  return child;
}

int vforked(int code) {
  return reaped(leave_at_once(code), "vfork");
}

int joined(int code) {
  pthread_t thread{};
  void* back = nullptr;
  const auto same = [](void* given) { return given; };
  if (const int error =
          ::pthread_create(&thread, nullptr, same, reinterpret_cast<void*>(std::intptr_t{code})))
    os::throw_error(error, "pthread_create");
  if (const int error = ::pthread_join(thread, &back)) os::throw_error(error, "pthread_join");
  return static_cast<int>(reinterpret_cast<std::intptr_t>(back));
}

Outcome start_and_reap(int (*child)(int), const ParentMemory& memory, const Window& window,
                       Placement placement) {
  Outcome outcome = alone(window, placement, "parent", [&](Peer& peer, Samples& samples) {
    static_cast<void>(memory.touch());
    int code = 0;
    peer.start();
    sample(peer, samples, [&] {
      code = (code + 1) & 0x7f;
      if (const int back = child(code); back != code)
        throw std::runtime_error(fmt::format("child ended with {}, not {}", back, code));
    });
  });
  outcome.counters["memory_bytes"] = static_cast<double>(memory.bytes());
  return outcome;
}

void add(Matrix& matrix, const Limit& limit, int (*child)(int), std::span<const MemoryRow> rows) {
  for (const MemoryRow& row : rows)
    matrix.add({limit.noun, limit.backend, row.memory.parameters(), row.is_quick(), row.setup,
                row.memory.reason(),
                [child, row](const Window& window, Placement placement) {
                  return start_and_reap(child, row.memory, patient(window, row.setup), placement);
                }},
               row.placements, row.placements);
}

}  // namespace

void add_children(Matrix& matrix) {
  add(matrix, kForkLimit, &forked, memory_rows(true, true));
  add(matrix, kBorrowLimit, &vforked, memory_rows(false, true));
  add(matrix, kThreadLimit, &joined, memory_rows(false, false));
}

}  // namespace bench::limits
