// Limits of moving bytes: a copy in one process, and a copy in and a copy out between two.
#include <sched.h>

#include <algorithm>
#include <cstring>

#include "bench/harness/caches.hpp"
#include "bench/limits/themes.hpp"
#include "bench/measure.hpp"
#include "bench/streams.hpp"
#include "ipc/os/shared_mapping.hpp"

namespace bench::limits {
namespace {

namespace os = ipc::os;

/// Inside L1, L2, L3 and in none of them, on the processors of today.
constexpr std::array kCopySizes{16 << 10, 256 << 10, 4 << 20, 256 << 20};

Outcome copy_alone(std::size_t size, const Window& window, Placement placement) {
  Outcome outcome = alone(window, placement, "copier", [size](Peer& peer, Samples& samples) {
    const auto from = touched_memory(size), to = touched_memory(size);
    fill(from);
    std::uint64_t number = 0;
    peer.start();
    sample(peer, samples, [&] {
      stamp(from, number);
      std::memcpy(to.data(), from.data(), size);
      expect(to, number++);
    });
    if (std::memcmp(to.data(), from.data(), size) != 0)
      throw std::runtime_error("the copy differs");
  });
  outcome.counters["message_bytes"] = static_cast<double>(size);
  outcome.counters["bytes_per_second"] = static_cast<double>(size) * 1e9 / outcome.operation_ns;
  const int cpu = cpus_of(placement, 1)[0].at(0);
  if (const auto level = cache_level(cpu, 2 * size))  // what is read and what is written
    outcome.counters["cache_level"] = *level;
  return outcome;
}

/// Slots in shared memory, each with the number of the message in it, and a word that tells how
/// many were read.
class Slots {
 public:
  explicit Slots(std::size_t size)
      : stride_(stride_of(size)),
        count_(std::clamp(kBytes / stride_, kFewest, kMost)),
        memory_(kHead + count_ * stride_) {}

  [[nodiscard]] std::size_t count() const { return count_; }
  std::atomic<std::uint64_t>& read() const {
    return *reinterpret_cast<std::atomic<std::uint64_t>*>(memory_.data());
  }
  std::atomic<std::uint64_t>& number(std::uint64_t message) const {
    return *reinterpret_cast<std::atomic<std::uint64_t>*>(slot(message));
  }
  std::byte* bytes(std::uint64_t message) const { return slot(message) + sizeof(std::uint64_t); }

 private:
  static constexpr std::size_t kHead = 128, kBytes = 64 << 10, kFewest = 4, kMost = 1024;

  /// Small slots share a line, so that one transfer brings several messages.
  static std::size_t stride_of(std::size_t size) {
    const std::size_t step = size <= sizeof(std::uint64_t) ? 16 : 64;
    return (size + sizeof(std::uint64_t) + step - 1) / step * step;
  }
  std::byte* slot(std::uint64_t message) const {
    return memory_.data() + kHead + message % count_ * stride_;
  }

  std::size_t stride_;
  std::size_t count_;
  os::SharedMapping memory_;
};

/// Waits for the other side: on the CPU that both share by letting it run at once.
class Wait {
 public:
  explicit Wait(Placement placement) : shared_cpu_(placement == Placement::same_core) {}
  void once() {
    if (shared_cpu_)
      ::sched_yield();
    else
      spin_.pause();
  }

 private:
  bool shared_cpu_;
  Spin spin_;
};

Outcome copy_between(std::size_t size, const Window& window, Placement placement) {
  const Slots slots(size);
  const auto producer = [&](Peer& peer) {
    std::uint64_t sent = 0, read = 0;
    produce(peer, size, [&](std::span<const std::byte> message) {
      for (Wait wait(placement); sent - read == slots.count(); wait.once())
        read = slots.read().load(std::memory_order_acquire);
      std::memcpy(slots.bytes(sent), message.data(), size);
      slots.number(sent).store(sent + 1, std::memory_order_release);
      ++sent;
    });
  };
  const auto consumer = [&](Peer& peer) {
    std::vector<std::byte> buffer(size);
    std::uint64_t received = 0;
    peer.start();
    consume(peer, [&]() -> std::span<const std::byte> {
      const auto& number = slots.number(received);
      for (Wait wait(placement); number.load(std::memory_order_acquire) != received + 1;)
        wait.once();
      std::memcpy(buffer.data(), slots.bytes(received), size);
      // Told only now and then: the word is a line that the producer has to fetch.
      if (++received % (slots.count() / 4) == 0)
        slots.read().store(received, std::memory_order_release);
      return buffer;
    });
  };
  Outcome outcome = one_way(window, placement, producer, consumer);
  set_bytes(outcome, size);
  outcome.counters["capacity_messages"] = static_cast<double>(slots.count());
  return outcome;
}

}  // namespace

void add_copies(Matrix& matrix) {
  for (const int size : kCopySizes) {
    const int mib = 2 * size >> 20;
    matrix.add({kCopyLimit.noun,
                "one_process",
                {parameter("size", size)},
                true,
                std::chrono::milliseconds(mib),
                memory_reason(mib),
                [size](const Window& window, Placement placement) {
                  return copy_alone(static_cast<std::size_t>(size), window, placement);
                },
                Bound::none,
                size == kCopySizes[0]},
               kOneCpu, kOneCpu);
  }
  for (const int size : kStreamSizes)
    matrix.add({kCopyLimit.noun,
                kCopyLimit.backend,
                {parameter("size", size)},
                true,
                {},
                {},
                [size](const Window& window, Placement placement) {
                  return copy_between(static_cast<std::size_t>(size), window, placement);
                }},
               kPlacements, kQuickPlacements);
}

}  // namespace bench::limits
