// Pool backend: workers forked at the start, each with a channel of its own.
#pragma once

#include <poll.h>

#include <algorithm>
#include <vector>

#include "ipc/pool/ledger.hpp"
#include "ipc/pool/packet_work.hpp"

namespace ipc {

/// The pool hands a task to a worker that is idle, and submit() waits while there is none; so a
/// worker holds one task at most, and the pool always knows which. Nothing is shared between
/// workers, but each task costs its submitter the wait for a worker's turn: no worker finds the
/// next task by itself.
class WorkerChannelPool {
 public:
  static constexpr std::string_view kName = "worker_channel";
  static constexpr bool kInProcess = false;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { WorkerChannelPool{1}; });
  }

  explicit WorkerChannelPool(unsigned workers) : ledger_(workers), workers_(workers) {
    for (auto& worker : workers_) start(worker);
  }
  WorkerChannelPool(const WorkerChannelPool&) = delete;
  WorkerChannelPool& operator=(const WorkerChannelPool&) = delete;
  ~WorkerChannelPool() {
    if (ledger_.is_owner()) terminate();
  }

  std::uint64_t submit(TaskFunction function, std::span<const std::byte> arguments) {
    const std::uint64_t id = ledger_.next_id();
    while (!hand_over(idle_worker(), id, function, arguments)) {
    }
    ledger_.sent(id);
    return id;
  }

  std::optional<TaskResult> collect(os::Deadline deadline) {
    return ledger_.collect(deadline, [this](os::Deadline until) { pump(until); });
  }

  [[nodiscard]] unsigned workers() const { return static_cast<unsigned>(workers_.size()); }

  void finish() {
    ledger_.require_owner();
    while (!ledger_.out().empty()) pump(os::Deadline::never());
    if (!ledger_.end()) return;
    for (auto& worker : workers_) stop(worker);
    for (auto& worker : workers_) worker.child.wait_until(os::Deadline::after(kPatience));
    for (auto& worker : workers_) worker = {};
  }

  void terminate() {
    ledger_.require_owner();
    ledger_.abandon();
    for (auto& worker : workers_) worker.child.kill(SIGKILL);
    for (auto& worker : workers_) worker = {};
  }

 private:
  struct Worker {
    os::Child child;
    os::UniqueFd channel;    ///< none while it could not be replaced
    std::uint64_t task = 0;  ///< what it was handed; 0 for nothing
  };
  static constexpr std::chrono::milliseconds kSlice{20};
  static constexpr std::chrono::seconds kPatience{1};

  void start(Worker& worker) {
    PacketChannel ends = PacketChannel::make();
    worker.child = os::Child::fork([&] {
      for (auto& other : workers_) other.channel.reset();
      ends.sender.reset();
      return serve_packets(ends.receiver.get(), ends.receiver.get(), [](std::uint64_t) {});
    });
    worker.channel = std::move(ends.sender);
  }

  static void stop(Worker& worker) {
    try {
      if (worker.channel) send_packet(worker.channel.get(), kStopPacket, 0, {});
    } catch (const std::system_error&) {  // it is gone already
    }
  }

  /// Ends a worker that is of no use any more, and starts another if a process is to be had; if
  /// not, that is tried again while others work.
  void replace(Worker& worker) {
    worker = {};
    try {
      start(worker);
    } catch (const std::system_error&) {
      if (std::ranges::none_of(workers_, [](const auto& each) { return each.channel.get() >= 0; }))
        throw;
    }
  }

  Worker& idle_worker() {
    for (;;) {
      const auto idle = std::ranges::find_if(
          workers_, [](const auto& each) { return each.channel && each.task == 0; });
      if (idle != workers_.end()) return *idle;
      pump(os::Deadline::never());
    }
  }

  /// False when that has to be tried again, maybe with another worker.
  bool hand_over(Worker& worker, std::uint64_t id, TaskFunction function,
                 std::span<const std::byte> arguments) {
    const auto word = reinterpret_cast<std::uintptr_t>(function);
    try {
      if (try_send_packet(worker.channel.get(), id, word, arguments, MSG_DONTWAIT) == Sent::yes) {
        worker.task = id;
        return true;
      }
      pump(os::Deadline::after(std::chrono::milliseconds(1)));  // too many descriptors under way
    } catch (const std::system_error& error) {
      const int number = error.code().value();
      if (number != EPIPE && number != ECONNRESET) throw;
      replace(worker);  // it died without a task
    }
    return false;
  }

  /// Waits until something happens, at most until the deadline, and deals with it.
  void pump(os::Deadline deadline) {
    polled_.clear();
    bool blind = false;
    for (const auto& worker : workers_) {
      polled_.push_back({worker.channel.get(), POLLIN, 0});
      polled_.push_back({worker.child.pidfd(), POLLIN, 0});
      blind = blind || worker.child.pidfd() < 0;  // kernels before 5.3, and workers not replaced
    }
    const auto until =
        blind ? os::Deadline::after(std::min<os::Duration>(deadline.remaining(), kSlice))
              : deadline;
    const int ready = ::poll(polled_.data(), polled_.size(), until.poll_timeout_ms());
    if (ready == -1 && errno != EINTR) os::throw_errno("poll");
    for (std::size_t i = 0; i < workers_.size(); ++i)
      if (blind || polled_[2 * i].revents || polled_[2 * i + 1].revents) look_after(workers_[i]);
  }

  /// Takes in a worker's result, or its death.
  void look_after(Worker& worker) {
    if (!worker.channel) return replace(worker);
    if (take_result(worker)) return;
    const auto status = worker.child.try_wait();
    if (!status) return;
    // What it sent between that look and its death counts.
    if (!take_result(worker) && worker.task) ledger_.lost(worker.task, *status);
    replace(worker);
  }

  bool take_result(Worker& worker) {
    auto packet = recv_packet(worker.channel.get(), MSG_DONTWAIT);
    if (!packet) return false;
    worker.task = 0;
    ledger_.finished(result_of(*std::move(packet)));
    return true;
  }

  TaskLedger ledger_;
  std::vector<Worker> workers_;
  std::vector<pollfd> polled_;
};

static_assert(TaskPool<WorkerChannelPool>);

}  // namespace ipc
