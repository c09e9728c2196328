// Bodies too large for the slots of a pool's rings: they lie in one file in memory.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>

#include "ipc/os/error.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/wire/bytes.hpp"

namespace ipc {

/// A file without a name that the pool makes before it forks (memfd_create(2)): so a body needs no
/// descriptor of its own on either side.
class SpillFile {
 public:
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

  /// What lies there is needed no more. The beginning of the file keeps its memory, so that small
  /// bodies do not take new memory each.
  void release(std::uint64_t at, std::size_t size) const noexcept {
    constexpr std::uint64_t kKeptBytes = 256 * 1024;
    const std::uint64_t from = std::max(at, kKeptBytes), until = at + span(size);
    if (from < until)
      ::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from),
                  static_cast<off_t>(until - from));
  }

 private:
  os::UniqueFd file_;
};

/// How many bytes of bodies lie in one such file before further ones have to wait.
inline constexpr std::uint64_t kMostSpilledBytes = 64 << 20;

/// The arguments of tasks on their way to the workers, each from its sending to its task's end.
class SpilledTasks {
 public:
  [[nodiscard]] const SpillFile& file() const { return file_; }
  [[nodiscard]] bool has_room() const { return bytes_ <= kMostSpilledBytes; }

  /// Gives where they lie. Throws as SpillFile::write().
  std::uint64_t write(std::uint64_t task, std::span<const std::byte> arguments) {
    const std::uint64_t bytes = SpillFile::span(arguments.size());
    std::uint64_t at = 0;  // the first gap
    for (const auto& [begin, taken] : taken_) {
      if (begin - at >= bytes) break;
      at = begin + taken;
    }
    file_.write(at, arguments);
    taken_.emplace(at, bytes);
    places_.emplace(task, at);
    bytes_ += bytes;
    return at;
  }
  /// A worker has read them, unless it was killed before.
  void ended(std::uint64_t task) {
    if (places_.empty()) return;
    const auto place = places_.extract(task);
    if (!place) return;
    const auto taken = taken_.extract(place.mapped());
    file_.release(taken.key(), taken.mapped());
    bytes_ -= taken.mapped();
  }

 private:
  SpillFile file_;
  std::map<std::uint64_t, std::uint64_t> taken_;  ///< of the file, from where and how much
  std::unordered_map<std::uint64_t, std::uint64_t> places_;
  std::uint64_t bytes_ = 0;
};

}  // namespace ipc
