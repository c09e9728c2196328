#include "bench/run/campaign.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <system_error>

#include "bench/run/runner.hpp"
#include "bench/run/unusable.hpp"
#include "ipc/os/child.hpp"

namespace bench::run {

using std::chrono::milliseconds;

namespace {

constexpr std::uintmax_t kFullBelow = 64 << 10;  // bytes free: what was written is cut short

/// The contract of a progress line: "done NAME" or "failed NAME: message", of which only the latter
/// is news.
void read_progress(std::string_view line, Progress& progress) {
  constexpr std::string_view kFailed = "failed ";
  // A message may hold colons, and so do names ("size:64"), but only the message follows ": ".
  const auto colon = line.find(": ");
  if (line.starts_with(kFailed) && colon != std::string_view::npos) {
    progress.case_failed(std::string(line.substr(kFailed.size(), colon - kFailed.size())),
                         std::string(line.substr(colon + 2)));
  }
}

/// So that no number of a marker is that of two cases of a run.
int first_marker(const std::string& binary) {
  constexpr std::ptrdiff_t kMostCases = 4096;  // of a binary
  return static_cast<int>(1 +
                          kMostCases * (std::ranges::find(kBinaries, binary) - kBinaries.begin()));
}

/// One binary of one side in one round.
class Part {
 public:
  Part(const Side& side, const std::string& binary, int round)
      : side_(side), binary_(binary), round_(round) {}

  void plan(const Case& one) { todo_.cases.push_back(one); }
  [[nodiscard]] const std::string& binary() const { return binary_; }
  [[nodiscard]] const Side& side() const { return side_; }
  [[nodiscard]] bool is_at_work() const { return job_ != nullptr; }
  [[nodiscard]] Job& job() { return *job_; }
  [[nodiscard]] bool measured_any() const { return !measured_.empty(); }

  void start() {
    todo_.binary = binary_;
    auto arguments = side_.directory->prepare(todo_, round_);
    arguments.insert(arguments.begin(), (side_.bundle / binary_).string());
    for (std::string& flag : flags_of(side_.plan->settings)) arguments.push_back(std::move(flag));
    arguments.insert(arguments.end(), side_.arguments.begin(), side_.arguments.end());
    job_ = std::make_unique<Job>(std::move(arguments));
  }
  std::vector<std::string> flags_of(const Settings& asked) const {
    std::vector<std::string> flags{fmt::format("--repetitions={}", asked.repetitions)};
    if (!asked.has_fixed_counts()) {
      flags.push_back(fmt::format("--window_ms={}", asked.window_ms));
      flags.push_back(fmt::format("--warmup_ms={}", asked.warmup_ms));
      flags.push_back(fmt::format("--anchor_us={}", asked.anchor_us));
      return flags;
    }
    flags.push_back("--fixed");
    flags.push_back("--clock=" + asked.clock);
    if (asked.markers) {
      flags.push_back("--markers=" + side_.directory->markers_file(binary_).string());
      flags.push_back(fmt::format("--first_marker={}", first_marker(binary_)));
    }
    return flags;
  }
  void took_turn(const Case& one) { measured_.insert(one.name); }
  void drop() { job_.reset(); }
  std::optional<std::string> accept() const {
    return side_.directory->accept(binary_, round_, measured_);
  }

 private:
  const Side& side_;
  std::string binary_;
  int round_;
  BinaryPlan todo_;
  std::set<std::string> measured_;
  std::unique_ptr<Job> job_;
};

class Campaign {
 public:
  Campaign(std::span<const Side> sides, milliseconds patience, Interruption& interruption,
           Progress& progress, const AfterRound& after_round)
      : sides_(sides),
        settings_(sides.front().plan->settings),
        patience_(patience),
        interruption_(interruption),
        progress_(progress),
        after_round_(after_round) {}

  Result run() {
    try {
      for (int round = 1; round <= settings_.rounds && !result_.signal; ++round) {
        measure_round(round);
        for (const Side& side : sides_) side.directory->hold_against_limits(*side.plan, round);
        if (after_round_ && !result_.signal) settled_.merge(after_round_(round));
      }
      for (const Side& side : sides_)
        for (int round = 1; round <= settings_.rounds; ++round)
          for (const auto& part : side.plan->binaries) collect(side, part.binary, round);
    } catch (const std::system_error& error) {
      problem(fmt::format("the run stops here: {}", error.what()));
    }
    finish();
    progress_.close();
    return std::move(result_);
  }

 private:
  /// A case that a part has to measure.
  struct Turn {
    const Case* one;
    std::vector<Part*> parts;
  };

  void measure_round(int round) {
    if ((result_.signal = interruption_.signal())) return;
    const std::vector<Case> order = shuffled(*sides_.front().plan, round);
    std::vector<std::unique_ptr<Part>> parts;
    const std::vector<Turn> turns = plan_turns(order, round, parts);
    if (turns.empty()) return;
    anything_done_ = true;
    std::size_t cases = 0;
    for (const Turn& turn : turns) cases += turn.parts.size();
    progress_.begin(round, cases);
    for (const auto& part : parts) part->start();
    std::mt19937_64 random(settings_.seed + static_cast<std::uint64_t>(round));
    for (const Turn& turn : turns) {
      auto in_order = turn.parts;
      std::ranges::shuffle(in_order, random);
      for (Part* part : in_order)
        if (!result_.signal) give(*part, *turn.one, round);
    }
    end_round(parts, round);
  }

  /// What is missing in this round, in order, and the parts that it is for.
  std::vector<Turn> plan_turns(const std::vector<Case>& order, int round,
                               std::vector<std::unique_ptr<Part>>& parts) {
    std::vector<Turn> turns;
    std::map<std::string, std::vector<Part*>> missing;
    for (const Side& side : sides_)
      for (const auto& binary : side.plan->binaries) {
        const auto measured = side.directory->measured(binary.binary, round);
        Part* part = nullptr;
        for (const Case& one : binary.cases) {
          if (measured.contains(one.name) || settled_.contains(one.name)) continue;
          if (!part)
            part = parts.emplace_back(std::make_unique<Part>(side, binary.binary, round)).get();
          missing[one.name].push_back(part);
        }
      }
    for (const Case& one : order) {
      const auto found = missing.find(one.name);
      if (found == missing.end()) continue;
      for (Part* part : found->second) part->plan(one);
      turns.push_back({&one, found->second});
    }
    return turns;
  }

  void give(Part& part, const Case& one, int round) {
    const milliseconds expected = predicted(one, settings_);
    if (part.is_at_work()) {
      const auto outcome =
          part.job().turn(patience_ + expected, interruption_,
                          [&](std::string_view line) { read_progress(line, progress_); });
      if (outcome.kind == Outcome::Kind::kInterrupted) {
        result_.signal = interruption_.signal();
        return;
      }
      if (outcome.kind == Outcome::Kind::kFinished) {
        part.took_turn(one);
      } else {
        part.drop();
        not_measured(part, round, outcome.message);
      }
    }
    progress_.case_done(one.name, expected);
  }

  /// One binary after the other writes what it measured and leaves.
  void end_round(const std::vector<std::unique_ptr<Part>>& parts, int round) {
    for (const auto& part : parts) {
      if (!part->is_at_work()) continue;
      const auto outcome = part->job().finish(patience_, interruption_);
      part->drop();
      if (!result_.signal) result_.signal = interruption_.signal();
      if (outcome.kind != Outcome::Kind::kFinished) {
        if (!result_.signal) not_measured(*part, round, outcome.message);
      } else if (part->measured_any()) {
        if (const auto wrong = part->accept()) not_measured(*part, round, *wrong);
      }
    }
    ipc::os::kill_all_children();  // those that left their job's group
    for (const Side& side : sides_) side.directory->remove_temporaries();
    progress_.end();
  }

  void not_measured(const Part& part, int round, const std::string& why) {
    const auto& folder = part.side().directory->path();
    // The library that writes the results does not tell of a write that failed.
    if (free_bytes(folder) < kFullBelow)
      throw std::system_error(ENOSPC, std::generic_category(),
                              fmt::format("{} of round {}, {}", part.binary(), round, why));
    problem(fmt::format("{}, round {}: {}", part.binary(), round, why));
  }

  void problem(std::string text) {
    progress_.say("error: " + text);
    result_.problems.push_back(std::move(text));
  }

  void collect(const Side& side, const std::string& binary, int round) {
    if (side.directory->measured(binary, round).empty()) return;
    for (auto& one : side.directory->failures(binary, round))
      result_.failures.push_back(std::move(one));
  }

  void finish() {
    result_.complete = !result_.signal && result_.problems.empty();
    for (const Side& side : sides_) {
      RunDirectory& directory = *side.directory;
      const bool was_complete = directory.record().value("status", "") == "complete";
      if (result_.complete && was_complete && !anything_done_) continue;
      try {
        directory.note("topology_modes_ns", directory.mark_topology_modes(*side.plan));
        directory.finish(result_.complete);
      } catch (const std::exception& error) {
        // run.json says "partial" since the start.
        result_.complete = false;
        problem(fmt::format("cannot write how the run ended: {}", error.what()));
      }
    }
  }

  std::span<const Side> sides_;
  const Settings& settings_;
  milliseconds patience_;
  Interruption& interruption_;
  Progress& progress_;
  const AfterRound& after_round_;
  std::set<std::string> settled_;
  Result result_;
  bool anything_done_ = false;
};

}  // namespace

int Result::exit_code() const {
  if (signal) return kSignalBase + *signal;
  return complete && failures.empty() ? kFine : kWithProblems;
}

milliseconds predicted_rest(std::span<const Side> sides) {
  milliseconds sum{0};
  for (const Side& side : sides)
    for (int round = 1; round <= side.plan->settings.rounds; ++round)
      for (const auto& part : side.plan->binaries) {
        const auto measured = side.directory->measured(part.binary, round);
        if (measured.size() < part.cases.size()) sum += kBinaryStart;
        for (const auto& one : part.cases)
          if (!measured.contains(one.name)) sum += predicted(one, side.plan->settings);
      }
  return sum;
}

Result carry_out(std::span<const Side> sides, milliseconds patience, Interruption& interruption,
                 Progress& progress, const AfterRound& after_round) {
  ipc::os::become_subreaper();
  return Campaign(sides, patience, interruption, progress, after_round).run();
}

}  // namespace bench::run
