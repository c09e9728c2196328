// Queue backend: a ring in shared memory under a robust mutex, pthread_mutexattr_setrobust(3).
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <optional>

#include "ipc/os/robust_mutex.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/queue/contract.hpp"
#include "ipc/queue/shm_event.hpp"
#include "ipc/queue/shm_layout.hpp"

namespace ipc {

/// The strict one: a put or a get is whole or has not been, also of a process that is killed at it,
/// and the order is that in which the mutex was taken. Messages are copied under the mutex. What it
/// guards is two counts, and each call changes one, once, when its copying is done: so there is
/// nothing half done to repair after a death, only somebody to wake.
///
/// A call waits for the mutex until its deadline, but 10 ms at least: a try gives false or nothing
/// for that reason only when its holder is stopped or starved.
class ShmRobustQueue {
 public:
  static constexpr std::string_view kName = "shm_robust";
  static constexpr bool kHasSize = true;
  static constexpr bool kHasTimed = true;
  static constexpr bool kSurvivesKill = true;
  static constexpr bool kNeedsReclaim = false;
  static constexpr std::size_t kMostMessageBytes = kAnyMessageBytes;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { ShmRobustQueue{QueueOptions{}}; });
  }

  explicit ShmRobustQueue(QueueOptions options)
      : capacity_(options.capacity_messages),
        max_bytes_(options.max_message_bytes),
        stride_(slot_stride(sizeof(std::size_t), max_bytes_)),
        slots_(slots_bytes(capacity_, stride_)) {}

  void put(std::span<const std::byte> message) { put_until(message, os::Deadline::never()); }
  bool try_put(std::span<const std::byte> message) {
    return put_until(message, os::Deadline::now());
  }
  bool put_until(std::span<const std::byte> message, os::Deadline deadline) {
    if (message.size() > max_bytes_) os::throw_error(EMSGSIZE, "shared memory queue put");
    const Side side{state_->not_full, state_->not_empty, state_->puts, puts_};
    return do_until(
        deadline, side, [&] { return has_room(); }, [&] { fill(message); });
  }

  std::size_t get(std::span<std::byte> buffer) { return *get_until(buffer, os::Deadline::never()); }
  std::optional<std::size_t> try_get(std::span<std::byte> buffer) {
    return get_until(buffer, os::Deadline::now());
  }
  std::optional<std::size_t> get_until(std::span<std::byte> buffer, os::Deadline deadline) {
    if (buffer.size() < max_bytes_) os::throw_error(EMSGSIZE, "shared memory queue get");
    std::size_t size = 0;
    const Side side{state_->not_empty, state_->not_full, state_->gets, gets_};
    const bool got = do_until(
        deadline, side, [&] { return has_message(); }, [&] { size = empty(buffer); });
    return got ? std::optional(size) : std::nullopt;
  }

  std::size_t size() {
    const std::uint64_t gets = state_->gets;
    return std::min(static_cast<std::size_t>(state_->puts - gets), capacity_);
  }
  std::size_t capacity_messages() { return capacity_; }
  std::size_t max_message_bytes() { return max_bytes_; }

 private:
  using Count = std::atomic<std::uint64_t>;
  using Taken = os::RobustMutex::Taken;
  struct State {
    alignas(128) os::RobustMutex mutex;
    Count puts{0};
    Count gets{0};
    alignas(128) ShmEvent not_empty;
    alignas(128) ShmEvent not_full;
  };
  static_assert(Count::is_always_lock_free);

  [[nodiscard]] std::byte* slot_of(std::uint64_t number) const {
    return slots_.data() + number % capacity_ * stride_;
  }
  // Without the mutex. The count that others make grow is read last: a no was true then.
  [[nodiscard]] bool has_room() const {
    const std::uint64_t puts = state_->puts;
    return static_cast<std::int64_t>(puts - state_->gets) < static_cast<std::int64_t>(capacity_);
  }
  [[nodiscard]] bool has_message() const {
    const std::uint64_t gets = state_->gets;
    return state_->puts != gets;
  }

  struct Side {
    ShmEvent& awaited;
    ShmEvent& caused;
    const Count& done;
    SpinHabit& habit;
  };

  /// Does the work under the mutex once it `can` be done; false when it could not until the
  /// deadline.
  template <class Can, class Work>
  bool do_until(os::Deadline deadline, const Side& side, Can can, Work work) {
    const auto attempt = [&](bool) { return can() && locked(deadline, can, work); };
    if (!attempt(false)) {
      if (deadline.expired()) return false;
      const bool is_done = side.awaited.await(attempt, can, deadline, side.habit, side.done);
      side.habit.waited(side.done);
      if (!is_done) return false;
    }
    side.caused.notify();
    return true;
  }
  template <class Can, class Work>
  bool locked(os::Deadline deadline, Can can, Work work) {
    Taken taken = state_->mutex.try_lock();
    if (taken == Taken::kNo) {
      constexpr os::Duration kAtLeast = std::chrono::milliseconds(10);
      const auto wait = std::max(deadline.remaining(), kAtLeast);
      taken = state_->mutex.lock_until(os::Deadline::after(wait));
      if (taken == Taken::kNo) return false;
    }
    const bool is_possible = can();
    if (is_possible) work();
    state_->mutex.unlock();
    if (taken == Taken::kAfterDeath) {
      // The dead one may have been about to wake somebody.
      state_->not_empty.notify();
      state_->not_full.notify();
    }
    return is_possible;
  }

  void fill(std::span<const std::byte> message) {
    std::byte* const slot = slot_of(state_->puts);
    const std::size_t size = message.size();
    std::memcpy(slot, &size, sizeof size);
    if (size > 0) std::memcpy(slot + sizeof size, message.data(), size);
    state_->puts = state_->puts + 1;
  }
  std::size_t empty(std::span<std::byte> buffer) {
    const std::byte* const slot = slot_of(state_->gets);
    std::size_t size = 0;
    std::memcpy(&size, slot, sizeof size);
    if (size > 0) std::memcpy(buffer.data(), slot + sizeof size, size);
    state_->gets = state_->gets + 1;
    return size;
  }

  std::size_t capacity_;
  std::size_t max_bytes_;
  std::size_t stride_;
  os::SharedMapping slots_;
  os::SharedObject<State> state_;
  SpinHabit puts_;
  SpinHabit gets_;
};

static_assert(ByteQueue<ShmRobustQueue>);

}  // namespace ipc
