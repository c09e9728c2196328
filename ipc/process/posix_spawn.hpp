// Starter backend: posix_spawn(3) of a program that exits with the code it is given.
#pragma once

#include <spawn.h>
#include <unistd.h>

#include "ipc/process/contract.hpp"
#include "ipc/process/exit_program.hpp"
#include "ipc/process/pid_child.hpp"

namespace ipc {

/// Starts `ipcmark-exit`, which lies beside the running program, or where the installed library has
/// it.
struct SpawnStarter {
  using Child = PidChild;
  static constexpr std::string_view kName = "posix_spawn";
  static constexpr bool kHasStatus = true;
  static constexpr Makes kMakes = Makes::borrower;
  static os::Unavailable unavailable() { return exit_program::unavailable(); }

  static Child start(int code) {
    const std::string& program = exit_program::path();
    const exit_program::Arguments arguments(program, code);
    pid_t pid = 0;
    const int error =
        ::posix_spawn(&pid, program.c_str(), nullptr, nullptr, arguments.get(), ::environ);
    if (error) os::throw_error(error, "posix_spawn " + program);
    return Child(pid);
  }
};
static_assert(Starter<SpawnStarter>);

}  // namespace ipc
