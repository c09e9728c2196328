// Text that grows in memory which no fork inherits.
#pragma once

#include <cstddef>
#include <string_view>

namespace bench {

/// What a binary keeps of its results. Every peer is a fork of it and a parent of forks itself, and
/// a fork copies the entry of every page that its parent has: kept in ordinary memory, the results
/// of one case would make the forks of the next dearer. Throws std::system_error (ENOMEM).
class UnforkedText {
 public:
  UnforkedText() = default;
  UnforkedText(const UnforkedText&) = delete;
  UnforkedText& operator=(const UnforkedText&) = delete;
  ~UnforkedText();

  void append(std::string_view more);
  void clear() { size_ = 0; }
  /// Not to be looked at in a child.
  [[nodiscard]] std::string_view view() const { return {data_, size_}; }

 private:
  void reserve(std::size_t capacity);

  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace bench
