// Starter backend: vfork(2), and the child leaves at once.
#pragma once

#include <unistd.h>

#include "ipc/process/contract.hpp"
#include "ipc/process/pid_child.hpp"

namespace ipc {

/// The child borrows the parent's memory, so nothing of it is copied; the thread that started it
/// sleeps until it left. Sanitizers know vfork and allow what follows it here, which is nothing but
/// _exit.
struct VforkStarter {
  using Child = PidChild;
  static constexpr std::string_view kName = "vfork";
  static constexpr bool kHasStatus = true;
  static constexpr Makes kMakes = Makes::borrower;
  static os::Unavailable unavailable() { return std::nullopt; }

  static Child start(int code) { return Child(os::check(leave_at_once(code), "vfork")); }

 private:
  /// A frame of its own: what the child does to it is over when the parent goes on in it.
  [[gnu::noinline]] static pid_t leave_at_once(int code) {
    const pid_t pid = ::vfork();
    if (pid == 0) ::_exit(code);
    return pid;
  }
};
static_assert(Starter<VforkStarter>);

}  // namespace ipc
