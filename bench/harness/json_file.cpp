#include "bench/harness/json_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include "ipc/os/error.hpp"
#include "ipc/os/unique_fd.hpp"

namespace bench {

namespace fs = std::filesystem;
using ipc::os::check;
using ipc::os::retry_eintr;
using ipc::os::UniqueFd;

namespace {

constexpr int kIndent = 1;

UniqueFd open_or_throw(const fs::path& path, int flags) {
  return UniqueFd(check(retry_eintr([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0666); }),
                        "open " + path.string()));
}

void sync(const UniqueFd& file, const fs::path& path) {
  check(retry_eintr([&] { return ::fsync(file.get()); }), "fsync " + path.string());
}

std::string read_text(const fs::path& path) {
  const UniqueFd file = open_or_throw(path, O_RDONLY);
  std::string text;
  char buffer[1 << 16];
  for (;;) {
    const auto got = check(retry_eintr([&] { return ::read(file.get(), buffer, sizeof buffer); }),
                           "read " + path.string());
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

void write_text(const fs::path& path, std::string_view text) {
  const UniqueFd file = open_or_throw(path, O_WRONLY | O_CREAT | O_TRUNC);
  while (!text.empty()) {
    const auto put =
        check(retry_eintr([&] { return ::write(file.get(), text.data(), text.size()); }),
              "write " + path.string());
    text.remove_prefix(static_cast<std::size_t>(put));
  }
}

}  // namespace

Json read_json(const fs::path& path) {
  const std::string text = read_text(path);
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw std::runtime_error(path.string() + " is not whole JSON: " +
                             (text.empty() ? "the file is empty" : error.what()));
  }
}

fs::path temporary_name(const fs::path& path) {
  return path.parent_path() / ("." + path.filename().string() + ".tmp");
}

void publish(const fs::path& path) {
  const fs::path temporary = temporary_name(path);
  sync(open_or_throw(temporary, O_RDONLY), temporary);
  check(::rename(temporary.c_str(), path.c_str()), "rename to " + path.string());
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  sync(open_or_throw(folder, O_RDONLY | O_DIRECTORY), folder);
}

void write_atomically(const fs::path& path, std::string_view text) {
  const fs::path temporary = temporary_name(path);
  try {
    write_text(temporary, text);
    publish(path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

void write_json(const fs::path& path, const Json& value) {
  write_atomically(path, value.dump(kIndent, ' ', false, Json::error_handler_t::replace) + '\n');
}

std::string to_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace bench
