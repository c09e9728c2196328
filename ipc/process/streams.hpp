// The standard streams of a process that forks, and of its child.
#pragma once

#include <fcntl.h>
#include <stdio_ext.h>

#include <cstdio>
#include <streambuf>

#include "ipc/os/direct_call.hpp"

namespace ipc {

/// The streams as the parent left them. They are looked at before the fork, because each page that
/// the child touches, of code or of data, costs it a page fault.
class Streams {
 public:
  Streams();

  /// Writes what is buffered. A broken stream is no reason to fail.
  void flush() const;
  /// Standard input becomes /dev/null, and what the parent read ahead is forgotten.
  void close_input() const {
    // On the stack, which the child has anyway, and not on a page of constants.
    const char path[] = {'/', 'd', 'e', 'v', '/', 'n', 'u', 'l', 'l', '\0'};
    os::direct_call(SYS_close, STDIN_FILENO);
    // The lowest free descriptor is 0.
    os::direct_call(SYS_openat, AT_FDCWD, reinterpret_cast<long>(path), O_RDONLY);
    if (has_read_) ::__fpurge(stdin);
  }

 private:
  bool has_read_;                     ///< whether the parent may have read ahead what is its own
  const std::streambuf* unbuffered_;  ///< see below
};

}  // namespace ipc
