// Storage backend: a System V shared memory segment, shmget(2).
#pragma once

#include <sys/shm.h>

#include <algorithm>
#include <string>
#include <utility>

#include "ipc/os/error.hpp"
#include "ipc/os/sysv.hpp"
#include "ipc/shared/contract.hpp"

namespace ipc {

/// Attached and marked for removal at once (shmctl(2) IPC_RMID): forked children inherit the
/// attachment, and the last one's end frees it. The kernel reserves the memory when it makes the
/// segment: ENOMEM or ENOSPC when there is too little.
class SysvShmStorage {
 public:
  static constexpr std::string_view kName = "sysv_shm";

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { SysvShmStorage probe(1); });
  }

  explicit SysvShmStorage(std::size_t bytes) : size_(std::max<std::size_t>(bytes, 1)) {
    const os::SysvHandle until_attached(os::SysvKind::segment, size_);
    void* const memory = ::shmat(until_attached.id(), nullptr, 0);
    if (memory == reinterpret_cast<void*>(-1)) os::throw_errno("shmat");
    data_ = static_cast<std::byte*>(memory);
  }
  SysvShmStorage(SysvShmStorage&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  SysvShmStorage& operator=(SysvShmStorage&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  // Detaches this process and no other.
  ~SysvShmStorage() {
    if (data_) ::shmdt(data_);
  }

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};
static_assert(Storage<SysvShmStorage>);

}  // namespace ipc
