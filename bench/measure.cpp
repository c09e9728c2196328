#include "bench/measure.hpp"

#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>

#include "bench/statistics/summary.hpp"
#include "ipc/os/cpu.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/limits.hpp"
#include "ipc/os/shared_mapping.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace bench {

namespace os = ipc::os;

Outcome round_trips(const Window& window, const PeerCpus& cpus,
                    const std::function<void(Peer&, Samples&)>& initiator,
                    const std::function<void(Peer&)>& echo) {
  const os::SharedObject<Samples> samples;
  const PeersReport report =
      run_peers({{"initiator", cpus[0], [&](Peer& peer) { initiator(peer, *samples); }},
                 {"echo", cpus[1], echo}},
                window);
  Outcome outcome;
  outcome.set_samples(*samples);
  outcome.set_report(report);
  return outcome;
}

Outcome alone(const Window& window, Placement placement, const char* role,
              const std::function<void(Peer&, Samples&)>& body) {
  const os::SharedObject<Samples> samples;
  const PeersReport report = run_peers(
      {{role, cpus_of(placement, 1)[0], [&](Peer& peer) { body(peer, *samples); }}}, window);
  Outcome outcome;
  outcome.set_samples(*samples);
  outcome.set_report(report);
  return outcome;
}

Outcome one_way(const Window& window, Placement placement,
                const std::function<void(Peer&)>& producer,
                const std::function<void(Peer&)>& consumer) {
  const auto cpus = cpus_of(placement, 2);
  const PeersReport report =
      run_peers({{"consumer", cpus[1], consumer}, {"producer", cpus[0], producer}}, window);
  Outcome outcome;
  outcome.set_report(report);
  outcome.operations = report.total_counted(0);
  outcome.counters["messages_per_second"] = 1e9 / outcome.operation_ns;
  return outcome;
}

Outcome contend(const Window& window, Placement placement, std::size_t processes,
                const std::function<void(Peer&)>& body,
                const std::function<void(std::int64_t)>& prove) {
  const auto cpus = cpus_of(placement, processes);
  std::vector<PeerPlan> plans;
  for (std::size_t i = 0; i < processes; ++i)
    plans.push_back({fmt::format("contender {}", i + 1), cpus[i], body});
  PeersReport report = run_peers(plans, window);
  prove(report.operations);
  return shared_out(std::move(report), processes, window);
}

Outcome shared_out(PeersReport report, std::size_t counting, const Window& window) {
  std::vector<std::int64_t> totals;
  for (std::size_t i = 0; i < counting; ++i) totals.push_back(report.total_counted(i));
  for (std::size_t k = 0; k < report.repetitions.size(); ++k) {
    Repetition& one = report.repetitions[k];
    // With a fixed count there is one peer, and it knows how long that took.
    if (!window.is_fixed()) one.elapsed_ns = window.timed.count();
    one.operations = 0;
    for (std::size_t i = 0; i < counting; ++i) one.operations += report.counted[i][k];
  }
  Outcome outcome;
  outcome.set_report(report);
  outcome.counted.assign(report.counted.begin(),
                         report.counted.begin() + static_cast<std::ptrdiff_t>(counting));
  outcome.operations = std::accumulate(totals.begin(), totals.end(), std::int64_t{0});
  outcome.counters["operations_per_second"] = 1e9 / outcome.operation_ns;
  set_shares(outcome, totals);
  return outcome;
}

void set_shares(Outcome& outcome, std::span<const std::int64_t> peers) {
  const auto [least, most] = std::ranges::minmax(peers);
  const auto all =
      static_cast<double>(std::accumulate(peers.begin(), peers.end(), std::int64_t{0}));
  if (all == 0) return;
  const auto count = static_cast<double>(peers.size());
  outcome.counters["processes"] = count;
  const std::vector<double> shares(peers.begin(), peers.end());
  outcome.counters["jain_index"] = statistics::jain_index(shares);
  outcome.counters["min_max_share"] = static_cast<double>(least) / static_cast<double>(most);
  outcome.counters["worst_share"] = static_cast<double>(least) * count / all;
}

void Spin::pause() noexcept {
  if (++spins_ % kSpinsBeforeYield == 0) {
    ::sched_yield();
    return;
  }
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

PoolTask::PoolTask(Placement placement, std::size_t workers) {
  // The first place is the submitter's; workers take the next ones.
  const auto all = cpus_of(placement, workers + 1);
  for (std::size_t i = 1; i < all.size(); ++i)
    for (const int cpu : all[i])
      if (static_cast<std::size_t>(cpu_count) < cpus.size())
        cpus[static_cast<std::size_t>(cpu_count++)] = cpu;
}

void PoolTask::work(std::span<const std::byte> arguments, ipc::Bytes& result) {
  if (arguments.size() != sizeof(PoolTask)) throw std::runtime_error("task arguments cut short");
  PoolTask task(Placement::unpinned, 0);
  std::memcpy(&task, arguments.data(), sizeof task);
  // A worker may be a thread, or a fork of one that was bound elsewhere.
  static thread_local pid_t bound = 0;
  const pid_t self = ::gettid();
  if (task.cpu_count > 0 && bound != self) {
    os::pin({task.cpus.begin(), task.cpus.begin() + task.cpu_count});
    bound = self;
  }
  const PoolAnswer answer(~task.number, self);
  const auto bytes = std::as_bytes(std::span(&answer, 1));
  result.assign(bytes.begin(), bytes.end());
}

PoolAnswer::PoolAnswer(const ipc::TaskResult& result) {
  if (result.outcome != ipc::TaskResult::Outcome::value || result.bytes.size() != sizeof *this)
    throw std::runtime_error(fmt::format("task {} failed", result.id));
  std::memcpy(static_cast<void*>(this), result.bytes.data(), sizeof *this);
  number = ~number;
}

std::span<std::byte> touched_memory(std::size_t bytes) {
  constexpr std::size_t kPage = 4096;
  if (bytes == 0) return {};
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) os::throw_errno(fmt::format("mmap {} bytes", bytes));
  ::madvise(memory, bytes, MADV_NOHUGEPAGE);  // EINVAL where the kernel has none anyway
  for (std::size_t at = 0; at < bytes; at += kPage) static_cast<volatile char*>(memory)[at] = 1;
  return {static_cast<std::byte*>(memory), bytes};
}

os::Unavailable memory_reason(int mib) {
  // Touched memory, and as much again for page tables and whatever the machine does besides.
  constexpr std::size_t kReserve = std::size_t{256} << 20;
  const auto available = static_cast<std::size_t>(os::available_memory_bytes());
  if (bytes_of(mib) + kReserve <= available) return std::nullopt;
  return fmt::format("needs {} MiB of free memory, {} MiB are available", mib + 256,
                     available >> 20);
}

}  // namespace bench
