// Starter backend: fork(2), then execve(2) of a program that exits with the code it is given.
#pragma once

#include <unistd.h>

#include "ipc/os/pipe_ends.hpp"
#include "ipc/process/contract.hpp"
#include "ipc/process/exit_program.hpp"
#include "ipc/process/pid_child.hpp"

namespace ipc {

/// Starts `ipcmark-exit` as programs did before posix_spawn: start() returns once it is executed,
/// which the end of a close-on-exec pipe tells; through the same pipe comes the error when it
/// cannot be, so that this is never taken for a child's exit code.
struct ForkExecStarter {
  using Child = PidChild;
  static constexpr std::string_view kName = "fork_exec";
  static constexpr bool kHasStatus = true;
  static os::Unavailable unavailable() { return exit_program::unavailable(); }

  static Child start(int code) { return start(exit_program::path(), code); }

  /// The same with another program. Throws the error of execve, and then there is no child.
  static Child start(const std::string& program, int code) {
    const exit_program::Arguments arguments(program, code);
    os::PipeEnds failure = os::PipeEnds::make();
    const pid_t pid = ::fork();
    if (pid == 0) execute(program.c_str(), arguments.get(), failure.write.get());
    Child child(os::check(pid, "fork"));
    failure.write.reset();
    int error = 0;
    const auto got =
        os::retry_eintr([&] { return ::read(failure.read.get(), &error, sizeof error); });
    if (got == static_cast<ssize_t>(sizeof error)) os::throw_error(error, "execve " + program);
    return child;
  }

 private:
  [[noreturn]] static void execute(const char* program, char* const* arguments, int failure) {
    ::execve(program, arguments, ::environ);
    const int error = errno;
    // An int fits into an empty pipe; were it lost, the exit code would still not be one asked for.
    [[maybe_unused]] const auto sent = ::write(failure, &error, sizeof error);
    ::_exit(127);
  }
};
static_assert(Starter<ForkExecStarter>);

}  // namespace ipc
