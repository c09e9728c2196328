// What the tests of Process share: what a child printed, how it ended, and whether it is gone.
#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "ipc/os/test_support.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/process/process.hpp"

namespace ipc::test {

/// What `body`, in a child, and the child's own children write to this descriptor.
inline std::string output_of(int fd, const std::function<void()>& body) {
  const os::UniqueFd file(::memfd_create("output", MFD_CLOEXEC));
  os::Child::fork([&] {
    ::dup2(file.get(), fd);
    std::setvbuf(stdout, nullptr, _IOFBF, 4096);
    body();
    return 0;
  }).wait();
  std::string text(static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END)), ' ');
  EXPECT_EQ(::pread(file.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  return text;
}

inline std::string complaint_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::logic_error& error) {
    return error.what();
  }
  return "";
}

[[noreturn]] inline void forever() {
  for (;;) ::pause();
}

inline bool is_gone(pid_t pid) {
  return ::kill(pid, 0) == -1 && errno == ESRCH;
}

/// The exit code of a Process that runs this.
template <class F>
std::optional<int> exitcode_of(F function) {
  Process process{function};
  process.start();
  process.join();
  return process.exitcode();
}

}  // namespace ipc::test
