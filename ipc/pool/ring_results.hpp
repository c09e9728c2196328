// The results of all workers of a pool over rings in shared memory, as the pool takes them.
#pragma once

#include <algorithm>
#include <new>
#include <vector>

#include "ipc/os/shared_mapping.hpp"
#include "ipc/pool/doorbell.hpp"
#include "ipc/pool/result_ring.hpp"
#include "ipc/pool/spill_file.hpp"
#include "ipc/pool/task.hpp"
#include "ipc/pool/worker_slot.hpp"

namespace ipc {

/// What the workers tell: each has a slot, a ring and a file, which outlive it.
class RingResults {
 public:
  explicit RingResults(std::size_t workers)
      : memory_(sizeof(Doorbell::Lines) + workers * kWorkerBytes), files_(workers) {
    new (memory_.data()) Doorbell::Lines;
    for (std::size_t index = 0; index < workers; ++index) {
      new (memory_of(index)) SlotLines{};
      rings_.emplace_back(memory_of(index) + sizeof(SlotLines));
    }
  }

  [[nodiscard]] Doorbell::Lines& bell() const {
    return *reinterpret_cast<Doorbell::Lines*>(memory_.data());
  }
  [[nodiscard]] WorkerSlot& slot(std::size_t index) const {
    return reinterpret_cast<SlotLines*>(memory_of(index))->slot;
  }
  [[nodiscard]] const ResultRing& ring(std::size_t index) const { return rings_[index]; }
  [[nodiscard]] const SpillFile& file(std::size_t index) const { return files_[index]; }

  [[nodiscard]] bool has_any() const {
    return std::ranges::any_of(rings_, [](const auto& ring) { return ring.front() != nullptr; });
  }
  /// Calls `take` with each result that there is, and the CPU that it comes from; whether there was
  /// one.
  template <class Take>
  bool take_all(Take take) {
    bool any = false;
    for (std::size_t index = 0; index < rings_.size(); ++index) {
      ResultRing& ring = rings_[index];
      const ResultSlot* slot = ring.front();
      if (!slot) continue;
      any = true;
      for (; slot; slot = ring.front()) {
        const int cpu = slot->cpu;
        TaskResult result = result_in(*slot, files_[index]);
        ring.pop();
        take(std::move(result), cpu);
      }
      ring.tell_taken();
    }
    return any;
  }

 private:
  struct alignas(128) SlotLines {
    WorkerSlot slot;
  };
  static constexpr std::size_t kWorkerBytes = sizeof(SlotLines) + ResultRing::kBytes;

  [[nodiscard]] std::byte* memory_of(std::size_t index) const {
    return memory_.data() + sizeof(Doorbell::Lines) + index * kWorkerBytes;
  }

  static TaskResult result_in(const ResultSlot& slot, const SpillFile& file) {
    TaskResult result{slot.id, static_cast<TaskResult::Outcome>(slot.outcome), {}};
    if (slot.size <= ResultSlot::kInlineBytes) {
      result.bytes.assign(slot.body(), slot.body() + slot.size);
      return result;
    }
    std::uint64_t at = 0;
    std::memcpy(&at, slot.body(), sizeof at);
    try {
      result.bytes = file.read(at, slot.size);
    } catch (const std::system_error& error) {
      result = failed_result(slot.id, error.code().value(), "receive a task's result");
    } catch (const std::bad_alloc&) {
      result = failed_result(slot.id, ENOMEM, "receive a task's result");
    }
    file.release(at, slot.size);
    return result;
  }

  os::SharedMapping memory_;
  std::vector<SpillFile> files_;
  std::vector<ResultRing> rings_;
};

}  // namespace ipc
