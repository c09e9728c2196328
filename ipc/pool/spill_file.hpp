// Bodies too large for the slots of a pool's rings: they lie in one file in memory.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "ipc/os/error.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/wire/bytes.hpp"

namespace ipc {

/// A file without a name that the pool makes before it forks its workers (memfd_create(2)): so a
/// body needs no descriptor of its own on either side. Each writer has a region of its own, far
/// longer than any body, of which only what is written takes memory.
class SpillFile {
 public:
  static constexpr std::uint64_t kRegionBytes = std::uint64_t{1} << 44;
  /// What a body takes: whole pages, so that its release frees all.
  static std::uint64_t span(std::size_t size) {
    constexpr std::uint64_t kPageBytes = 4096;
    return (size + kPageBytes - 1) / kPageBytes * kPageBytes;
  }

  SpillFile() : file_(os::check(::memfd_create("ipcmark", MFD_CLOEXEC), "memfd_create")) {}

  /// Throws std::system_error (ENOSPC, ENOMEM), and nothing is written then.
  void write(std::uint64_t at, std::span<const std::byte> body) const {
    for (std::size_t done = 0; done < body.size();) {
      const auto rest = body.subspan(done);
      const auto written = os::retry_eintr([&] {
        return ::pwrite(file_.get(), rest.data(), rest.size(), static_cast<off_t>(at + done));
      });
      if (written <= 0) {
        const int error = written == 0 ? ENOSPC : errno;
        release(at, body.size());
        os::throw_error(error, "write to a file in memory");
      }
      done += static_cast<std::size_t>(written);
    }
  }

  /// Throws std::system_error, std::bad_alloc.
  [[nodiscard]] wire::Bytes read(std::uint64_t at, std::size_t size) const {
    wire::Bytes body(size);
    for (std::size_t done = 0; done < size;) {
      const auto got = os::retry_eintr([&] {
        return ::pread(file_.get(), body.data() + done, size - done, static_cast<off_t>(at + done));
      });
      if (os::check(got, "read a file in memory") == 0)
        os::throw_error(EPROTO, "a file in memory is too short");
      done += static_cast<std::size_t>(got);
    }
    return body;
  }

  /// What lies there is needed no more. The beginning of a region keeps its memory, so that small
  /// bodies do not take new memory each.
  void release(std::uint64_t at, std::size_t size) const noexcept {
    constexpr std::uint64_t kKeptBytes = 256 * 1024;
    const std::uint64_t kept = at / kRegionBytes * kRegionBytes + kKeptBytes;
    const std::uint64_t from = std::max(at, kept), until = at + span(size);
    if (from < until)
      ::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from),
                  static_cast<off_t>(until - from));
  }

 private:
  os::UniqueFd file_;
};

/// Where one writer's bodies lie, one behind the other until all have been read.
class SpillRegion {
 public:
  SpillRegion(const SpillFile& file, std::size_t index)
      : file_(&file), begin_(index * SpillFile::kRegionBytes) {}

  /// Gives where it lies. Throws as SpillFile::write().
  std::uint64_t write(std::span<const std::byte> body) {
    const std::uint64_t at = begin_ + used_;
    file_->write(at, body);
    used_ += SpillFile::span(body.size());
    return at;
  }
  void all_read() { used_ = 0; }
  /// Whether the next body should wait until those before it have been read.
  [[nodiscard]] bool is_full() const { return used_ > kMostBytes; }

 private:
  static constexpr std::uint64_t kMostBytes = 64 << 20;

  const SpillFile* file_;
  std::uint64_t begin_;
  std::uint64_t used_ = 0;
};

}  // namespace ipc
