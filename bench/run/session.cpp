#include "bench/run/session.hpp"

#include <fmt/format.h>

#include <set>

#include "bench/harness/environment.hpp"
#include "bench/run/frozen_estimators.hpp"
#include "bench/run/unusable.hpp"

namespace bench::run {

namespace fs = std::filesystem;

namespace {

std::set<std::string> measurable(const Catalogue& catalogue) {
  std::set<std::string> names;
  for (const Case& one : catalogue)
    if (!one.reason) names.insert(one.name);
  return names;
}

/// Takes out what the other side cannot measure; how many those were.
std::size_t keep_common(Catalogue& catalogue, const std::set<std::string>& others) {
  return std::erase_if(catalogue,
                       [&](const Case& one) { return !one.reason && !others.contains(one.name); });
}

Json record_of_side(const fs::path& bundle, const char* other, const Json& build) {
  Json more = build;
  more["bundle"] = fs::absolute(bundle).lexically_normal().string();
  more["pair"] = std::string("../") + other;
  return more;
}

Member opened(const fs::path& directory, const fs::path& bundle) {
  RunDirectory run = RunDirectory::open(directory, bundle);
  run.check_build(read_build(bundle));
  Plan plan = plan_of(run.record(), read_catalogue(bundle));
  return {std::move(plan), std::move(run), bundle, {}};
}

}  // namespace

Session Session::begin(const fs::path& bundle, const Settings& settings, const fs::path& out,
                       const std::string& command, const std::optional<fs::path>& selftest) {
  Session session;
  session.path_ = out;
  Plan plan = make_plan(read_catalogue(bundle), settings);
  if (!plan.not_measurable.empty())
    session.notes_.push_back(fmt::format(
        "{} more {}", plan.not_measurable.size(),
        settings.has_fixed_counts() ? "have no fixed counts or cannot run here (run.json says why)"
                                    : "cannot run here (`ipcmark list` says why)"));
  check_target(out);
  const auto frozen = frozen_estimators(plan, out, selftest, read_environment());
  session.notes_.insert(session.notes_.end(), frozen.notes.begin(), frozen.notes.end());
  RunDirectory directory = RunDirectory::create(out, plan, command, bundle, frozen.members);
  session.members_.push_back({std::move(plan), std::move(directory), bundle, {}});
  return session;
}

Session Session::begin_versus(const fs::path& bundle, const fs::path& other,
                              const Settings& settings, const fs::path& out,
                              const std::string& command, const std::optional<fs::path>& selftest) {
  Catalogue ours = read_catalogue(bundle), theirs = read_catalogue(other);
  Json our_build = read_build(bundle), their_build = read_build(other);
  const auto we_can = measurable(ours), they_can = measurable(theirs);
  Session session;
  session.path_ = out;
  if (const auto gone = keep_common(ours, they_can) + keep_common(theirs, we_can))
    session.notes_.push_back(fmt::format("{} only one of the two sides can measure: left out",
                                         counted(gone, "case that", "cases that")));
  Plan plan = make_plan(ours, settings), their_plan = make_plan(theirs, settings);
  check_target(out);
  const auto frozen = frozen_estimators(plan, out, selftest, read_environment());
  session.notes_.insert(session.notes_.end(), frozen.notes.begin(), frozen.notes.end());
  our_build.update(frozen.members);
  their_build.update(frozen.members);
  RunDirectory base = RunDirectory::create(out / kBase, plan, command, bundle,
                                           record_of_side(bundle, kVersus, our_build));
  session.members_.push_back({std::move(plan), std::move(base), bundle, {}});
  RunDirectory versus = RunDirectory::create(out / kVersus, their_plan, command, other,
                                             record_of_side(other, kBase, their_build));
  session.members_.push_back({std::move(their_plan), std::move(versus), other, {}});
  return session;
}

Session Session::resume(const fs::path& bundle, const fs::path& out) {
  Session session;
  session.path_ = out;
  if (!fs::exists(out / kVersus / "run.json")) {
    session.members_.push_back(opened(out, bundle));
    return session;
  }
  session.members_.push_back(opened(out / kBase, bundle));
  const Json record = read_json(out / kVersus / "run.json");
  session.members_.push_back(opened(out / kVersus, record.value("bundle", std::string())));
  return session;
}

std::vector<Side> Session::sides() {
  std::vector<Side> all;
  for (Member& one : members_)
    all.push_back({&one.plan, &one.directory, one.bundle, one.arguments});
  return all;
}

}  // namespace bench::run
