// Limits of one process alone: a system call, a look at the clock, the processor's own counter.
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

#include "bench/limits/five_instructions.hpp"
#include "bench/limits/themes.hpp"
#include "bench/measure.hpp"
#include "ipc/os/error.hpp"

namespace bench::limits {
namespace {

namespace os = ipc::os;

/// What no memory, kernel or library has a part in.
Outcome arithmetic(const Window& window, Placement placement) {
  return alone(window, placement, "calculator", [](Peer& peer, Samples& samples) {
    constexpr std::int64_t kTurns = 1000;
    peer.start();
    sample(peer, samples, [] { turn_anchor(kTurns); });
  });
}

/// An operation is one turn.
Outcome five_instructions(const Window& window, Placement placement) {
  return alone(window, placement, "calculator", [](Peer& peer, Samples& samples) {
    constexpr std::int64_t kTurns = 10'000;
    peer.start();
    sample(
        peer, samples, [] { turn_five_instructions(kTurns); }, kTurns);
  });
}

/// Past the C library, which might know the answer.
Outcome system_call(const Window& window, Placement placement) {
  return alone(window, placement, "caller", [](Peer& peer, Samples& samples) {
    const long parent = ::getppid();
    bool right = true;
    peer.start();
    sample(peer, samples, [&] { right &= ::syscall(SYS_getppid) == parent; });
    if (!right) throw std::runtime_error("getppid gave another process");
  });
}

/// Reads a clock again and again; it must never go back.
template <class Read>
Outcome clock_reads(const Window& window, Placement placement, Read read) {
  return alone(window, placement, "reader", [read](Peer& peer, Samples& samples) {
    bool back = false;
    std::uint64_t last = 0;
    peer.start();
    sample(peer, samples, [&] {
      const std::uint64_t now = read();
      back |= now < last;
      last = now;
    });
    if (back || last == 0) throw std::runtime_error("the clock went back, or stood at zero");
  });
}

std::uint64_t monotonic_ns() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

#if defined(__x86_64__) || defined(__i386__)
constexpr const char* kCycleCounter = "rdtsc";
std::uint64_t cycles() {
  return __builtin_ia32_rdtsc();
}
#elif defined(__aarch64__)
constexpr const char* kCycleCounter = "cntvct";
std::uint64_t cycles() {
  std::uint64_t count;
  asm volatile("mrs %0, cntvct_el0" : "=r"(count));
  return count;
}
#else
constexpr const char* kCycleCounter = nullptr;
std::uint64_t cycles() {
  return 0;
}
#endif

}  // namespace

void add_calls(Matrix& matrix) {
  const auto add = [&](const char* noun, const char* backend, const os::Unavailable& reason,
                       auto run) {
    matrix.add({noun, backend, {}, true, {}, reason, run}, kOneCpu, kOneCpu);
  };
  matrix.add({"alu", "loop", {}, true, {}, {}, &arithmetic, Bound::none, true}, kOneCpu, kOneCpu);
  matrix.add({"alu",
              "five_instructions",
              {},
              false,
              {},
              five_instructions_reason(),
              &five_instructions,
              Bound::none,
              false,
              true},
             kOneCpu, kOneCpu);
  add("system_call", "getppid", std::nullopt, &system_call);
  add("clock", "monotonic", std::nullopt, [](const Window& window, Placement placement) {
    return clock_reads(window, placement, [] { return monotonic_ns(); });
  });
  const os::Unavailable none = "this processor has no counter that ipcmark knows how to read";
  add("clock", kCycleCounter ? kCycleCounter : "cycle_counter", kCycleCounter ? std::nullopt : none,
      [](const Window& window, Placement placement) {
        return clock_reads(window, placement, [] { return cycles(); });
      });
}

}  // namespace bench::limits
