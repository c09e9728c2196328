#include "bench/run/selftest.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "bench/harness/environment.hpp"
#include "bench/run/processes.hpp"
#include "bench/run/unusable.hpp"
#include "bench/statistics/summary.hpp"

namespace bench::run {

using std::chrono::milliseconds;
namespace stats = bench::statistics;

namespace {

/// Of the nouns whose backends differ in what a program wants of them.
const std::map<std::string, std::string> kFirstChoice{
    {"process", "fork"},    {"pipe", "pipe"},
    {"queue", "shm_ring"},  {"shared", "anonymous_atomic"},
    {"semaphore", "posix"}, {"notify", "eventfd"},
    {"pool", "shm_ring"}};

/// A pair's comparison is studied for so many pairs at most: those of a default run.
constexpr std::size_t kComparisonPairs = 20;

/// The side that the delayed ones are held against.
constexpr const char* kUndelayed = "plus0";

std::string without_placement(const std::string& name) {
  return name.substr(0, name.rfind("/placement:"));
}

/// The middle one of those that are set up soonest.
const Case& middle_of(std::vector<const Case*> cases) {
  const double soonest = (*std::ranges::min_element(cases, {}, [](const Case* one) {
                           return one->setup_ms;
                         }))->setup_ms;
  std::erase_if(cases, [&](const Case* one) { return one->setup_ms > soonest; });
  return *cases[cases.size() / 2];
}

/// Keeps the cases that the predicate holds for, unless these are none.
template <class Predicate>
void prefer(std::vector<const Case*>& cases, Predicate preferred) {
  if (std::ranges::any_of(cases, preferred))
    std::erase_if(cases, [&](const Case* one) { return !preferred(one); });
}

Plan plan_of(const std::vector<Case>& cases, Settings settings) {
  Plan plan{std::move(settings), {}, {}};
  for (const auto binary : kBinaries) {
    BinaryPlan part{std::string(binary), {}};
    std::ranges::copy_if(cases, std::back_inserter(part.cases),
                         [&](const Case& one) { return one.binary == binary; });
    if (!part.cases.empty()) plan.binaries.push_back(std::move(part));
  }
  return plan;
}

milliseconds predicted_time(const Plan& plan) {
  milliseconds round{0};
  for (const auto& part : plan.binaries) {
    round += kBinaryStart;
    for (const Case& one : part.cases) round += run::predicted(one, plan.settings);
  }
  return round * plan.settings.rounds;
}

/// A delay that is a share of the typical operation, as a share of what the estimator looks at: of
/// the quickest tenth it is more.
double claimed_percent(double injected, const std::vector<stats::Process>& base,
                       stats::Estimator estimator) {
  if (estimator != stats::Estimator::quiet) return injected;
  std::vector<double> ratios;
  for (const auto& one : base) {
    const auto ns = stats::estimates(one, 0, 1);
    ratios.push_back(ns[index(stats::Estimator::typical)] / ns[index(stats::Estimator::quiet)]);
  }
  return injected * stats::median(ratios);
}

std::string plus(double percent) {
  return fmt::format("plus{:g}", percent);
}

auto parameters_of(const Case& one) {
  return std::ranges::count(one.name, '/');
}
auto fewest_parameters(const std::vector<const Case*>& cases) {
  auto fewest = parameters_of(*cases[0]);
  for (const Case* one : cases) fewest = std::min(fewest, parameters_of(*one));
  return fewest;
}

}  // namespace

SelfTestRequest self_test_request(bool quick) {
  SelfTestRequest request;
  request.quick = quick;
  request.process = {quick ? "selftest quick" : "selftest",
                     "",
                     quick ? 8 : static_cast<int>(kComparisonPairs),
                     4,
                     quick ? 8 : 15,
                     quick ? 10 : 15,
                     500,
                     0};
  return request;
}

std::vector<Case> representatives(const Catalogue& catalogue) {
  std::vector<std::string> families;
  std::map<std::string, std::vector<const Case*>> members;
  std::set<std::string> quick;
  for (const Case& one : catalogue) {
    if (one.quick) quick.insert(without_placement(one.name));
    if (one.reason) continue;
    auto& family = members[family_of(one)];
    if (family.empty()) families.push_back(family_of(one));
    family.push_back(&one);
  }
  std::vector<Case> chosen;
  for (const auto& family : families) {
    auto& cases = members[family];
    const auto first = kFirstChoice.find(cases[0]->noun);
    prefer(cases, [&](const Case* one) {
      return first != kFirstChoice.end() && one->backend == first->second;
    });
    prefer(cases,
           [backend = cases[0]->backend](const Case* one) { return one->backend == backend; });
    prefer(cases, [&](const Case* one) { return quick.contains(without_placement(one->name)); });
    prefer(cases, [fewest = fewest_parameters(cases)](const Case* one) {
      return parameters_of(*one) == fewest;
    });
    chosen.push_back(middle_of(cases));
  }
  return chosen;
}

bool is_positive_control(const Case& one) {
  static const std::set<std::string> families{"latency/pipe/same_core", "latency/pipe/cross_core",
                                              "fork_cost/process/same_core"};
  return families.contains(family_of(one));
}

SelfTest::SelfTest(SelfTestRequest request) : request_(std::move(request)) {
  const std::string& filter = request_.process.filter;
  cases_ = representatives(matching(read_catalogue(request_.bundle), filter));
  std::erase_if(cases_, [&](const Case& one) {
    if (is_positive_control(one)) return false;
    return !request_.families || (request_.quick && (!one.quick || one.placement == "unpinned"));
  });
  if (!request_.percents.empty())
    std::ranges::copy_if(cases_, std::back_inserter(controls_), is_positive_control);
  if (cases_.empty())
    throw Unusable(
        fmt::format("{} leaves nothing to test that can run here: `ipcmark list` shows every case",
                    filter.empty() ? "the self-test" : "--filter '" + filter + "'"));
}

std::vector<SelfTest::SidePlan> SelfTest::sides_of(int attempt) const {
  constexpr std::uint64_t kApart = 1'000'003;  // no order of rounds is that of another try
  Settings process = request_.process;
  process.seed += kApart * static_cast<std::uint64_t>(attempt - 1);
  std::vector<SidePlan> sides;
  if (attempt == 1)
    for (const char* name : {"a", "b"}) sides.push_back({name, 0, plan_of(cases_, process)});
  if (!controls_.empty()) {
    // Processes that measured as little before: what others leave in them can be seen, too.
    sides.push_back({kUndelayed, 0, plan_of(controls_, process)});
    for (const double percent : request_.percents)
      sides.push_back({plus(percent), percent, plan_of(controls_, process)});
  }
  return sides;
}

milliseconds SelfTest::predicted() const {
  milliseconds sum{0};
  const int tries = controls_.empty() ? 1 : request_.tries;
  for (int attempt = 1; attempt <= tries; ++attempt)
    for (const SidePlan& side : sides_of(attempt)) sum += predicted_time(side.plan);
  return sum;
}

Result SelfTest::measure(const std::vector<SidePlan>& sides, std::vector<Member>& members,
                         milliseconds patience, Interruption& interruption) const {
  milliseconds time{0};
  std::vector<Side> in_turn;
  for (std::size_t i = 0; i < sides.size(); ++i) {
    Member& one = members[i];
    in_turn.push_back({&one.plan, &one.directory, one.bundle, one.arguments});
    time += predicted_time(sides[i].plan);
  }
  Progress progress(stderr, ::isatty(STDERR_FILENO) == 1, request_.process.rounds, time);
  return carry_out(in_turn, patience, interruption, progress);
}

void SelfTest::study_families(const std::vector<Member>& members, Outcome& outcome) const {
  const auto a = read_processes(members[0].directory, members[0].plan);
  const auto b = read_processes(members[1].directory, members[1].plan);
  for (const Case& one : cases_) {
    const auto in_a = a.find(one.name), in_b = b.find(one.name);
    PairedProcesses pairs;
    if (in_a != a.end() && in_b != b.end()) pairs = paired(in_a->second, in_b->second);
    if (pairs.base.empty()) {
      outcome.notes.push_back(fmt::format("no pair of {}: its family is left out", one.name));
      continue;
    }
    outcome.record->families.push_back(
        {family_of(one), one.name,
         stats::study_family(pairs.base, pairs.versus, outcome.record->settings.study)});
  }
}

void SelfTest::try_controls(int attempt, const std::vector<SidePlan>& sides,
                            const std::vector<Member>& members, SelfTestRecord& record) const {
  const auto at = std::ranges::find(sides, kUndelayed, &SidePlan::name);
  if (at == sides.end()) return;
  const Member& undelayed = members[static_cast<std::size_t>(at - sides.begin())];
  const auto base = read_processes(undelayed.directory, undelayed.plan);
  for (std::size_t i = 0; i < sides.size(); ++i) {
    if (sides[i].percent == 0) continue;
    const auto slower = read_processes(members[i].directory, members[i].plan);
    for (const Case& one : controls_) {
      const FamilyRecord* family = record.find(family_of(one));
      const auto before = base.find(one.name), after = slower.find(one.name);
      if (!family || before == base.end() || after == slower.end()) continue;
      const auto pairs = paired(before->second, after->second);
      if (pairs.base.empty()) continue;
      const auto& study = family->study;
      const auto differences = stats::differences(pairs.base, pairs.versus, study.chosen,
                                                  study.anchor_slope, study.anchor_floor_ns);
      const double claimed = claimed_percent(sides[i].percent, pairs.base, study.chosen);
      record.controls.push_back(
          {family->family, one.name, study.chosen,
           stats::try_control(differences, claimed, record.settings.study.alpha), attempt,
           sides[i].percent});
    }
  }
}

SelfTest::Outcome SelfTest::run(const std::filesystem::path& folder, milliseconds patience,
                                Interruption& interruption) const {
  const Settings& process = request_.process;
  stats::StudySettings study;
  study.seed = process.seed;
  study.window = std::min(kComparisonPairs, static_cast<std::size_t>(process.rounds));
  Outcome outcome;
  const int tries = controls_.empty() ? 1 : request_.tries;
  for (int attempt = 1; attempt <= tries; ++attempt) {
    const auto sides = sides_of(attempt);
    std::vector<Member> members;
    for (const SidePlan& side : sides)
      members.push_back({side.plan,
                         RunDirectory::create(folder / std::to_string(attempt) / side.name,
                                              side.plan, request_.command, request_.bundle),
                         request_.bundle,
                         {fmt::format("--inject_percent={:g}", side.percent)}});
    outcome.results.push_back(measure(sides, members, patience, interruption));
    if (!outcome.results.back().complete) {
      outcome.record.reset();
      return outcome;
    }
    if (attempt == 1) {
      outcome.record = new_record({process.preset, process.rounds, process.repetitions,
                                   process.window_ms, process.warmup_ms, study},
                                  members[0].directory.environment().at("start"));
      study_families(members, outcome);
    }
    try_controls(attempt, sides, members, *outcome.record);
  }
  return outcome;
}

int SelfTest::Outcome::exit_code() const {
  int worst = record && is_sound(*record) ? kFine : kWithProblems;
  for (const Result& one : results) worst = std::max(worst, one.exit_code());
  return worst;
}

}  // namespace bench::run
