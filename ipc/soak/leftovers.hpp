// What a process has open, and what it has left on this machine.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace ipc::soak {

/// What this process holds at a moment.
struct Holdings {
  long descriptors = 0;
  /// Of /proc/self/maps, without heap and stack: what grows there is the allocator's, and the
  /// kernel may show one as two. Under a sanitizer, which maps memory of its own at any time, what
  /// is shared only.
  long mappings = 0, mapped_bytes = 0;

  static Holdings now();
  friend bool operator==(const Holdings&, const Holdings&) = default;
  /// "5 descriptors, 40 mappings of 6000000 bytes".
  [[nodiscard]] std::string to_string() const;
};

/// The stamped names of a process, living or dead: files in /dev/shm and in the folder for
/// temporary files, POSIX queues where they can be seen, System V objects.
std::vector<std::string> names_of(pid_t owner);

}  // namespace ipc::soak
