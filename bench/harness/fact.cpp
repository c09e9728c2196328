#include "bench/harness/fact.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <stdexcept>

#include "ipc/os/cpu.hpp"

namespace bench {

namespace {

/// A number where the whole text is one, or one with a unit of kB as in /proc/meminfo (then bytes).
Json scalar(const std::string& text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{}) return text;
  if (stop == end) return number;
  return std::string_view(stop, end) == " kB" ? Json(number * 1024) : Json(text);
}

/// A fact ends up in JSON, on terminals and on pages, whatever the file held.
void make_printable(Json& fact) {
  constexpr std::size_t kMost = 8192;  // of characters or entries: no honest file is longer
  if (fact.is_array() && fact.size() > kMost) fact.erase(fact.begin() + kMost, fact.end());
  if (fact.is_structured()) {
    for (auto& part : fact) make_printable(part);
  } else if (fact.is_string()) {
    auto& text = fact.get_ref<std::string&>();
    if (text.size() > kMost) text.resize(kMost);
    for (char& c : text)
      if (c == '\t')
        c = ' ';
      else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
        c = '?';
    text = Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace))
               .get<std::string>();
  }
}

}  // namespace

Json unknown(const std::string& reason) {
  return Json{{"unknown", reason}};
}

bool is_unknown(const Json& fact) {
  return fact.is_null() || (fact.is_object() && fact.contains("unknown"));
}

Json fact_or_reason(const Reader& reader, const Root& root) {
  Json fact;
  try {
    fact = reader(root);
  } catch (const std::exception& error) {
    fact = unknown(error.what());
  }
  make_printable(fact);
  return fact;
}

Reader line_of(std::string path) {
  return [path = std::move(path)](const Root& root) -> Json { return root.line(path); };
}

Reader number_of(std::string path) {
  return [path = std::move(path)](const Root& root) -> Json {
    if (const auto number = number_at(root.line(path))) return *number;
    return unknown("odd: " + path + " holds no number");
  };
}

Reader numbers_of(std::string path) {
  return [path = std::move(path)](const Root& root) {
    Json numbers = Json::array();
    for (const auto& word : split(root.line(path), ' ')) numbers.push_back(scalar(word));
    return numbers;
  };
}

Reader choice_of(std::string path) {
  return [path = std::move(path)](const Root& root) -> Json {
    const std::string line = root.line(path);
    const auto open = line.find('[');
    const auto close = line.find(']');
    if (open == std::string::npos || close == std::string::npos || close < open) return line;
    return line.substr(open + 1, close - open - 1);
  };
}

Reader lines_of(std::string path) {
  return
      [path = std::move(path)](const Root& root) -> Json { return split(root.text(path), '\n'); };
}

Reader field_of(std::string path, std::string key) {
  return [path = std::move(path), key = std::move(key)](const Root& root) -> Json {
    for (const auto& line : split(root.text(path), '\n')) {
      const auto colon = line.find(':');
      if (colon != std::string::npos && trimmed(line.substr(0, colon)) == key)
        return scalar(trimmed(line.substr(colon + 1)));
    }
    return unknown("not here: no " + key + " in " + path);
  };
}

Reader of_every_cpu(std::string suffix) {
  return [suffix = std::move(suffix)](const Root& root) -> Json {
    std::set<std::string> distinct;
    Json all = Json::array();
    for (const auto& cpu : ipc::os::allowed_cpus()) {
      const auto text = root.line(cpu_folder(cpu.id) + suffix);
      distinct.insert(text);
      all.push_back(scalar(text));
    }
    return distinct.size() == 1 ? all.front() : all;
  };
}

Reader first_of(std::vector<Reader> readers) {
  return [readers = std::move(readers)](const Root& root) {
    Json first;
    for (const auto& reader : readers) {
      Json fact = fact_or_reason(reader, root);
      if (!is_unknown(fact)) return fact;
      if (first.is_null()) first = std::move(fact);
    }
    return first;
  };
}

Reader asked(Json (*ask)()) {
  return [ask](const Root&) { return ask(); };
}

Reader constant(Json value) {
  return [value = std::move(value)](const Root&) { return value; };
}

std::string cpu_folder(int id) {
  return "/sys/devices/system/cpu/cpu" + std::to_string(id) + "/";
}

std::vector<int> cpus_in(const std::string& list) {
  constexpr long long kMostCpus = 1 << 16;
  std::vector<int> ids;
  for (const auto& range : split(list, ',')) {
    const auto first = number_at(range);
    const auto dash = range.find('-');
    const auto last = dash == std::string::npos ? first : number_at(range.substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first || *last >= kMostCpus)
      throw std::runtime_error("odd: '" + list.substr(0, 40) + "' is no list of CPUs");
    for (auto id = *first; id <= *last; ++id) ids.push_back(static_cast<int>(id));
  }
  return ids;
}

}  // namespace bench
