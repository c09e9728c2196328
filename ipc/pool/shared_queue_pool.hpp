// Pool backend: workers forked at the start pull their tasks from one shared queue.
#pragma once

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <vector>

#include "ipc/os/shared_mapping.hpp"
#include "ipc/pool/ledger.hpp"
#include "ipc/pool/packet_work.hpp"

namespace ipc {

/// Tasks wait in a packet socket that all workers read, results in another that the pool reads.
/// Nobody ever holds a lock, so a worker may be killed at any moment. Each worker keeps the id of
/// its task in a slot of shared memory; the pool learns of a death by pidfd and of the task from
/// the slot. Between taking a task and writing the slot a worker holds a task that nobody can name:
/// after a death the pool looks for tasks that are out, no longer in the queue and in nobody's
/// slot, and gives the living kGrace to claim them before it calls them lost.
class SharedQueuePool {
 public:
  static constexpr std::string_view kName = "shared_queue";
  static constexpr bool kInProcess = false;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { SharedQueuePool{1}; });
  }

  explicit SharedQueuePool(unsigned workers)
      : ledger_(workers),
        tasks_(PacketChannel::make()),
        results_(PacketChannel::make()),
        slots_(workers * sizeof(Slot)) {
    workers_.resize(workers);
    for (unsigned index = 0; index < workers; ++index) start(index);
  }
  SharedQueuePool(const SharedQueuePool&) = delete;
  SharedQueuePool& operator=(const SharedQueuePool&) = delete;
  ~SharedQueuePool() {
    if (ledger_.is_owner()) terminate();
  }

  std::uint64_t submit(TaskFunction function, std::span<const std::byte> arguments) {
    const std::uint64_t id = ledger_.next_id();
    const auto word = reinterpret_cast<std::uintptr_t>(function);
    for (;;) {
      const Sent sent = try_send_packet(tasks_.sender.get(), id, word, arguments, MSG_DONTWAIT);
      if (sent == Sent::yes) break;
      if (sent == Sent::full) {
        pump(os::Deadline::never(), true);
      } else {
        pump(os::Deadline::after(std::chrono::milliseconds(1)), false);
      }
    }
    ledger_.sent(id);  // only now: one that could not be sent is not out
    return id;
  }

  std::optional<TaskResult> collect(os::Deadline deadline) {
    return ledger_.collect(deadline, [this](os::Deadline until) { pump(until, false); });
  }

  [[nodiscard]] unsigned workers() const { return static_cast<unsigned>(workers_.size()); }

  void finish() {
    ledger_.require_owner();
    while (!ledger_.out().empty()) pump(os::Deadline::never(), false);
    if (!ledger_.end()) return;
    for (std::size_t i = 0; i < workers_.size(); ++i)
      send_packet(tasks_.sender.get(), kStopPacket, 0, {});
    for (auto& worker : workers_) worker.wait_until(os::Deadline::after(kPatience));
    for (auto& worker : workers_) worker = {};
  }

  void terminate() {
    ledger_.require_owner();
    ledger_.abandon();
    for (auto& worker : workers_) worker.kill(SIGKILL);
    for (auto& worker : workers_) worker = {};
    suspects_.clear();
  }

 private:
  /// The id of the task that a worker holds, 0 for none. A line of its own, as each worker writes.
  struct alignas(64) Slot {
    std::atomic<std::uint64_t> task;
  };
  struct Suspect {
    os::Deadline until;
    os::ExitStatus status;
  };
  static constexpr std::chrono::milliseconds kGrace{200};
  static constexpr std::chrono::milliseconds kSlice{20};
  static constexpr std::chrono::seconds kPatience{1};

  [[nodiscard]] Slot& slot(std::size_t index) const {
    return reinterpret_cast<Slot*>(slots_.data())[index];
  }

  void start(std::size_t index) {
    slot(index).task.store(0);
    workers_[index] = os::Child::fork([this, index] { return serve(slot(index)); });
  }

  /// A worker's life. It ends with the pool's process (os::die_with_parent), or at a stop.
  int serve(Slot& mine) {
    tasks_.sender.reset();
    results_.receiver.reset();
    return serve_packets(tasks_.receiver.get(), results_.sender.get(),
                         [&](std::uint64_t id) { mine.task.store(id); });
  }

  /// Waits until something happens, at most until the deadline, and deals with it.
  void pump(os::Deadline deadline, bool want_space) {
    if (take_results()) {
      if (++hurried_ % 64 != 0) return;
      deadline = os::Deadline::now();  // also a busy pool looks after its workers
    }
    polled_.clear();
    bool blind = !suspects_.empty();
    for (const auto& worker : workers_) {
      polled_.push_back({worker.pidfd(), POLLIN, 0});
      blind = blind || worker.pidfd() < 0;  // kernels before 5.3, and workers not yet replaced
    }
    polled_.push_back({results_.receiver.get(), POLLIN, 0});
    if (want_space) polled_.push_back({tasks_.sender.get(), POLLOUT, 0});
    const auto until =
        blind ? os::Deadline::after(std::min<os::Duration>(deadline.remaining(), kSlice))
              : deadline;
    const int ready = ::poll(polled_.data(), polled_.size(), until.poll_timeout_ms());
    if (ready == -1 && errno != EINTR) os::throw_errno("poll");
    take_results();
    for (std::size_t i = 0; i < workers_.size(); ++i)
      if (polled_[i].fd < 0 || polled_[i].revents) look_after(i);
    judge();
  }

  bool take_results() {
    bool any = false;
    while (auto packet = recv_packet(results_.receiver.get(), MSG_DONTWAIT)) {
      any = true;
      // A task called lost by mistake, as its worker was stopped in between, is not given twice.
      ledger_.finished(result_of(*std::move(packet)));
    }
    return any;
  }

  /// Replaces a worker that has ended, and says which task ended with it.
  void look_after(std::size_t index) {
    if (workers_[index].pid() > 0) {
      const auto status = workers_[index].try_wait();
      if (!status) return;
      take_results();  // what it sent before its death counts
      const std::uint64_t held = slot(index).task.load();
      slot(index).task.store(0);
      workers_[index] = {};
      if (ledger_.out().contains(held)) {
        ledger_.lost(held, *status);
      } else {
        suspect(*status);
      }
    }
    try {
      start(index);
    } catch (const std::system_error&) {  // no process to be had: tried again, while others work
      if (std::ranges::all_of(workers_, [](const auto& each) { return each.pid() <= 0; })) throw;
    }
  }

  /// The tasks that a worker may have held when it died without one in its slot.
  void suspect(os::ExitStatus status) {
    // Tasks are taken in the order of their ids: what is before the head of the queue is taken.
    const auto head = peek_packet_id(tasks_.receiver.get());
    for (const std::uint64_t id : ledger_.out()) {
      if (head && *head != kStopPacket && id >= *head) break;
      suspects_.try_emplace(id, Suspect{os::Deadline::after(kGrace), status});
    }
  }

  void judge() {
    if (suspects_.empty()) return;
    for (std::size_t i = 0; i < workers_.size(); ++i) suspects_.erase(slot(i).task.load());
    for (const auto& [id, suspect] : suspects_)
      if (suspect.until.expired()) ledger_.lost(id, suspect.status);
    std::erase_if(suspects_, [&](const auto& each) { return !ledger_.out().contains(each.first); });
  }

  TaskLedger ledger_;
  PacketChannel tasks_;
  PacketChannel results_;
  os::SharedMapping slots_;
  std::vector<os::Child> workers_;
  std::vector<pollfd> polled_;
  std::map<std::uint64_t, Suspect> suspects_;
  unsigned hurried_ = 0;
};

static_assert(TaskPool<SharedQueuePool>);

}  // namespace ipc
