// A worker of a pool over rings in shared memory.
#pragma once

#include "ipc/pool/doorbell.hpp"
#include "ipc/pool/result_ring.hpp"
#include "ipc/pool/spill_file.hpp"
#include "ipc/pool/task.hpp"
#include "ipc/pool/task_ring.hpp"

namespace ipc {

/// What a worker has of its pool.
template <os::WaitPolicy kWait>
class RingWorker {
 public:
  /// `arguments` and `spilled` are where the large bodies of tasks and of its results lie.
  RingWorker(WorkerSlot& slot, TaskRing<kWait>& tasks, const SpillFile& arguments,
             ResultRing results, const SpillFile& spilled, Doorbell& doorbell)
      : slot_(&slot),
        tasks_(&tasks),
        arguments_(&arguments),
        results_(results),
        spilled_(&spilled),
        doorbell_(&doorbell) {
    results_.become_producer();
  }

  /// Its life, until a stop or its last task.
  void serve(const PoolOptions& options) {
    if (const auto failed = failed_initializer(options, kFailedTask)) return send(*failed);
    slot_->who.store(os::my_short_identity());
    slot_->state.store(worker_state::kIdle);
    const int most = options.max_tasks_per_child.value_or(0);
    RingTask task;
    for (int tasks = 1;; ++tasks) {
      tasks_->take(*slot_, task);
      if (task.id == kStopTask) return;
      send(answer(task));
      const auto next = tasks == most ? worker_state::kRetired : worker_state::kIdle;
      slot_->state.store(next, std::memory_order_release);
      if (tasks == most) return;
    }
  }

 private:
  TaskResult answer(const RingTask& task) {
    if (!task.is_spilled()) return run_task(task.id, task.function, {task.body.data(), task.size});
    wire::Bytes body;
    try {
      body = arguments_->read(task.spilled_at(), task.size);
    } catch (const std::system_error& error) {
      return failed_result(task.id, error.code().value(), "receive a task");
    } catch (const std::bad_alloc&) {
      return failed_result(task.id, ENOMEM, "receive a task");
    }
    arguments_->release(task.spilled_at(), task.size);
    return run_task(task.id, task.function, body);
  }

  /// One that cannot be sent becomes an error.
  void send(const TaskResult& result) {
    try {
      put(result);
    } catch (const std::system_error& error) {
      put(failed_result(result.id, error));
    }
    doorbell_->ring();
  }

  void put(const TaskResult& result) {
    ResultSlot& slot = results_.reserve();
    if (const std::size_t size = result.bytes.size(); size > ResultSlot::kInlineBytes) {
      const std::uint64_t at = spill(result.bytes);
      std::memcpy(slot.body(), &at, sizeof at);
    } else if (size > 0) {
      std::memcpy(slot.body(), result.bytes.data(), size);
    }
    slot.id = result.id;
    slot.size = result.bytes.size();
    slot.outcome = static_cast<std::uint32_t>(result.outcome);
    slot.cpu = os::this_cpu();
    results_.commit();
  }

  /// Puts a body behind those that have not been read.
  std::uint64_t spill(std::span<const std::byte> body) {
    if (spilled_bytes_ > kMostSpilledBytes) results_.wait_until_taken(0);
    if (results_.is_empty()) spilled_bytes_ = 0;
    spilled_->write(spilled_bytes_, body);
    return std::exchange(spilled_bytes_, spilled_bytes_ + SpillFile::span(body.size()));
  }

  WorkerSlot* slot_;
  TaskRing<kWait>* tasks_;
  const SpillFile* arguments_;
  ResultRing results_;
  const SpillFile* spilled_;
  std::uint64_t spilled_bytes_ = 0;  ///< of it may not have been read
  Doorbell* doorbell_;
};

}  // namespace ipc
