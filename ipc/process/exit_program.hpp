// The program that starters execute: it exits at once with the code it is given.
#pragma once

#include <unistd.h>

#include <array>
#include <charconv>
#include <climits>
#include <string>

#include "ipc/os/availability.hpp"
#include "ipc/os/error.hpp"

namespace ipc::exit_program {

/// `ipcmark-exit`, which lies beside the running program.
inline const std::string& path() {
  static const std::string found = [] {
    std::array<char, PATH_MAX> self;
    const auto length = os::check(::readlink("/proc/self/exe", self.data(), self.size()),
                                  "readlink /proc/self/exe");
    const std::string program(self.data(), static_cast<std::size_t>(length));
    std::string beside = program.substr(0, program.rfind('/') + 1) + "ipcmark-exit";
#ifdef IPCMARK_HELPER_DIR
    if (::access(beside.c_str(), X_OK) != 0) return std::string(IPCMARK_HELPER_DIR "/ipcmark-exit");
#endif
    return beside;
  }();
  return found;
}

inline os::Unavailable unavailable() {
  return os::unavailable_if_throws([] { os::check(::access(path().c_str(), X_OK), path()); });
}

/// Its arguments for an exit code, as execve(2) takes them.
class Arguments {
 public:
  Arguments(const std::string& program, int code)
      : pointers_{const_cast<char*>(program.c_str()), text_.data(), nullptr} {
    std::to_chars(text_.data(), text_.data() + text_.size(), code);
  }
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  [[nodiscard]] char* const* get() const { return pointers_.data(); }

 private:
  std::array<char, 12> text_{};
  std::array<char*, 3> pointers_;
};

}  // namespace ipc::exit_program
