#include "bench/harness/root.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "ipc/os/error.hpp"
#include "ipc/os/unique_fd.hpp"

namespace bench {

namespace fs = std::filesystem;

namespace {

bool is_empty_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error) && fs::is_empty(path, error) && !error;
}

/// Where file systems are mounted that hold facts.
bool is_mount_point(const std::string& folder) {
  static constexpr std::string_view kMounts[] = {"/proc", "/sys", "/sys/kernel/debug",
                                                 "/sys/kernel/security", "/sys/fs/cgroup"};
  return std::find(std::begin(kMounts), std::end(kMounts), folder) != std::end(kMounts);
}

bool is_mounted_over(const fs::path& folder) {
  struct stat own {
  }, parent{};
  return ::stat(folder.c_str(), &own) == 0 && ::stat(folder.parent_path().c_str(), &parent) == 0 &&
         own.st_dev != parent.st_dev;
}

/// Reads on to the end of the file. Gives an errno, 0 when that went well.
int read_whole(int fd, std::string& text) {
  char block[1 << 14];
  for (;;) {
    const ssize_t got = ipc::os::retry_eintr([&] { return ::read(fd, block, sizeof block); });
    if (got == -1) return errno;
    if (got == 0) return 0;
    if (text.size() + static_cast<std::size_t>(got) > Root::kMostBytes) return EFBIG;
    text.append(block, static_cast<std::size_t>(got));
  }
}

}  // namespace

std::string Root::text(const std::string& path) const {
  // A FIFO in the place of a file must not make us wait.
  const ipc::os::UniqueFd file(ipc::os::retry_eintr(
      [&] { return ::open(at(path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }));
  if (!file) throw std::runtime_error(why_not(path, errno));
  struct stat status {};
  ipc::os::check(::fstat(file.get(), &status), "fstat");
  // Containers hide a file of /proc by binding /dev/null over it.
  if (S_ISCHR(status.st_mode)) throw std::runtime_error("hidden: a device is mounted over " + path);
  if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode))
    throw std::runtime_error("unreadable: " + path + " is no regular file");
  std::string text;
  if (const int error = read_whole(file.get(), text))
    throw std::runtime_error(why_not(path, error));
  return text;
}

std::string Root::line(const std::string& path) const {
  const std::string all = text(path);
  std::string first = trimmed(std::string_view(all).substr(0, all.find('\n')));
  if (first.empty()) throw std::runtime_error("empty: " + path + " says nothing");
  return first;
}

std::optional<std::string> Root::line_if_any(const std::string& path) const {
  try {
    return line(path);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::optional<long long> Root::number_if_any(const std::string& path) const {
  const auto text = line_if_any(path);
  return text ? number_at(*text) : std::nullopt;
}

std::vector<std::string> Root::names(const std::string& folder) const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(at(folder), error), end; !error && entry != end;
       entry.increment(error))
    names.push_back(entry->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> Root::some_names(const std::string& folder) const {
  auto found = names(folder);
  if (!found.empty()) return found;
  const bool there = has(folder);
  throw std::runtime_error(there && ::access(at(folder).c_str(), R_OK) == 0
                               ? "not here: nothing is in " + folder
                               : why_not(folder, there ? EACCES : errno));
}

bool Root::has(const std::string& path) const {
  struct stat status {};
  return ::stat(at(path).c_str(), &status) == 0;
}

void Root::need(const std::string& path) const {
  if (!has(path)) throw std::runtime_error(why_not(path, errno));
}

std::string Root::why_not(const std::string& path, int error) const {
  if (error == EACCES || error == EPERM)
    return ::geteuid() == 0
               ? fmt::format("not permitted: {} is closed even to root here", path)
               : fmt::format("not permitted: {} is closed to user {}; root may read it", path,
                             ::geteuid());
  if (error != ENOENT && error != ENOTDIR && error != ENODEV && error != EOPNOTSUPP)
    return fmt::format("unreadable: {}: {}", path, std::strerror(error));
  for (fs::path folder = fs::path(path).parent_path(); folder.has_relative_path();
       folder = folder.parent_path()) {
    if (!has(folder.string())) continue;
    // What a container masks and what is not mounted looks the same: an empty folder on the way.
    const bool hidden = is_empty_folder(at(folder.string())) &&
                        (is_mount_point(folder.string()) || is_mounted_over(at(folder.string())));
    return hidden ? fmt::format("hidden: {} is empty, so not mounted or masked by the container",
                                folder.string())
                  : fmt::format("not here: this kernel or hardware has no {}", path);
  }
  return fmt::format("hidden: there is no {}, as in a bare chroot or container",
                     path.substr(0, path.find('/', 1)));
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  std::string part;
  if (separator == ' ') {
    while (stream >> part) parts.push_back(part);
  } else {
    while (std::getline(stream, part, separator)) parts.push_back(part);
  }
  return parts;
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\n\r\f\v";
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(kBlank) - begin + 1));
}

std::optional<long long> number_at(std::string_view text) {
  long long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  return number;
}

}  // namespace bench
