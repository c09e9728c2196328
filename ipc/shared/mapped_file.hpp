// Storage backend: a mapped temporary file, mmap(2).
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "ipc/os/error.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/os/unique_name.hpp"
#include "ipc/shared/contract.hpp"

namespace ipc {

/// A file without a name in the folder for temporary files (TMPDIR, else /tmp). What is written may
/// go to the disk, if that folder is on one.
class MappedFileStorage {
 public:
  static constexpr std::string_view kName = "mapped_file";

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { MappedFileStorage probe(1); });
  }

  explicit MappedFileStorage(std::size_t bytes) : memory_(open_file().get(), bytes) {}

  [[nodiscard]] std::byte* data() const noexcept { return memory_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return memory_.size(); }

 private:
  static os::UniqueFd open_file() {
    const std::string folder = os::temporary_folder();
    os::UniqueFd file(::open(folder.c_str(), O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
    // The file system, or with the latter two the kernel, does not know it.
    if (!file && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT))
      return open_named(folder + os::unique_name());
    if (!file) os::throw_errno("open O_TMPFILE " + folder);
    return file;
  }
  static os::UniqueFd open_named(const std::string& path) {
    os::UniqueFd file(::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
    if (!file) os::throw_errno("open " + path);
    ::unlink(path.c_str());
    return file;
  }

  os::SharedMapping memory_;
};
static_assert(Storage<MappedFileStorage>);

}  // namespace ipc
