#include "bench/run/measure_command.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <random>
#include <tuple>

#include "bench/harness/machine_facts.hpp"
#include "bench/harness/repetition.hpp"
#include "bench/run/campaign.hpp"
#include "bench/run/check.hpp"
#include "bench/run/session.hpp"
#include "bench/run/side_by_side.hpp"
#include "bench/run/unusable.hpp"
#include "bench/run/verdicts.hpp"
#include "ipc/os/child.hpp"

namespace bench::run {

namespace fs = std::filesystem;

namespace {

constexpr int kMostRounds = 1000;
constexpr int kLongestMs = 600'000;
constexpr int kLongestAnchorUs = 1'000'000;

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

/// What was asked for and does not go together.
void refuse_contradictions(const RunOptions& options, const Settings& settings) {
  if (settings.has_fixed_counts()) {
    for (const auto& [name, is_given] : {std::pair{"--window-ms", options.window_ms.has_value()},
                                         std::pair{"--warmup-ms", options.warmup_ms.has_value()},
                                         std::pair{"--anchor-us", options.anchor_us.has_value()}})
      if (is_given)
        throw Unusable(fmt::format(
            "{} is of windows of time, and preset path counts operations: leave it out", name));
    return;
  }
  const std::string remedy = ", and preset " + settings.preset + " goes by time: --preset path";
  if (settings.clock != "wall")
    throw Unusable("--clock " + settings.clock + " wants fixed counts" + remedy);
  if (settings.markers) throw Unusable("--markers wants fixed counts" + remedy);
}

Settings settings_of(const RunOptions& options) {
  Settings settings = preset_settings(options.preset);
  settings.clock = options.clock;
  settings.markers = options.markers;
  refuse_contradictions(options, settings);
  settings.filter = options.filter;
  settings.rounds = options.rounds.value_or(settings.rounds);
  settings.repetitions = options.repetitions.value_or(settings.repetitions);
  settings.window_ms = options.window_ms.value_or(settings.window_ms);
  settings.warmup_ms = options.warmup_ms.value_or(settings.warmup_ms);
  settings.anchor_us = options.anchor_us.value_or(settings.anchor_us);
  const auto any_seed = [&] {
    return settings.has_fixed_counts() ? settings.seed : std::random_device()();
  };
  settings.seed = options.seed ? *options.seed : any_seed();
  return settings;
}

std::string default_out() {
  std::string time = facts::utc_now().get<std::string>();
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  return "runs/" + facts::host_name().get<std::string>() + "-" + time;
}

void announce(Session& session) {
  const Plan& plan = session.members().front().plan;
  const Settings& asked = plan.settings;
  const std::string each = asked.has_fixed_counts() ? "of each case's own number of operations"
                                                    : fmt::format("of {} ms after {} ms of warm-up",
                                                                  asked.window_ms, asked.warmup_ms);
  print(fmt::format(
      "preset {}: {}{}, {} each, {} {}; seed {}; about {}\n", asked.preset,
      counted(plan.cases(), "case", "cases"), session.members().size() > 1 ? " on two sides" : "",
      counted(static_cast<std::size_t>(asked.rounds), "process", "processes"),
      counted(static_cast<std::size_t>(asked.repetitions), "repetition", "repetitions"), each,
      asked.seed, to_text(predicted_rest(session.sides()))));
  for (const auto& text : session.notes()) print(text + '\n');
  const auto found = findings(session.members().front().directory.environment().at("start"));
  const auto block = count(found, Grade::kBlock);
  const auto warn = count(found, Grade::kWarn);
  if (block + warn > 0)
    print(
        fmt::format("this machine: {} block, {} warn (`ipcmark check` names them)\n", block, warn));
  for (const auto& one : session.members())
    print(fmt::format("writing to {}\n", one.directory.path().string()));
}

void print_failures(const std::vector<Failure>& failures, int rounds) {
  std::vector<std::string> names;
  for (const auto& one : failures)
    if (std::find(names.begin(), names.end(), one.name) == names.end()) names.push_back(one.name);
  if (!names.empty()) print(counted(names.size(), "case", "cases") + " failed:\n");
  for (const auto& name : names) {
    const auto same = [&](const Failure& one) { return one.name == name; };
    const auto first = std::find_if(failures.begin(), failures.end(), same);
    print(fmt::format("  {} (in {} of {} rounds): {}\n", name,
                      std::count_if(failures.begin(), failures.end(), same), rounds,
                      first->message));
  }
}

/// As it is called here: an installed package has no folder scripts.
std::string report_command() {
  const bool installed = own_folder().parent_path().filename() == "libexec";
  return installed ? "ipcmark-report" : "scripts/report";
}

/// What disturbed the runs, and in which distances their CPUs were.
void print_labels(const Session& session) {
  const Json& record = session.members().front().directory.record();
  for (const auto& label : record.value("labels", Json::array()))
    print("contaminated: " + label.get<std::string>() + "\n");
  if (const auto& modes = record.value("topology_modes_ns", Json::array()); modes.size() > 1)
    print(
        fmt::format("the CPUs' distance changed during the run (a cache line took {} ns): compare "
                    "like with like (`topology_mode`)\n",
                    fmt::join(modes.get<std::vector<int>>(), ", then ")));
}

void report(const Result& result, const Session& session) {
  print_labels(session);
  print_failures(result.failures, session.members().front().plan.settings.rounds);
  for (const auto& problem : result.problems) print("error: " + problem + "\n");
  if (!result.complete) {
    print(fmt::format("{}: the run in {} is partial; continue it with\n  ipcmark run --resume {}\n",
                      result.signal ? "interrupted" : "stopped", session.path().string(),
                      shell_word(session.path().string())));
    return;
  }
  if (session.members().size() == 2) {
    const auto& [base, versus] = std::tie(session.members()[0], session.members()[1]);
    for (const auto& one :
         differences(base.directory.environment().at("start"),
                     versus.directory.environment().at("start"), {"build", "binaries"}))
      if (one.grade >= Grade::kWarn)
        print(fmt::format("confounded by {}: {}\n", one.topic, one.found));
    print(to_text(compare(base.directory, versus.directory, base.plan, base.plan.settings.rounds),
                  base.plan));
  }
  if (session.members().front().plan.settings.clock == kInstructions)
    print(
        "what this run calls ns are executed instructions, as this machine's clock counts them; "
        "they are no time\n");
  const std::string path = session.path().string();
  print(fmt::format("{} in {}\nreport: {} {} --out {}\n",
                    session.members().size() == 2 ? "base and versus are" : "the run is", path,
                    report_command(), shell_word(path), shell_word(path + ".html")));
}

Session session_of(const RunOptions& options) {
  const fs::path bundle = options.bench_folder;
  if (options.resume) return Session::resume(bundle, fs::path(*options.resume).lexically_normal());
  const fs::path out = fs::path(options.out.value_or(default_out())).lexically_normal();
  const std::optional<fs::path> selftest = options.selftest;
  if (!options.versus)
    return Session::begin(bundle, settings_of(options), out, options.command, selftest);
  return Session::begin_versus(bundle, *options.versus, settings_of(options), out, options.command,
                               selftest);
}

/// Two sides of the rigorous preset are compared after 12, 24 and 40 rounds, and a case whose
/// change is found then is left.
AfterRound looks_of(Session& session) {
  auto& members = session.members();
  if (members.size() < 2 || members[0].plan.settings.preset != "rigorous") return {};
  return [&members, left = Json::object()](int round) mutable {
    if (!is_look(round)) return std::set<std::string>{};
    const auto cells = compare(members[0].directory, members[1].directory, members[0].plan, round);
    const auto found = decided(cells, round);
    for (const auto& name : found)
      if (!left.contains(name)) left[name] = round;
    for (Member& one : members) one.directory.note("left_after_round", left);
    return found;
  };
}

}  // namespace

void add_run(CLI::App& app, RunOptions& options) {
  auto* command = app.add_subcommand(
      "run",
      "Measure. Exit code 0: every case fine; 1: some failed or the run is partial; 2: it "
      "could not start; 128 + signal: interrupted");
  auto* resume = command
                     ->add_option("--resume", options.resume,
                                  "Continue the run in this directory; beside it only --stall-s "
                                  "and --bench-dir may stand")
                     ->type_name("RUN");
  const auto add = [&](const char* name, auto& target, const char* help) {
    return command->add_option(name, target, help)->excludes(resume);
  };
  add("--preset", options.preset,
      "quick (6 short processes a case), default (20), rigorous (40); quick measures fewer cases; "
      "path (1): fixed counts of operations on one CPU, for counting instructions")
      ->check(CLI::IsMember(std::vector<std::string>(kPresets.begin(), kPresets.end())));
  add("--out", options.out, "New directory for the run (default: runs/<host>-<UTC time>)")
      ->type_name("DIR");
  add("--versus", options.versus,
      "Measure the bench binaries of this other folder too, case by case in turn with ours; the "
      "two runs are the directories base and versus in --out")
      ->type_name("DIR");
  add("--selftest", options.selftest,
      "Judge by the estimators of this self-test (default: selftest.json beside the run, if any)")
      ->type_name("FILE");
  add("--filter", options.filter, "Extended regular expression to be found in a case's name")
      ->type_name("RE");
  add("--rounds", options.rounds, "Processes a case")->check(CLI::Range(1, kMostRounds));
  add("--repetitions", options.repetitions, "Timed windows a process")
      ->check(CLI::Range(1, static_cast<int>(kMostRepetitions)));
  add("--window-ms", options.window_ms, "Length of a timed window")
      ->check(CLI::Range(1, kLongestMs));
  add("--warmup-ms", options.warmup_ms, "Warm-up before them")->check(CLI::Range(0, kLongestMs));
  add("--anchor-us", options.anchor_us,
      "Look at the CPU's speed for so long before each window and after the last")
      ->check(CLI::Range(0, kLongestAnchorUs));
  add("--seed", options.seed, "Of the order of the cases (default: a random one; preset path: 1)");
  add("--clock", options.clock,
      "What this machine's clock counts: wall (default), or instructions, in an emulator that "
      "advances it by one ns an instruction; with preset path")
      ->check(CLI::IsMember(std::vector<std::string>(kClocks.begin(), kClocks.end())));
  command
      ->add_flag("--markers", options.markers,
                 "With preset path: execute a no-op before and after what is measured, for a "
                 "profiler that looks for it (bench/harness/marker.hpp)")
      ->excludes(resume);
  command
      ->add_option("--stall-s", options.stall_s,
                   "Seconds of silence, beyond a case's own time, after which a binary counts as "
                   "hung")
      ->check(CLI::Range(1, 24 * 3600))
      ->capture_default_str();
  add_bench_folder(*command, options.bench_folder);
}

int measure(const RunOptions& options) {
  ipc::os::ignore_sigpipe();  // the output may be piped to something that ends first
  Interruption interruption;
  Session session = session_of(options);
  announce(session);
  const auto sides = session.sides();
  Progress progress(stderr, ::isatty(STDERR_FILENO) == 1,
                    session.members().front().plan.settings.rounds, predicted_rest(sides));
  const Result result = carry_out(sides, std::chrono::seconds(options.stall_s), interruption,
                                  progress, looks_of(session));
  report(result, session);
  return result.exit_code();
}

void add_bench_folder(CLI::App& command, std::string& folder) {
  command
      .add_option("--bench-dir", folder, "Folder of the bench binaries (default: where ipcmark is)")
      ->type_name("DIR");
}

fs::path own_folder() {
  return fs::read_symlink("/proc/self/exe").parent_path();
}

std::string shell_word(const std::string& text) {
  constexpr const char* kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+./:,@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted;
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return "'" + quoted + "'";
}

}  // namespace bench::run
