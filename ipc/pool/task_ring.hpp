// The tasks of a pool on their way to its workers: a ring of slots in shared memory that all pull
// from.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include "ipc/os/availability.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/pool/awake.hpp"
#include "ipc/pool/contract.hpp"
#include "ipc/pool/result_ring.hpp"
#include "ipc/pool/worker_slot.hpp"
#include "ipc/queue/shm_event.hpp"
#include "ipc/queue/shm_slots.hpp"

namespace ipc {

/// A task as a worker has it. A body that does not fit lies where the spill file has it.
struct RingTask {
  static constexpr std::size_t kInlineBytes = kPoolSlotBytes - 32;

  std::uint64_t id;
  TaskFunction function;
  std::size_t size;
  std::array<std::byte, kInlineBytes> body;

  [[nodiscard]] bool is_spilled() const { return size > kInlineBytes; }
  [[nodiscard]] std::uint64_t spilled_at() const {
    std::uint64_t at = 0;
    std::memcpy(&at, body.data(), sizeof at);
    return at;
  }
};

/// Filled by the pool alone, and without a lock: a slot that a worker is at names it, so it may be
/// killed at any instruction (ShmSlots). The worker writes down which task it holds before it gives
/// the slot back: at no time is there a task of which nobody can say where it is.
///
/// One worker at a time spins for the next task, where the policy has it; others sleep, and are
/// woken one at a time, each by the one before it when there is more to do (ShmEvent).
template <os::WaitPolicy kWait>
class TaskRing {
 public:
  explicit TaskRing(std::size_t workers)
      : slots_(std::max<std::size_t>(kSlots, 2 * workers), kPoolSlotBytes - sizeof(Slot), 0) {}

  /// Whether put() has room. Not while a worker is at the oldest slot.
  [[nodiscard]] bool has_room() const { return slots_.has_more(ShmSlots::Side::kPut); }
  /// `body` is the arguments, or where they are spilled; `size` theirs.
  void put(std::uint64_t id, TaskFunction function, std::span<const std::byte> body,
           std::size_t size) {
    ShmSlots::Claim claim;
    if (slots_.claim(ShmSlots::Side::kPut, claim) != ShmSlots::Found::kClaimed)
      os::throw_error(EAGAIN, "put a task");
    claim.slot->size = size;
    auto& head = *reinterpret_cast<Head*>(claim.slot->bytes());
    head = {id, function};
    if (!body.empty()) std::memcpy(&head + 1, body.data(), body.size());
    ShmSlots::finish(ShmSlots::Side::kPut, claim);
    lines_->event.notify();
  }
  /// Where the pool runs now, which workers that wait should know.
  void note_cpu(int cpu) {
    if (lines_->pool_cpu.load(std::memory_order_relaxed) != cpu)
      lines_->pool_cpu.store(cpu, std::memory_order_relaxed);
  }
  /// After a worker's death: `lose` is called with the task that it was taking.
  template <class Lose>
  void after_death(const WorkerSlot& worker, Lose lose) {
    slots_.repair_all_of(worker.who.load(), [&](Slot& slot) {
      lose(reinterpret_cast<const Head*>(slot.bytes())->id);
    });
    lines_->event.distrust_scout();
    if (slots_.has_more(ShmSlots::Side::kGet)) lines_->event.notify();
  }

  /// The next task of the worker whose slot that is, for which it waits.
  void take(WorkerSlot& worker, RingTask& task) {
    if (try_take(worker, task)) return;
    const auto attempt = [&](bool) { return try_take(worker, task); };
    lines_->event.await(
        attempt, [&] { return slots_.has_more(ShmSlots::Side::kGet); }, os::Deadline::never(),
        kWait != os::WaitPolicy::block, [&] { return wait_for(worker, task); });
  }

 private:
  using Slot = ShmSlots::Slot;
  struct Head {
    std::uint64_t id;
    TaskFunction function;
  };
  struct Lines {
    alignas(128) ShmEvent event;
    alignas(128) os::SpinSeat seat;
    alignas(128) std::atomic<int> pool_cpu{os::kUnknownCpu};
  };
  static constexpr std::size_t kSlots = 256;
  static_assert(sizeof(Slot) + sizeof(Head) + RingTask::kInlineBytes == kPoolSlotBytes);

  bool try_take(WorkerSlot& worker, RingTask& task) {
    ShmSlots::Claim claim;
    if (slots_.claim(ShmSlots::Side::kGet, claim) != ShmSlots::Found::kClaimed) return false;
    const auto& head = *reinterpret_cast<const Head*>(claim.slot->bytes());
    worker.state.store(head.id, std::memory_order_release);
    task.id = head.id;
    task.function = head.function;
    task.size = claim.slot->size;
    const std::size_t here = task.is_spilled() ? sizeof(std::uint64_t) : task.size;
    if (here > 0) std::memcpy(task.body.data(), &head + 1, here);
    ShmSlots::finish(ShmSlots::Side::kGet, claim);
    return true;
  }

  bool wait_for(WorkerSlot& worker, RingTask& task) {
    auto& [event, seat, pool_cpu] = *lines_;
    for (;;) {
      const bool came = wait_awake<kWait>(seat, pool_cpu, os::Deadline::never(),
                                          [&] { return try_take(worker, task); });
      if (came || kWait != os::WaitPolicy::spin || seat.is_taken(os::now_ns())) return came;
    }
  }

  ShmSlots slots_;
  os::SharedObject<Lines> lines_;
};

}  // namespace ipc
