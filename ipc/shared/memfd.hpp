// Storage backend: a mapped file that lives in memory only, memfd_create(2).
#pragma once

#include <fcntl.h>
#include <sys/mman.h>

#include "ipc/os/error.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/shared/contract.hpp"

namespace ipc {

/// Sealed (fcntl(2) F_ADD_SEALS): nobody can change its size any more, so that no access of any
/// process ends in SIGBUS. ENOMEM for more than what is available now.
class MemfdStorage {
 public:
  static constexpr std::string_view kName = "memfd";

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { MemfdStorage probe(1); });
  }

  explicit MemfdStorage(std::size_t bytes)
      : file_(::memfd_create("ipcmark", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
    if (!file_) os::throw_errno("memfd_create");
    memory_ = os::SharedMapping(file_.get(), bytes);
    os::check(::fcntl(file_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
              "F_ADD_SEALS");
  }

  [[nodiscard]] std::byte* data() const noexcept { return memory_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return memory_.size(); }
  /// The file, for a process that does not inherit the mapping; it stays this object's.
  [[nodiscard]] int descriptor() const noexcept { return file_.get(); }

 private:
  os::UniqueFd file_;
  os::SharedMapping memory_;
};
static_assert(Storage<MemfdStorage>);

}  // namespace ipc
