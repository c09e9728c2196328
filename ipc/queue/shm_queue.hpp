// Queue backend: a ring of slots in shared memory, claimed without a lock.
#pragma once

#include <atomic>
#include <optional>

#include "ipc/os/copy.hpp"
#include "ipc/os/cpu.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/membarrier.hpp"
#include "ipc/queue/contract.hpp"
#include "ipc/queue/shm_event.hpp"
#include "ipc/queue/shm_slots.hpp"

namespace ipc {

/// What one process knows of its waits on one side of a queue, in its own memory. Places say how
/// far that side has got.
class WaitHabit {
 public:
  /// Not awake where hundreds of messages went by since the last wait: a sleep costs little for
  /// each then, and leaves the CPU to the others. In a stream, of which some went by, it looks
  /// seldom: who looks at every moment takes the line out of the other's hands at every message,
  /// and never lets it get ahead. Now and then it tries so whether it is a stream.
  [[nodiscard]] Pace pace(std::uint64_t place) {
    constexpr std::uint64_t kLongRun = 512;
    constexpr int kStreamPauses = 32, kTriesAfter = 32;
    const std::uint64_t run = place - last_wait_.load(std::memory_order_relaxed);
    int lone = lone_waits_.load(std::memory_order_relaxed) + 1;
    if (run > 0) lone = 0;
    lone_waits_.store(lone == kTriesAfter ? 0 : lone, std::memory_order_relaxed);
    return {run >= kLongRun, lone == 0 || lone == kTriesAfter ? kStreamPauses : 0};
  }
  void waited(std::uint64_t place) { last_wait_.store(place, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> last_wait_{0};
  std::atomic<int> lone_waits_{0};
};

/// Messages are copied into and out of the slots side by side; the kernel is entered only to sleep
/// and to wake (ShmSlots, ShmEvent). Who is killed takes with it the message that it was putting or
/// getting. The place of such a message counts as taken until the messages before it are got; it is
/// freed by whoever is hindered by it, after 50 ms at most, try_put and try_get at once.
///
/// A try does not wait for others that are in the middle of a call: try_put gives false while the
/// oldest message is still being got, try_get nothing while it is still being put, also when that
/// process is stopped. Blocking calls wait for it.
///
/// A spinning waiter never sleeps, an adaptive one first looks for about as long as being woken
/// takes, one at a time on each side (WaitHabit).
template <os::WaitPolicy kWait>
class ShmQueueOf {
 public:
  static constexpr std::string_view kName = os::ring_name(kWait);
  static constexpr bool kHasSize = true;
  static constexpr bool kHasTimed = true;
  static constexpr bool kSurvivesKill = true;
  static constexpr bool kNeedsReclaim = false;
  static constexpr os::WaitPolicy kWaitPolicy = kWait;
  static constexpr std::size_t kMostMessageBytes = kAnyMessageBytes;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { ShmQueueOf{QueueOptions{}}; });
  }

  /// The laps of the ring may be counted from another number than 0, to try how they wrap around.
  explicit ShmQueueOf(QueueOptions options, std::uint64_t first_lap = 0)
      : max_bytes_(options.max_message_bytes),
        slots_(options.capacity_messages, max_bytes_, first_lap) {
    const bool trusts = os::allow_membarrier();
    events_->not_empty.trust_barrier(trusts);
    events_->not_full.trust_barrier(trusts);
  }

  void put(std::span<const std::byte> message) { put_until(message, os::Deadline::never()); }
  bool try_put(std::span<const std::byte> message) {
    require_fits(message.size());
    Claim claim;
    if (!try_claim(Side::kPut, claim)) return false;
    fill(claim, message);
    return true;
  }
  bool put_until(std::span<const std::byte> message, os::Deadline deadline) {
    require_fits(message.size());
    Claim claim;
    if (!claim_until(Side::kPut, claim, deadline)) return false;
    fill(claim, message);
    return true;
  }

  std::size_t get(std::span<std::byte> buffer) { return *get_until(buffer, os::Deadline::never()); }
  std::optional<std::size_t> try_get(std::span<std::byte> buffer) {
    require_holds(buffer.size());
    Claim claim;
    if (!try_claim(Side::kGet, claim)) return std::nullopt;
    return empty(claim, buffer);
  }
  std::optional<std::size_t> get_until(std::span<std::byte> buffer, os::Deadline deadline) {
    require_holds(buffer.size());
    Claim claim;
    if (!claim_until(Side::kGet, claim, deadline)) return std::nullopt;
    return empty(claim, buffer);
  }

  std::size_t size() { return slots_.size(); }
  std::size_t capacity_messages() { return slots_.capacity(); }
  std::size_t max_message_bytes() { return max_bytes_; }

 private:
  using Claim = ShmSlots::Claim;
  using Found = ShmSlots::Found;
  using Side = ShmSlots::Side;
  static constexpr std::uint64_t kSettles = 256;  ///< messages, from one look whether it is quiet
  struct Events {
    alignas(128) ShmEvent not_empty;
    alignas(128) ShmEvent not_full;
  };
  void require_fits(std::size_t bytes) const {
    if (bytes > max_bytes_) os::throw_error(EMSGSIZE, "shared memory queue put");
  }
  void require_holds(std::size_t bytes) const {
    if (bytes < max_bytes_) os::throw_error(EMSGSIZE, "shared memory queue get");
  }

  bool try_claim(Side side, Claim& claim) {
    for (;;) {
      const Found found = slots_.claim(side, claim);
      if (found == Found::kClaimed) return true;
      if (slots_.catch_up(side)) continue;
      if (found == Found::kNothing) return false;
      // Most are finished in less time than looking for the owner takes.
      if (!is_finished_soon(claim) && !repair(claim)) return false;
    }
  }

  bool claim_until(Side side, Claim& claim, os::Deadline deadline) {
    if (slots_.claim(side, claim) == Found::kClaimed) [[likely]] {
      if (claim.place % kSettles == 0) [[unlikely]]
        event(side).settle();
      return true;
    }
    return await(side, claim, deadline);
  }

  [[gnu::noinline]] bool await(Side side, Claim& claim, os::Deadline deadline) {
    WaitHabit& habit = side == Side::kPut ? puts_ : gets_;
    const bool is_claimed = event(side).template await<kWait>(
        [&](bool is_impatient) {
          return is_impatient ? try_claim(side, claim)
                              : slots_.claim(side, claim) == Found::kClaimed;
        },
        [&] { return slots_.has_more(side); }, deadline, habit.pace(slots_.place(side)));
    habit.waited(slots_.place(side));
    return is_claimed;
  }
  /// Where that side waits.
  [[nodiscard]] ShmEvent& event(Side side) const {
    return side == Side::kPut ? events_->not_full : events_->not_empty;
  }

  static bool is_finished_soon(const Claim& claim) {
    constexpr int kLooks = 100;
    for (int i = 0; i < kLooks; ++i) {
      if (claim.slot->state.load() != claim.state.word()) return true;
      os::relax();
    }
    return false;
  }

  bool repair(const Claim& claim) {
    if (!ShmSlots::repair(claim)) return false;
    // Behind the dead one's slot there may be messages, and it is free itself.
    events_->not_empty.notify();
    events_->not_full.notify();
    return true;
  }

  void fill(const Claim& claim, std::span<const std::byte> message) {
    claim.slot->size = message.size();
    os::copy_bytes(claim.slot->bytes(), message.data(), message.size());
    events_->not_empty.after([&](bool by_store) { ShmSlots::finish(Side::kPut, claim, by_store); });
  }
  std::size_t empty(const Claim& claim, std::span<std::byte> buffer) {
    const std::size_t size = claim.slot->size;
    os::copy_bytes(buffer.data(), claim.slot->bytes(), size);
    events_->not_full.after([&](bool by_store) { ShmSlots::finish(Side::kGet, claim, by_store); });
    return size;
  }

  std::size_t max_bytes_;
  ShmSlots slots_;
  os::SharedObject<Events> events_;
  WaitHabit puts_, gets_;
};

using ShmQueue = ShmQueueOf<os::WaitPolicy::adaptive>;
using ShmQueueSpin = ShmQueueOf<os::WaitPolicy::spin>;
using ShmQueueBlock = ShmQueueOf<os::WaitPolicy::block>;
static_assert(ByteQueue<ShmQueue> && ByteQueue<ShmQueueSpin> && ByteQueue<ShmQueueBlock>);

}  // namespace ipc
