// How --help shows the options: the man page and the completion of the shell are made of it.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace bench::run {

/// `-v, --verbose`, and `--rounds N   Processes a case (1 to 1000)`: what a value is in one word,
/// its range and its default behind what the option does.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter();
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

}  // namespace bench::run
