// A folder for files that nobody wants to keep.
#pragma once

#include <filesystem>

#include "ipc/os/unique_fd.hpp"

namespace bench::run {

/// A new folder in `parent`, which is made where it is missing. With the object the folder goes,
/// and what was made of the parents and is empty still. What killed programs left there of such
/// folders goes when the next one is made. Throws std::system_error.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::filesystem::path& parent);
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  void make();
  void take_back_parents() noexcept;

  std::filesystem::path parent_;
  std::filesystem::path first_made_;  ///< of the parents, the topmost; empty: all were there
  std::filesystem::path path_;
  ipc::os::UniqueFd lock_;  ///< flock(2): its owner lives
};

}  // namespace bench::run
