#include "ipc/os/shared_mapping.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#include <algorithm>
#include <string>

#include "ipc/os/error.hpp"
#include "ipc/os/limits.hpp"

namespace ipc::os {

namespace {

std::byte* map(std::size_t bytes, int flags, int file) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | flags, file, 0);
  if (memory == MAP_FAILED) throw_errno("mmap shared " + std::to_string(bytes) + " bytes");
  return static_cast<std::byte*>(memory);
}

/// Reserving fills what there is before it says that there is too little: ask first.
void require_room(int file, std::size_t bytes) {
  const auto require = [&](std::uint64_t room, int error, const char* where) {
    if (bytes > room)
      throw_error(error, "shared file of " + std::to_string(bytes) + " bytes: " + where + " has " +
                             std::to_string(room));
  };
  struct statfs system {};
  check(::fstatfs(file, &system), "fstatfs");
  if (system.f_blocks > 0)  // a memfd's has none
    require(system.f_bavail * static_cast<std::uint64_t>(system.f_bsize), ENOSPC,
            "its file system");
  if (system.f_type == TMPFS_MAGIC)
    if (const auto memory = available_memory_bytes(); memory > 0)
      require(static_cast<std::uint64_t>(memory), ENOMEM, "the memory");
}

void reserve(int file, std::size_t bytes) {
  require_room(file, bytes);
  // In steps: a signal makes the kernel undo the step it is at, and the whole might never end.
  constexpr std::size_t kStep = std::size_t{4} << 20;
  for (std::size_t at = 0; at < bytes;) {
    const std::size_t length = std::min(kStep, bytes - at);
    const int error = ::posix_fallocate(file, static_cast<off_t>(at), static_cast<off_t>(length));
    if (error && error != EINTR)
      throw_error(error, "posix_fallocate " + std::to_string(bytes) + " bytes");
    if (!error) at += length;
  }
}

}  // namespace

SharedMapping::SharedMapping(std::size_t bytes) : size_(std::max<std::size_t>(bytes, 1)) {
  data_ = map(size_, MAP_ANONYMOUS, -1);
}

SharedMapping::SharedMapping(int file, std::size_t bytes) : size_(std::max<std::size_t>(bytes, 1)) {
  reserve(file, size_);
  data_ = map(size_, 0, file);
}

SharedMapping::~SharedMapping() {
  if (data_) ::munmap(data_, size_);
}

}  // namespace ipc::os
