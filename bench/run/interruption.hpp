// Ctrl-C, SIGTERM and SIGHUP as something to wait for.
#pragma once

#include <csignal>
#include <optional>

#include "ipc/os/unique_fd.hpp"

namespace bench::run {

/// While it lives, SIGINT, SIGTERM and SIGHUP do not end this process but can be polled for. A
/// signal that was ignored before (nohup, a background job of a shell) stays ignored. Needs a
/// single-threaded process; one at a time.
class Interruption {
 public:
  /// Throws std::system_error.
  Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption();

  /// Polls readable once a signal came (signalfd(2)).
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// The first signal that came, if any; the same for every later call.
  std::optional<int> signal();

 private:
  sigset_t before_;
  ipc::os::UniqueFd fd_;
  std::optional<int> signal_;
};

}  // namespace bench::run
