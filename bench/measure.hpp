// What the binaries share: peers in the usual roles, and the rows of the matrix.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bench/harness/case.hpp"
#include "bench/harness/peers.hpp"
#include "bench/harness/placement.hpp"
#include "bench/harness/sampling.hpp"
#include "ipc/os/availability.hpp"
#include "ipc/pool/contract.hpp"
#include "ipc/queue/contract.hpp"

namespace bench {

using Parameters = std::vector<std::pair<std::string, std::string>>;
inline std::pair<std::string, std::string> parameter(const char* key, std::int64_t value) {
  return {key, std::to_string(value)};
}

/// Two peers, of which the first times round trips that the second answers.
Outcome round_trips(const Window& window, const PeerCpus& cpus,
                    const std::function<void(Peer&, Samples&)>& initiator,
                    const std::function<void(Peer&)>& echo);
inline Outcome round_trips(const Window& window, Placement placement,
                           const std::function<void(Peer&, Samples&)>& initiator,
                           const std::function<void(Peer&)>& echo) {
  return round_trips(window, cpus_of(placement, 2), initiator, echo);
}

/// One peer that times an operation, itself the parent of whatever it starts.
Outcome alone(const Window& window, Placement placement, const char* role,
              const std::function<void(Peer&, Samples&)>& body);

/// Two peers, of which one counts what it receives from the other.
Outcome one_way(const Window& window, Placement placement,
                const std::function<void(Peer&)>& producer,
                const std::function<void(Peer&)>& consumer);

/// N peers on one object; each counts what it did, together with the others. `prove` gets the sum
/// of all their operations since the start gate, and throws when the object does not agree.
Outcome contend(const Window& window, Placement placement, std::size_t processes,
                const std::function<void(Peer&)>& body,
                const std::function<void(std::int64_t)>& prove);

/// The result of peers of which the first `counting` counted in the same windows: all their
/// operations over the length of a window, and how evenly they were shared.
Outcome shared_out(PeersReport report, std::size_t counting, const Window& window);

/// The counters that tell how evenly an object was shared, by what each peer did.
void set_shares(Outcome& outcome, std::span<const std::int64_t> peers);

/// Waits for another process to change shared memory: spins, and lets others run when that takes
/// long, so that it ends on one CPU too.
class Spin {
 public:
  void pause() noexcept;

 private:
  static constexpr int kSpinsBeforeYield = 200;
  int spins_ = 0;
};

/// Every pool task of a case: proves itself by its number, and moves its worker to the case's CPUs.
struct PoolTask {
  std::uint64_t number = 0;
  std::int64_t cpu_count = 0;
  std::array<std::int32_t, 16> cpus{};

  PoolTask(Placement placement, std::size_t workers);
  [[nodiscard]] std::span<const std::byte> bytes() const {
    return std::as_bytes(std::span(this, 1));
  }
  /// What a worker runs; its result is a PoolAnswer.
  static void work(std::span<const std::byte> arguments, ipc::Bytes& result);
};
struct PoolAnswer {
  std::uint64_t number = 0;
  std::int32_t worker = 0;  ///< its thread's id, of a process the pid

  /// Throws unless the result is a value.
  explicit PoolAnswer(const ipc::TaskResult& result);
  PoolAnswer(std::uint64_t answered, std::int32_t by) : number(answered), worker(by) {}
};

/// How long a round trip through this backend takes at best, as its way of waiting has it.
template <class B>
inline constexpr Bound round_trip_bound =
    ipc::os::wait_policy<B> == ipc::os::WaitPolicy::spin    ? Bound::line
    : ipc::os::wait_policy<B> == ipc::os::WaitPolicy::block ? Bound::wake
                                                            : Bound::nearer;

/// What a parent has touched when it starts a child, MiB.
inline constexpr std::array kMemoriesMib{0, 16, 64, 256, 1024};
inline constexpr int kQuickMemoryMib = 0;

constexpr std::size_t bytes_of(int mib) {
  return static_cast<std::size_t>(mib) << 20;
}

/// Private memory of this process, every base page of it written to. The process's end frees it:
/// unmapping it earlier would count as its work. Throws std::system_error.
std::span<std::byte> touched_memory(std::size_t bytes);

/// Why a case that touches so much memory cannot run here, or nothing.
ipc::os::Unavailable memory_reason(int mib);

/// Why a queue cannot be made here with these options, or nothing.
template <ipc::ByteQueue Q>
ipc::os::Unavailable queue_reason(ipc::QueueOptions options) {
  if (auto reason = Q::unavailable()) return reason;
  return ipc::os::unavailable_if_throws([&] { Q queue(options); });
}

}  // namespace bench
