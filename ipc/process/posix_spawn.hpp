// Starter backend: posix_spawn(3) of a program that exits with the code it is given.
#pragma once

#include <spawn.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <climits>
#include <string>

#include "ipc/process/contract.hpp"
#include "ipc/process/pid_child.hpp"

namespace ipc {

/// Starts `ipcmark-exit`, which lies beside the running program.
struct SpawnStarter {
  using Child = PidChild;
  static constexpr std::string_view kName = "posix_spawn";
  static constexpr bool kHasStatus = true;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { os::check(::access(helper().c_str(), X_OK), helper()); });
  }

  static Child start(int code) {
    std::array<char, 12> text{};
    std::to_chars(text.data(), text.data() + text.size(), code);
    std::array<char*, 3> arguments{const_cast<char*>(helper().c_str()), text.data(), nullptr};
    pid_t pid = 0;
    const int error =
        ::posix_spawn(&pid, helper().c_str(), nullptr, nullptr, arguments.data(), ::environ);
    if (error) os::throw_error(error, "posix_spawn " + helper());
    return Child(pid);
  }

 private:
  static const std::string& helper() {
    static const std::string path = [] {
      std::array<char, PATH_MAX> self;
      const auto length = os::check(::readlink("/proc/self/exe", self.data(), self.size()),
                                    "readlink /proc/self/exe");
      const std::string program(self.data(), static_cast<std::size_t>(length));
      return program.substr(0, program.rfind('/') + 1) + "ipcmark-exit";
    }();
    return path;
  }
};
static_assert(Starter<SpawnStarter>);

}  // namespace ipc
