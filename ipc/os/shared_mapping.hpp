// Memory that a process shares with the children it forks.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <utility>

namespace ipc::os {

/// MAP_SHARED memory, zeroed, page-aligned, anonymous or a file's; the mapping is gone with its
/// last process, however that dies (mmap(2)). Make it before the fork.
class SharedMapping {
 public:
  SharedMapping() = default;
  /// Throws std::system_error; a size of 0 maps one page.
  explicit SharedMapping(std::size_t bytes);
  /// Maps an empty file after giving it that size and reserving the space (posix_fallocate(3)): a
  /// full file system is ENOSPC here, and memory that is not available ENOMEM, rather than a SIGBUS
  /// or an out-of-memory kill at some later touch. The descriptor may be closed afterwards.
  SharedMapping(int file, std::size_t bytes);
  SharedMapping(SharedMapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  SharedMapping& operator=(SharedMapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~SharedMapping();

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// One T in shared memory. Only the process that made it runs its destructor.
template <class T>
class SharedObject {
 public:
  template <class... Args>
  explicit SharedObject(Args&&... args)
      : memory_(sizeof(T)), object_(new (memory_.data()) T(std::forward<Args>(args)...)) {}
  SharedObject(SharedObject&& other) noexcept
      : memory_(std::move(other.memory_)),
        object_(std::exchange(other.object_, nullptr)),
        owner_(other.owner_) {}
  SharedObject& operator=(SharedObject&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(object_, other.object_);
    std::swap(owner_, other.owner_);
    return *this;
  }
  ~SharedObject() {
    if (object_ && owner_ == ::getpid()) std::destroy_at(object_);
  }

  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }

 private:
  SharedMapping memory_;
  T* object_;
  pid_t owner_ = ::getpid();
};

}  // namespace ipc::os
