// How workers wake a pool that sleeps in poll(2), with one system call however many results come.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "ipc/os/error.hpp"
#include "ipc/os/spin.hpp"
#include "ipc/os/unique_fd.hpp"

namespace ipc {

/// The pool arms it, looks once more for what it waits for, and polls the descriptor; the first
/// worker that then brings something takes the arming away and rings. Both sides' steps are
/// sequentially consistent: the pool sees the result, or the worker the arming. A worker killed
/// between the two steps of ringing is no loss, as the pool polls for its death as well.
class Doorbell {
 public:
  struct alignas(128) Lines {
    std::atomic<std::uint32_t> is_armed{0};
    os::WakeNote ringer;
  };

  explicit Doorbell(Lines& lines)
      : lines_(&lines), event_(os::check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

  /// In a worker, after each result.
  void ring() {
    if (lines_->is_armed.load() && lines_->is_armed.exchange(0)) [[unlikely]]
      wake();
  }

  void arm() { lines_->is_armed.store(1); }
  void disarm() { lines_->is_armed.store(0); }
  [[nodiscard]] int descriptor() const { return event_.get(); }
  /// After the descriptor polled readable.
  void answer() {
    std::uint64_t rings = 0;
    if (::read(event_.get(), &rings, sizeof rings) == -1) return;
    lines_->ringer.learn(answered_ns_);
    answered_ns_ = lines_->ringer.called_ns();
  }

 private:
  void wake() {
    lines_->ringer.write();
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
  }

  Lines* lines_;
  std::int64_t answered_ns_ = 0;  ///< the ring that was answered last
  os::UniqueFd event_;
};

}  // namespace ipc
