// Tasks and results as packets: what a worker does with the one, and a pool with the other.
#pragma once

#include <optional>

#include "ipc/pool/packet.hpp"
#include "ipc/pool/task.hpp"
#include "ipc/pool/worker_slot.hpp"

namespace ipc {

/// The result that a worker sent.
inline TaskResult result_of(Packet packet) {
  if (packet.error) return failed_result(packet.id, packet.error, "receive a task's result");
  return {packet.id, static_cast<TaskResult::Outcome>(packet.word), std::move(packet.body)};
}

/// Sends a result; one that cannot be sent becomes an error.
inline void send_result(const TaskResult& result, int to) {
  const auto send = [&](const TaskResult& sent) {
    send_packet(to, sent.id, static_cast<std::uint64_t>(sent.outcome), sent.bytes);
  };
  try {
    send(result);
  } catch (const std::system_error& error) {
    send(failed_result(result.id, error));
  }
}

/// Runs a task that came as a packet and sends its result.
inline void answer_packet(const Packet& task, int to) {
  if (task.error)
    send_result(failed_result(task.id, task.error, "receive a task"), to);
  else
    send_result(run_task(task.id, reinterpret_cast<TaskFunction>(task.word), task.body), to);
}

/// A worker's life, until a stop or its last task.
inline void serve_packets(const PoolOptions& options, int from, int to, WorkerSlot& slot) {
  if (const auto failed = failed_initializer(options, kFailedTask)) return send_result(*failed, to);
  slot.state.store(worker_state::kIdle);
  const int most = options.max_tasks_per_child.value_or(0);
  for (int tasks = 1; const auto task = recv_packet(from, 0); ++tasks) {
    if (task->id == kStopTask) break;
    slot.state.store(task->id);
    answer_packet(*task, to);
    slot.state.store(tasks == most ? worker_state::kRetired : worker_state::kIdle);
    if (tasks == most) break;
  }
}

}  // namespace ipc
