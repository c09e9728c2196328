#include "bench/harness/unforked_text.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "ipc/os/error.hpp"

namespace bench {

UnforkedText::~UnforkedText() {
  if (data_) ::munmap(data_, capacity_);
}

void UnforkedText::append(std::string_view more) {
  reserve(size_ + more.size());
  if (!more.empty()) std::memcpy(data_ + size_, more.data(), more.size());
  size_ += more.size();
}

void UnforkedText::reserve(std::size_t capacity) {
  constexpr std::size_t kLeast = std::size_t{1} << 20;
  if (capacity <= capacity_) return;
  std::size_t wanted = std::max(capacity_, kLeast);
  while (wanted < capacity) wanted *= 2;
  void* grown =
      data_ ? ::mremap(data_, capacity_, wanted, MREMAP_MAYMOVE)
            : ::mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (grown == MAP_FAILED) ipc::os::throw_errno("mmap of kept text");
  data_ = static_cast<char*>(grown);
  capacity_ = wanted;
  ipc::os::check(::madvise(data_, capacity_, MADV_DONTFORK), "madvise MADV_DONTFORK");
}

}  // namespace bench
