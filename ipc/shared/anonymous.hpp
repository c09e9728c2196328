// Storage backend: an anonymous shared mapping that forked children inherit, mmap(2).
#pragma once

#include "ipc/os/shared_mapping.hpp"
#include "ipc/shared/contract.hpp"

namespace ipc {

/// MAP_SHARED | MAP_ANONYMOUS: no name and no descriptor, page-aligned.
class AnonymousStorage {
 public:
  static constexpr std::string_view kName = "anonymous";

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { AnonymousStorage probe(1); });
  }

  explicit AnonymousStorage(std::size_t bytes) : memory_(bytes) {}

  [[nodiscard]] std::byte* data() const noexcept { return memory_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return memory_.size(); }

 private:
  os::SharedMapping memory_;
};
static_assert(Storage<AnonymousStorage>);

}  // namespace ipc
