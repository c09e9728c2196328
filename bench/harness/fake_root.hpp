// For tests: a machine made of files below a temporary folder.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "bench/harness/root.hpp"

namespace bench {

/// Gone, with all files, at the end.
class FakeRoot {
 public:
  FakeRoot() { std::filesystem::create_directories(folder_); }
  FakeRoot(const FakeRoot&) = delete;
  FakeRoot& operator=(const FakeRoot&) = delete;
  ~FakeRoot() { std::filesystem::remove_all(folder_); }

  /// The path here of a file with that text, and of its folders.
  std::string with(const std::string& path, const std::string& text) {
    const auto file = folder_.string() + path;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }
  void with_folder(const std::string& path) {
    std::filesystem::create_directories(folder_.string() + path);
  }
  [[nodiscard]] Root root() const { return Root(folder_.string()); }

 private:
  static inline int made_ = 0;
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() /
      ("ipcmark_root." + std::to_string(::getpid()) + "." + std::to_string(made_++));
};

}  // namespace bench
