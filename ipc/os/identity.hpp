// Which process: an identity that a later process with the same pid does not share.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace ipc::os {

/// A process as 64 bits that fit into one atomic word of shared memory: the pid in the lower half
/// (never more than 2^22, proc(5)), and in the upper a mark of when it started, since pids are used
/// again. 0 is nobody. Only processes of one pid namespace can tell of each other.
using Identity = std::uint64_t;

/// This process; a forked child has its own. Cheap after the first call.
Identity my_identity();

inline pid_t pid_of(Identity who) {
  return static_cast<pid_t>(static_cast<std::uint32_t>(who));
}

/// Whether that process has ended and was reaped, as far as one system call can tell: false where
/// its pid is another's by now.
bool is_reaped(Identity who);
/// Whether that process has ended, reaped or not. Reads /proc: some microseconds. Where that cannot
/// be read, a process counts as ended only once it is reaped. One that called execve(2) lives on.
bool has_ended(Identity who);

/// An identity in 32 bits, for a word that has to hold more: the whole pid, and of the start ten
/// bits. A later process with the same pid is taken for the earlier once in a thousand times.
enum class ShortIdentity : std::uint32_t {};

ShortIdentity shortened(Identity who);
/// This process; as cheap as my_identity().
ShortIdentity my_short_identity();
bool has_ended(ShortIdentity who);

}  // namespace ipc::os
