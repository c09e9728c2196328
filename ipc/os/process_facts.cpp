#include "ipc/os/process_facts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace ipc::os {

namespace {

template <class Int>
std::optional<Int> number(std::string_view text) {
  Int value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

/// The fields of a stat file from the fourth to the twentieth, all of them numbers.
std::optional<std::array<long, 17>> fields_behind_state(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::array<long, 17> fields{};
  for (long& field : fields)
    // Some are unsigned long and do not fit; none of those is wanted.
    if (std::string word; in >> word) field = number<long>(word).value_or(0);
  if (!in) return std::nullopt;
  return fields;
}

}  // namespace

std::optional<ProcessFacts> ProcessFacts::parse(std::string_view stat) {
  // The name may hold blanks, brackets and line ends; nothing behind it holds a bracket.
  const auto open = stat.find(" ("), close = stat.rfind(") ");
  if (open == stat.npos || close == stat.npos || close < open + 2 || close + 3 > stat.size())
    return std::nullopt;
  const auto pid = number<pid_t>(stat.substr(0, open));
  const auto fields = fields_behind_state(stat.substr(close + 3));
  if (!pid || !fields) return std::nullopt;
  const auto field = [&](std::size_t n) { return static_cast<int>((*fields)[n - 4]); };
  return ProcessFacts{.state = stat[close + 2],
                      .pid = *pid,
                      .name = std::string(stat.substr(open + 2, close - open - 2)),
                      .parent = field(4),
                      .group = field(5),
                      .session = field(6),
                      .foreground = field(8),
                      .nice = field(19),
                      .threads = field(20)};
}

std::string ProcessFacts::stat() const {
  std::string text(1, state);
  if (nice < 0) text += '<';
  if (nice > 0) text += 'N';
  if (session == pid) text += 's';
  if (threads > 1) text += 'l';
  if (foreground == group) text += '+';
  return text;
}

std::optional<ProcessFacts> process_facts(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text, '\0');  // takes an error as an end: it may vanish before it is read
  return ProcessFacts::parse(text);
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", none))
    if (const auto other = number<pid_t>(entry.path().filename().native()))
      if (const auto facts = process_facts(*other); facts && facts->parent == pid)
        children.push_back(*other);
  std::ranges::sort(children);
  return children;
}

}  // namespace ipc::os
