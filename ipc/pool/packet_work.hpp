// Tasks and results as packets: what a worker does with the one, and a pool with the other.
#pragma once

#include <system_error>

#include "ipc/pool/packet.hpp"
#include "ipc/pool/task.hpp"

namespace ipc {

/// The id of a packet that tells a worker to leave.
inline constexpr std::uint64_t kStopPacket = 0;

/// An exception result for a task that could not be brought to its worker or back.
inline TaskResult failed_result(std::uint64_t id, const std::system_error& error) {
  return {id, TaskResult::Outcome::exception,
          encode_exception(typeid(std::system_error).name(), error.what())};
}
inline TaskResult failed_result(std::uint64_t id, int error, const char* what) {
  return failed_result(id, std::system_error(error, std::system_category(), what));
}

/// The result that a worker sent.
inline TaskResult result_of(Packet packet) {
  if (packet.error) return failed_result(packet.id, packet.error, "receive a task's result");
  return {packet.id, static_cast<TaskResult::Outcome>(packet.word), std::move(packet.body)};
}

/// Runs a task that came as a packet and sends its result; one that cannot be sent becomes an
/// error.
inline void answer_packet(const Packet& task, int to) {
  const auto send = [&](const TaskResult& result) {
    send_packet(to, result.id, static_cast<std::uint64_t>(result.outcome), result.bytes);
  };
  if (task.error) return send(failed_result(task.id, task.error, "receive a task"));
  const auto result = run_task(task.id, reinterpret_cast<TaskFunction>(task.word), task.body);
  try {
    send(result);
  } catch (const std::system_error& error) {
    send(failed_result(task.id, error));
  }
}

/// A worker's life, until a stop or the end of the channel. `holding` is told each task's id before
/// it runs, and 0 when its result is sent.
template <class Holding>
int serve_packets(int from, int to, Holding holding) {
  while (const auto task = recv_packet(from, 0)) {
    if (task->id == kStopPacket) break;
    holding(task->id);
    answer_packet(*task, to);
    holding(0);
  }
  return 0;
}

}  // namespace ipc
