// Kills the users of every object at random moments, and proves that nobody else hangs, nothing
// comes twice, only what the dead held is lost, and nothing is left.
#include <fmt/format.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>

#include "ipc/os/child.hpp"
#include "ipc/os/unique_name.hpp"
#include "ipc/soak/stage.hpp"

namespace ipc::soak {
namespace {

constexpr int kViolated = 1, kCannotStart = 2;
constexpr unsigned kMostSeconds = 300;
/// Owners are killed for a tenth of the time: what they make is at risk only while it is made.
constexpr double kOwnersShare = 0.1;

struct Options {
  unsigned seconds = 240;
  std::uint64_t seed = std::random_device{}();
  std::string only;
};

template <class Number>
Number number_of(const std::string& text, const char* what) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    throw std::invalid_argument(fmt::format("{} '{}' is not a number", what, text));
  return number;
}

Options parse(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--seed" || word == "--only") {
      if (++i == arguments.size()) throw std::invalid_argument(word + " needs a value");
      if (word == "--only")
        options.only = arguments[i];
      else
        options.seed = number_of<std::uint64_t>(arguments[i], "--seed");
    } else {
      options.seconds = number_of<unsigned>(word, "SECONDS");
      if (options.seconds < 1 || options.seconds > kMostSeconds)
        throw std::invalid_argument(fmt::format("SECONDS is 1 to {}", kMostSeconds));
    }
  }
  return options;
}

volatile std::sig_atomic_t interrupted_by = 0;

void heed_interruptions() {
  struct sigaction action {};
  action.sa_handler = [](int number) { interrupted_by = number; };
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
}

/// The lines, and what they add up to.
class Soak {
 public:
  explicit Soak(const Options& options)
      : options_(options), until_(os::Deadline::after(std::chrono::seconds(options.seconds))) {
    add(survivor_lines(), "", 1 - kOwnersShare);
    add(owner_lines(), "owner of ", kOwnersShare);
    if (lines_.empty())
      throw std::invalid_argument(fmt::format("--only '{}' names no line", options.only));
  }

  int run() {
    fmt::print("seed {}; {} lines, {} s\n\n", options_.seed, lines_.size(), options_.seconds);
    print_row("", "", "kills", "operations", "lost", "longest wait ms");
    for (const auto& line : lines_) {
      if (const int code = run(line)) return code;
      weight_left_ -= line.weight;
    }
    if (!reclaim_unnamed()) return 1;
    fmt::print(
        "\n{} lines fine, {} could not run: {} kills, {} operations, {} lost, longest wait "
        "{:.1f} ms; nobody hung, nothing came twice, nothing is left; seed {}\n",
        fine_, lines_.size() - fine_, sum_.kills, sum_.operations, sum_.lost, sum_.longest_wait_ms,
        options_.seed);
    return 0;
  }

 private:
  struct Weighted {
    LineEntry entry;
    double weight;
  };

  void add(std::vector<LineEntry> entries, const std::string& prefix, double weight) {
    for (auto& entry : entries) entry.family = prefix + entry.family;
    std::erase_if(entries, [&](const LineEntry& entry) {
      return (entry.family + " " + entry.backend).find(options_.only) == std::string::npos;
    });
    for (auto& entry : entries) {
      const double share = weight / static_cast<double>(entries.size());
      weight_left_ += share;
      lines_.push_back({std::move(entry), share});
    }
  }

  template <class... Numbers>
  static void print_row(const std::string& family, const std::string& backend,
                        const Numbers&... numbers) {
    fmt::print("{:18} {:24}", family, backend);
    (fmt::print(" {:>16}", numbers), ...);
    fmt::print("\n");
    std::fflush(stdout);
  }

  /// What sem_open() was killed at goes when it is old enough to be nobody's.
  static bool reclaim_unnamed() {
    const auto patience = os::Deadline::after(std::chrono::seconds(30));
    for (; !os::unnamed_semaphores().empty(); os::reclaim_orphaned_names()) {
      if (patience.expired()) {
        fmt::print("\nVIOLATED: {} is left\n", os::unnamed_semaphores().front());
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return true;
  }

  /// 0 to go on.
  int run(const Weighted& line) {
    const LineEntry& entry = line.entry;
    if (const auto reason = entry.unavailable()) {
      fmt::print("{:18} {:24} cannot run here: {}\n", entry.family, entry.backend, *reason);
      return 0;
    }
    const auto time =
        std::chrono::duration_cast<os::Duration>(until_.remaining() * line.weight / weight_left_);
    const auto seed = options_.seed + std::hash<std::string>{}(entry.family + entry.backend);
    const Outcome outcome = run_line(entry, seed, time, [] { return interrupted_by != 0; });
    if (outcome.interrupted) {
      fmt::print("interrupted by signal {}; nothing is left\n", int{interrupted_by});
      return 128 + interrupted_by;
    }
    print_row(entry.family, entry.backend, outcome.kills, outcome.operations, outcome.lost,
              fmt::format("{:.1f}", outcome.longest_wait_ms));
    if (!outcome.failure.empty()) {
      fmt::print("\nVIOLATED by {} {}: {}\nagain with: --seed {} --only '{} {}'\n", entry.family,
                 entry.backend, outcome.failure, options_.seed, entry.family, entry.backend);
      return kViolated;
    }
    ++fine_;
    sum_.kills += outcome.kills;
    sum_.operations += outcome.operations;
    sum_.lost += outcome.lost;
    sum_.longest_wait_ms = std::max(sum_.longest_wait_ms, outcome.longest_wait_ms);
    return 0;
  }

  Options options_;
  os::Deadline until_;
  std::vector<Weighted> lines_;
  double weight_left_ = 0;
  std::size_t fine_ = 0;
  Outcome sum_;
};

constexpr const char* kUsage =
    "usage: soak [--seed N] [--only TEXT] [SECONDS]\n"
    "Kills the users of every object at random moments, for SECONDS (1 to 300, default 240) in "
    "all,\n"
    "and proves that nobody else hangs, nothing comes twice, only what the dead held is lost, and\n"
    "nothing is left. --only runs the lines whose family and backend hold TEXT.\n"
    "Exit code 0: all is fine; 1: something was violated; 2: it could not start; 128 + signal:\n"
    "interrupted.\n";

int run(const std::vector<std::string>& arguments) {
  for (const auto& word : arguments)
    if (word == "--help" || word == "-h") return fmt::print("{}", kUsage), 0;
  try {
    os::become_subreaper();
    heed_interruptions();
    return Soak(parse(arguments)).run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "soak: {} (see soak --help)\n", error.what());
    return kCannotStart;
  }
}

}  // namespace
}  // namespace ipc::soak

int main(int argc, char** argv) {
  return ipc::soak::run({argv + 1, argv + argc});
}
