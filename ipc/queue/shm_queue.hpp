// Queue backend: a ring of slots in shared memory, claimed without a lock.
#pragma once

#include <cstring>
#include <optional>

#include "ipc/os/cpu.hpp"
#include "ipc/os/error.hpp"
#include "ipc/queue/contract.hpp"
#include "ipc/queue/shm_event.hpp"
#include "ipc/queue/shm_slots.hpp"

namespace ipc {

/// Messages are copied into and out of the slots side by side; the kernel is entered only to sleep
/// and to wake (ShmSlots, ShmEvent). Who is killed takes with it the message that it was putting or
/// getting. The place of such a message counts as taken until the messages before it are got; it is
/// freed by whoever is hindered by it, after 50 ms at most, try_put and try_get at once.
///
/// A try does not wait for others that are in the middle of a call: try_put gives false while the
/// oldest message is still being got, try_get nothing while it is still being put, also when that
/// process is stopped. Blocking calls wait for it.
class ShmQueue {
 public:
  static constexpr std::string_view kName = "shm_ring";
  static constexpr bool kHasSize = true;
  static constexpr bool kHasTimed = true;
  static constexpr bool kSurvivesKill = true;
  static constexpr bool kNeedsReclaim = false;
  static constexpr os::WaitPolicy kWaitPolicy = os::WaitPolicy::adaptive;
  static constexpr std::size_t kMostMessageBytes = kAnyMessageBytes;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { ShmQueue{QueueOptions{}}; });
  }

  /// The laps of the ring may be counted from another number than 0, to try how they wrap around.
  explicit ShmQueue(QueueOptions options, std::uint64_t first_lap = 0)
      : max_bytes_(options.max_message_bytes),
        slots_(options.capacity_messages, max_bytes_, first_lap) {}

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
    if (slots_.claim(side, claim) == Found::kClaimed) [[likely]]
      return true;
    const bool is_put = side == Side::kPut;
    SpinHabit& habit = is_put ? puts_ : gets_;
    ShmEvent& event = is_put ? events_->not_full : events_->not_empty;
    const bool is_claimed = event.await(
        [&](bool is_impatient) {
          return is_impatient ? try_claim(side, claim)
                              : slots_.claim(side, claim) == Found::kClaimed;
        },
        [&] { return slots_.has_more(side); }, deadline, habit, slots_.place(side));
    habit.waited(slots_.place(side));
    return is_claimed;
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
    if (!message.empty()) std::memcpy(claim.slot->bytes(), message.data(), message.size());
    ShmSlots::finish(Side::kPut, claim);
    events_->not_empty.notify();
  }
  std::size_t empty(const Claim& claim, std::span<std::byte> buffer) {
    const std::size_t size = claim.slot->size;
    if (size > 0) std::memcpy(buffer.data(), claim.slot->bytes(), size);
    ShmSlots::finish(Side::kGet, claim);
    events_->not_full.notify();
    return size;
  }

  std::size_t max_bytes_;
  ShmSlots slots_;
  os::SharedObject<Events> events_;
  SpinHabit puts_;
  SpinHabit gets_;
};

static_assert(ByteQueue<ShmQueue>);

}  // namespace ipc
