#include "bench/run/campaign.hpp"

#include <fmt/format.h>

#include <system_error>

#include "bench/run/runner.hpp"
#include "bench/run/unusable.hpp"
#include "ipc/os/child.hpp"

namespace bench::run {

using std::chrono::milliseconds;

namespace {

constexpr std::uintmax_t kFullBelow = 64 << 10;  // bytes free: what was written is cut short

/// The contract of a progress line: "done NAME" or "failed NAME: message".
void read_progress(std::string_view line, Progress& progress) {
  constexpr std::string_view kFailed = "failed ";
  // A message may hold colons, and so do names ("size:64"), but only the message follows ": ".
  const auto colon = line.find(": ");
  if (line.starts_with(kFailed) && colon != std::string_view::npos) {
    progress.case_failed(std::string(line.substr(kFailed.size(), colon - kFailed.size())),
                         std::string(line.substr(colon + 2)));
  } else if (line.starts_with("done ")) {
    progress.case_done();
  }
}

class Campaign {
 public:
  Campaign(const Plan& plan, RunDirectory& directory, const Means& means,
           Interruption& interruption, Progress& progress)
      : plan_(plan),
        directory_(directory),
        means_(means),
        interruption_(interruption),
        progress_(progress) {}

  Result run() {
    try {
      measure_all();
      for (int round = 1; round <= plan_.settings.rounds; ++round)
        for (const auto& part : plan_.binaries) collect(part.binary, round);
    } catch (const std::system_error& error) {
      problem(fmt::format("the run stops here: {}", error.what()));
    }
    finish();
    progress_.close();
    return std::move(result_);
  }

 private:
  void measure_all() {
    for (int round = 1; round <= plan_.settings.rounds && !result_.signal; ++round) {
      measure_round(round);
      directory_.hold_against_limits(plan_, round);
    }
  }

  void measure_round(int round) {
    for (const auto& part : plan_.binaries) {
      if (directory_.has(part.binary, round)) continue;
      if ((result_.signal = interruption_.signal())) return;
      measure(part, round);
      if (result_.signal) return;
    }
  }

  void measure(const BinaryPlan& part, int round) {
    const auto& settings = plan_.settings;
    anything_done_ = true;
    Job job;
    job.stall_limit = stall_limit(part, settings, means_.patience);
    job.arguments = directory_.prepare(part, round);
    job.arguments.insert(job.arguments.begin(), (means_.bench_folder / part.binary).string());
    job.arguments.push_back(fmt::format("--window_ms={}", settings.window_ms));
    job.arguments.push_back(fmt::format("--warmup_ms={}", settings.warmup_ms));
    progress_.begin(part, round, predicted(part, settings));
    const Outcome outcome =
        run_job(job, interruption_, [&](std::string_view line) { read_progress(line, progress_); });
    if (outcome.kind == Outcome::Kind::kInterrupted) {
      result_.signal = interruption_.signal();
    } else if (outcome.kind != Outcome::Kind::kFinished) {
      not_measured(part.binary, round, outcome.message);
    } else if (const auto wrong = directory_.accept(part, round)) {
      not_measured(part.binary, round, *wrong);
    }
    directory_.remove_temporaries();
    if (!result_.signal) progress_.end(directory_.has(part.binary, round));
  }

  void not_measured(const std::string& binary, int round, const std::string& why) {
    // The library that writes the results does not tell of a write that failed.
    if (free_bytes(directory_.path()) < kFullBelow)
      throw std::system_error(ENOSPC, std::generic_category(),
                              fmt::format("{} of round {}, {}", binary, round, why));
    problem(fmt::format("{}, round {}: {}", binary, round, why));
  }

  void problem(std::string text) {
    progress_.say("error: " + text);
    result_.problems.push_back(std::move(text));
  }

  void collect(const std::string& binary, int round) {
    if (!directory_.has(binary, round)) return;
    for (auto& one : directory_.failures(binary, round)) result_.failures.push_back(std::move(one));
  }

  void finish() {
    result_.complete = !result_.signal && result_.problems.empty();
    const bool was_complete = directory_.record().value("status", "") == "complete";
    if (result_.complete && was_complete && !anything_done_) return;
    try {
      directory_.finish(result_.complete);
    } catch (const std::exception& error) {
      // run.json says "partial" since the start.
      result_.complete = false;
      problem(fmt::format("cannot write how the run ended: {}", error.what()));
    }
  }

  const Plan& plan_;
  RunDirectory& directory_;
  const Means& means_;
  Interruption& interruption_;
  Progress& progress_;
  Result result_;
  bool anything_done_ = false;
};

}  // namespace

int Result::exit_code() const {
  if (signal) return kSignalBase + *signal;
  return complete && failures.empty() ? kFine : kWithProblems;
}

milliseconds predicted_rest(const Plan& plan, const RunDirectory& directory) {
  milliseconds sum{0};
  for (int round = 1; round <= plan.settings.rounds; ++round)
    for (const auto& part : plan.binaries)
      if (!directory.has(part.binary, round)) sum += predicted(part, plan.settings);
  return sum;
}

Result carry_out(const Plan& plan, RunDirectory& directory, const Means& means,
                 Interruption& interruption, Progress& progress) {
  ipc::os::become_subreaper();
  return Campaign(plan, directory, means, interruption, progress).run();
}

}  // namespace bench::run
