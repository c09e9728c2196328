// Limits of this kernel that decide how large an object can be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ipc::os {

/// First line of a small file such as one under /proc or /sys, without its end of line; nothing
/// when it cannot be read.
std::optional<std::string> read_line(const std::string& path);

/// A number from such a file; nothing when there is none.
std::optional<std::int64_t> read_number(const std::string& path);

/// Largest pipe capacity an unprivileged process may set, bytes (pipe(7)).
std::int64_t pipe_max_bytes();

/// What a new POSIX message queue may hold without privilege (mq_overview(7)).
struct MqLimits {
  std::int64_t max_messages;
  std::int64_t max_message_bytes;
};
MqLimits mq_limits();

/// Largest socket buffer that SO_SNDBUF may ask for, bytes (socket(7)).
std::int64_t socket_buffer_max_bytes();

/// Memory that can be had without swapping, bytes (MemAvailable of /proc/meminfo); 0 when unknown.
std::int64_t available_memory_bytes();

/// What can be reserved in /dev/shm: its free space, or the memory that can be had if that is less.
std::int64_t available_shm_bytes();

}  // namespace ipc::os
