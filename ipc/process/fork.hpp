// Starter backend: fork(2), and the child leaves at once.
#pragma once

#include <unistd.h>

#include "ipc/process/contract.hpp"
#include "ipc/process/pid_child.hpp"

namespace ipc {

/// A bare fork and _exit: no flush, no pidfd, nothing else that a caller would not have to pay for.
struct ForkStarter {
  using Child = PidChild;
  static constexpr std::string_view kName = "fork";
  static constexpr bool kHasStatus = true;
  static os::Unavailable unavailable() { return std::nullopt; }

  static Child start(int code) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(code);
    return Child(os::check(pid, "fork"));
  }
};
static_assert(Starter<ForkStarter>);

}  // namespace ipc
