// Ending a process by an exception, so that everything on the way out is destroyed.
#pragma once

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

}  // namespace ipc
