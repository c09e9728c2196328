// The small files of /proc, /sys and their like, read so that no content of them can do harm.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// Where the files of a machine are: below "/", or below a folder that stands in for it. Nothing is
/// ever opened for writing, no read waits, and none takes more than kMostBytes.
class Root {
 public:
  static constexpr std::size_t kMostBytes = 4 << 20;

  Root() = default;
  explicit Root(std::string folder) : folder_(std::move(folder)) {}

  /// The path under which this machine has it.
  [[nodiscard]] std::string at(const std::string& path) const { return folder_ + path; }

  /// Everything a file holds. Throws std::runtime_error with a reason that tells apart what needs
  /// privilege ("not permitted"), what this kernel or hardware does not have ("not here"), what is
  /// masked or not mounted ("hidden") and what cannot be read or is too long ("unreadable").
  [[nodiscard]] std::string text(const std::string& path) const;
  /// The first line without blanks around it; one that is empty throws as well ("empty").
  [[nodiscard]] std::string line(const std::string& path) const;
  /// The same, but nothing instead of an exception.
  [[nodiscard]] std::optional<std::string> line_if_any(const std::string& path) const;
  /// The number that such a line begins with.
  [[nodiscard]] std::optional<long long> number_if_any(const std::string& path) const;
  /// The names in a folder, sorted; none where it cannot be read.
  [[nodiscard]] std::vector<std::string> names(const std::string& folder) const;
  /// The same, but throws as text() does where there is no such folder or nothing in it.
  [[nodiscard]] std::vector<std::string> some_names(const std::string& folder) const;
  [[nodiscard]] bool has(const std::string& path) const;
  /// Throws as text() does where there is no such path.
  void need(const std::string& path) const;

 private:
  [[nodiscard]] std::string why_not(const std::string& path, int error) const;

  std::string folder_;
};

/// Text cut at a separator; with ' ', runs of white space count as one.
std::vector<std::string> split(const std::string& text, char separator);
/// Text without the white space at both ends.
std::string trimmed(std::string_view text);
/// The whole number that a text begins with.
std::optional<long long> number_at(std::string_view text);

}  // namespace bench
