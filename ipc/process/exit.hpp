// Ending a process by an exception, so that everything on the way out is destroyed.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace ipc {

/// What ipc::exit() throws. Not a std::exception, so that code which handles errors lets it pass;
/// a Process that it leaves ends with code().
class SystemExit {
 public:
  explicit SystemExit(int code) : code_(code & 0xff), text_(std::to_string(code)) {}
  explicit SystemExit(std::string_view text) : code_(1), text_(text), is_message_(true) {}

  /// 0 to 255; 1 for a text.
  [[nodiscard]] int code() const noexcept { return code_; }
  /// The text given, or the number as text.
  [[nodiscard]] const char* what() const noexcept { return text_.c_str(); }
  /// Whether a text was given: it goes to stderr when nobody catches this.
  [[nodiscard]] bool is_message() const noexcept { return is_message_; }

 private:
  int code_;
  std::string text_;
  bool is_message_ = false;
};

/// Ends with that code, modulo 256; from true and false with 1 and 0.
[[noreturn]] inline void exit(int code = 0) {
  throw SystemExit(code);
}
/// Ends with the text on stderr and code 1.
[[noreturn]] inline void exit(std::string_view text) {
  throw SystemExit(text);
}

/// Runs a body and gives its exit code: what ipc::exit() was given in it, whose text goes to
/// stderr, else 0. Other exceptions pass. For main: return ipc::exit_code_of([] { ... });
template <class Body>
int exit_code_of(Body&& body) {
  try {
    body();
    return 0;
  } catch (const SystemExit& exit) {
    if (exit.is_message()) std::fprintf(stderr, "%s\n", exit.what());
    return exit.code();
  }
}

}  // namespace ipc
