#include "bench/harness/fact.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "ipc/os/cpu.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/limits.hpp"

namespace bench {

namespace {

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\n\r");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\n\r") - begin + 1);
}

std::string first_line(const std::string& path) {
  return trimmed(split(read_all_or_throw(path) + '\n', '\n').front());
}

/// A number where the whole text is one, or one with a unit of kB as in /proc/meminfo (then bytes).
Json scalar(const std::string& text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{}) return text;
  if (stop == end) return number;
  return std::string_view(stop, end) == " kB" ? Json(number * 1024) : Json(text);
}

}  // namespace

Json unknown(const std::string& reason) {
  return Json{{"unknown", reason}};
}

Json fact_or_reason(const Reader& reader) {
  try {
    return reader();
  } catch (const std::exception& error) {
    return unknown(error.what());
  }
}

std::optional<std::string> read_all(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    // An empty file sets the failbit of the output stream; it is readable all the same.
    if (file && errno == 0) return "";
    return std::nullopt;
  }
  return text.str();
}

std::string read_all_or_throw(const std::string& path) {
  if (auto text = read_all(path)) return *text;
  ipc::os::throw_error(errno ? errno : EIO, "read " + path);
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

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

Reader line_of(std::string path) {
  return [path = std::move(path)]() -> Json { return first_line(path); };
}

Reader number_of(std::string path) {
  return [path = std::move(path)]() -> Json {
    first_line(path);  // for its error, which says why
    if (const auto number = ipc::os::read_number(path)) return *number;
    return unknown(path + " holds no number");
  };
}

Reader numbers_of(std::string path) {
  return [path = std::move(path)] {
    Json numbers = Json::array();
    for (const auto& word : split(first_line(path), ' ')) numbers.push_back(scalar(word));
    return numbers;
  };
}

Reader choice_of(std::string path) {
  return [path = std::move(path)]() -> Json {
    const std::string line = first_line(path);
    const auto open = line.find('[');
    const auto close = line.find(']');
    if (open == std::string::npos || close < open) return line;
    return line.substr(open + 1, close - open - 1);
  };
}

Reader field_of(std::string path, std::string key) {
  return [path = std::move(path), key = std::move(key)]() -> Json {
    for (const auto& line : split(read_all_or_throw(path), '\n')) {
      const auto colon = line.find(':');
      if (colon != std::string::npos && trimmed(line.substr(0, colon)) == key)
        return scalar(trimmed(line.substr(colon + 1)));
    }
    return unknown("no " + key + " in " + path);
  };
}

Reader of_every_cpu(std::string suffix) {
  return [suffix = std::move(suffix)]() -> Json {
    std::set<std::string> distinct;
    Json all = Json::array();
    for (const auto& cpu : ipc::os::allowed_cpus()) {
      const auto text =
          first_line("/sys/devices/system/cpu/cpu" + std::to_string(cpu.id) + "/" + suffix);
      distinct.insert(text);
      all.push_back(scalar(text));
    }
    return distinct.size() == 1 ? all.front() : all;
  };
}

Reader lines_of(std::string path) {
  return [path = std::move(path)]() -> Json { return split(read_all_or_throw(path), '\n'); };
}

}  // namespace bench
