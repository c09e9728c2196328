#include "ipc/os/shared_mapping.hpp"

#include <sys/mman.h>

#include <algorithm>

#include "ipc/os/error.hpp"

namespace ipc::os {

SharedMapping::SharedMapping(std::size_t bytes) : size_(std::max<std::size_t>(bytes, 1)) {
  void* memory = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw_errno("mmap shared " + std::to_string(size_) + " bytes");
  data_ = static_cast<std::byte*>(memory);
}

SharedMapping::~SharedMapping() {
  if (data_) ::munmap(data_, size_);
}

}  // namespace ipc::os
