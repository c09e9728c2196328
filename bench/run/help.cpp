#include "bench/run/help.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <regex>
#include <vector>

namespace bench::run {

namespace {
constexpr std::size_t kColumn = 32;  // the longest name with its value, and two spaces
}

HelpFormatter::HelpFormatter() {
  column_width(kColumn);
}

std::string HelpFormatter::make_option_name(const CLI::Option* option, bool is_positional) const {
  static const std::regex kComma(",(?=-)");
  return std::regex_replace(CLI::Formatter::make_option_name(option, is_positional), kComma, ", ");
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  if (option->get_type_size() == 0) return "";
  // The type, and behind a colon what its check says of itself.
  const std::string type = option->get_type_name();
  const auto colon = type.find(':');
  if (const auto choices = type.find(":{"); choices != std::string::npos)
    return ' ' + type.substr(choices + 1);
  const std::string word = type.substr(0, colon);
  return word == "INT" || word == "UINT" ? " N" : ' ' + word;
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  static const std::regex kRange(R"( in \[(\S+) - (\S+)\])");
  const std::string type = option->get_type_name();
  std::vector<std::string> more;
  if (std::smatch range; std::regex_search(type, range, kRange))
    more.push_back(fmt::format("{} to {}", range.str(1), range.str(2)));
  if (!option->get_default_str().empty()) more.push_back("default: " + option->get_default_str());
  const std::string text = CLI::Formatter::make_option_desc(option);
  return more.empty() ? text : fmt::format("{} ({})", text, fmt::join(more, "; "));
}

}  // namespace bench::run
