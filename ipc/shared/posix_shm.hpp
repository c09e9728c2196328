// Storage backend: POSIX shared memory, shm_overview(7).
#pragma once

#include <fcntl.h>
#include <sys/mman.h>

#include <string>

#include "ipc/os/error.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/os/unique_name.hpp"
#include "ipc/shared/contract.hpp"

namespace ipc {

/// shm_open(3), unlinked at once; ENOSPC when /dev/shm is too full.
class PosixShmStorage {
 public:
  static constexpr std::string_view kName = "posix_shm";

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { PosixShmStorage probe(1); });
  }

  explicit PosixShmStorage(std::size_t bytes) : memory_(open_unlinked().get(), bytes) {}

  [[nodiscard]] std::byte* data() const noexcept { return memory_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return memory_.size(); }

 private:
  static os::UniqueFd open_unlinked() {
    const std::string name = os::unique_name();
    // It sets close-on-exec itself.
    os::UniqueFd file(::shm_open(name.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600));
    if (!file) os::throw_errno("shm_open " + name);
    ::shm_unlink(name.c_str());
    return file;
  }

  os::SharedMapping memory_;
};
static_assert(Storage<PosixShmStorage>);

}  // namespace ipc
