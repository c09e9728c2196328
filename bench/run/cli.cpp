#include "bench/run/cli.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "bench/harness/build_info.hpp"
#include "bench/harness/environment.hpp"
#include "bench/run/catalogue.hpp"
#include "bench/run/check.hpp"
#include "bench/run/help.hpp"
#include "bench/run/measure_command.hpp"
#include "bench/run/plan.hpp"
#include "bench/run/selftest_command.hpp"
#include "bench/run/unusable.hpp"
#include "ipc/os/unique_name.hpp"

namespace bench::run {

namespace fs = std::filesystem;

namespace {

struct Options {
  std::string bench_folder;
  std::string filter;
  bool json = false;
  bool verbose = false;
};

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

std::string version_text() {
  const BuildInfo& info = build_info();
  return fmt::format("ipcmark {} (git {}{}, {} build, {})", info.version, info.git_sha,
                     info.git_dirty ? " with uncommitted changes" : "", info.build_type,
                     info.compiler);
}

std::string as_typed(int argc, char** argv) {
  std::string line;
  for (int i = 0; i < argc; ++i) line += (i ? " " : "") + shell_word(argv[i]);
  return line;
}

int list(const Options& options) {
  const auto cases = matching(read_catalogue(options.bench_folder), options.filter);
  if (cases.empty())
    throw Unusable("--filter '" + options.filter +
                   "' matches no case: `ipcmark list` shows them all");
  const auto backends = ipc::capabilities();
  print(options.json ? to_line(to_json(cases, backends)) + '\n' : to_text(cases, backends));
  return kFine;
}

int check(const Options& options) {
  const auto found = findings(read_environment());
  print(options.json ? to_line(to_json(found)) + '\n' : to_text(found, options.verbose));
  return count(found, Grade::kBlock) ? kWithProblems : kFine;
}

int clean() {
  const auto removed = ipc::os::reclaim_orphaned_names();
  for (const std::string& what : removed) print("removed " + what + "\n");
  print(removed.empty() ? "nothing to remove\n"
                        : counted(removed.size(), "object", "objects") + " removed\n");
  return kFine;
}

void add_list(CLI::App& app, Options& options) {
  auto* command = app.add_subcommand(
      "list", "Show every case, why some cannot run here, and what backends cannot do");
  command
      ->add_option("--filter", options.filter,
                   "Extended regular expression to be found in the name")
      ->type_name("RE");
  command->add_flag("--json", options.json, "Print JSON");
  add_bench_folder(*command, options.bench_folder);
}

void add_check(CLI::App& app, Options& options) {
  auto* command = app.add_subcommand(
      "check",
      "Say what about this machine spoils results; changes nothing. Exit code 1 when "
      "something makes results meaningless (grade block), else 0");
  command->add_flag("--json", options.json, "Print JSON, every check included");
  command->add_flag("--verbose,-v", options.verbose, "Show what is fine or not known, too");
}

}  // namespace

int run_cli(int argc, char** argv) {
  Options options;
  RunOptions run;
  SelfTestOptions selftest;
  run.command = selftest.command = as_typed(argc, argv);
  CLI::App app("Measures what inter-process communication costs on this machine.", "ipcmark");
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag("--version", version_text());
  app.require_subcommand(1);
  add_list(app, options);
  add_check(app, options);
  add_run(app, run);
  add_selftest(app, selftest);
  app.add_subcommand("clean",
                     "Remove shared memory, queues and semaphores of ours whose owner was killed "
                     "before it could");
  try {
    app.parse(argc, argv);
    if (app.got_subcommand("check")) return check(options);
    if (app.got_subcommand("clean")) return clean();
    for (std::string* folder : {&options.bench_folder, &run.bench_folder, &selftest.bench_folder})
      if (folder->empty()) *folder = own_folder().string();
    if (app.got_subcommand("list")) return list(options);
    return app.got_subcommand("selftest") ? self_test(selftest) : measure(run);
  } catch (const CLI::CallForVersion&) {
    print(version_text() + "\n");
    return kFine;
  } catch (const CLI::Success& asked) {
    return app.exit(asked);  // --help
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "ipcmark: {} (see ipcmark --help)\n", error.what());
  } catch (const std::exception& error) {
    fmt::print(stderr, "ipcmark: {}\n", error.what());
  }
  return kCannotStart;
}

}  // namespace bench::run
