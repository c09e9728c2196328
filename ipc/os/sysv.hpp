// System V queues, semaphore sets and memory segments that can be recognised and reclaimed.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace ipc::os {

/// The three of sysvipc(7).
enum class SysvKind { queue, semaphores, segment };

/// One that this library made, whichever process did.
struct SysvObject {
  SysvKind kind;
  int id;
  pid_t creator;
  std::vector<pid_t> last_users;  ///< as far as the kernel keeps them
  long attached = 0;              ///< of a segment: how often it is mapped

  /// "sysv queue 5 of process 321".
  [[nodiscard]] std::string to_string() const;
};

/// Makes a System V object and removes it again, in the process that made it. The kernel keeps such
/// an object until somebody removes it. So it carries two marks, both given by the call that makes
/// it: its key is a number and the creator's pid, and its permissions are 0711, the user's own with
/// execute bits, which mean nothing to the kernel and which nobody else sets.
class SysvHandle {
 public:
  SysvHandle() = default;
  /// A queue; a set of `size` semaphores; a segment of `size` bytes. Throws std::system_error, also
  /// when the process has 1024 of a kind.
  explicit SysvHandle(SysvKind kind, std::size_t size = 0);
  SysvHandle(SysvHandle&& other) noexcept { swap(other); }
  SysvHandle& operator=(SysvHandle&& other) noexcept {
    swap(other);
    return *this;
  }
  ~SysvHandle();

  [[nodiscard]] int id() const { return id_; }

 private:
  void swap(SysvHandle& other) noexcept {
    std::swap(kind_, other.kind_);
    std::swap(id_, other.id_);
    std::swap(creator_, other.creator_);
  }

  SysvKind kind_ = SysvKind::queue;
  int id_ = -1;
  pid_t creator_ = -1;
};

/// Those on this machine that carry the marks (/proc/sysvipc).
std::vector<SysvObject> sysv_objects();

/// Removes those whose creator is dead, unless a process that used it last lives or one has it
/// mapped; gives what was removed. A creator whose pid another process has by now is taken for
/// alive.
std::vector<SysvObject> reclaim_orphaned_sysv();

}  // namespace ipc::os
