#include "ipc/soak/stage.hpp"

#include <csignal>

#include "ipc/os/child.hpp"
#include "ipc/os/process_facts.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/unique_name.hpp"
#include "ipc/soak/leftovers.hpp"

namespace ipc::soak {

namespace {

/// What a line may take beyond its time until it has ended or found out why not.
constexpr auto kPatience = 4 * kHang;

/// The first part warms up allocator and libraries: what the second leaves is a leak.
void play(const LineEntry& entry, Tally& tally, std::uint64_t seed, os::Duration time) {
  Line first{tally, std::mt19937_64(seed), os::Deadline::after(time / 10)};
  entry.run(first);
  const Holdings before = Holdings::now();
  Line rest{tally, std::mt19937_64(seed + 1), os::Deadline::after(time - time / 10)};
  entry.run(rest);
  if (const Holdings after = Holdings::now(); after != before)
    throw Violation("left open: " + after.to_string() + " after " + before.to_string());
}

int stage(const LineEntry& entry, Tally& tally, std::uint64_t seed, os::Duration time) {
  // A terminal tells all of a group; it is the soak's own process that decides.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  ::signal(SIGTERM, SIG_DFL);
  try {
    play(entry, tally, seed, time);
  } catch (const std::exception& error) {
    tally.fail(error.what());
  }
  return 0;
}

/// Everything that came from the stage is dead or dies now; says what was left before.
void clear_away(pid_t stage, bool ended_by_itself, Tally& tally) {
  const auto left = os::children_of(::getpid());
  if (ended_by_itself && !left.empty())
    tally.fail(std::to_string(left.size()) + " processes are left");
  os::kill_all_children();
  if (!ended_by_itself) os::reclaim_orphaned_names();
  for (const auto& name : names_of(stage)) tally.fail(name + " is left");
  os::reclaim_orphaned_names();
}

}  // namespace

Outcome run_line(const LineEntry& entry, std::uint64_t seed, os::Duration time,
                 const std::function<bool()>& is_interrupted) {
  os::SharedObject<Tally> tally;
  auto child = os::Child::fork([&] { return stage(entry, *tally, seed, time); });
  const auto patience = os::Deadline::after(time + kPatience);
  bool interrupted = false;
  while (!child.wait_until(os::Deadline::after(std::chrono::milliseconds(50)))) {
    interrupted = is_interrupted();
    if (!interrupted && patience.expired()) tally->fail("the line hangs");
    if (interrupted || patience.expired()) child.kill(SIGKILL);
  }
  const auto status = child.wait();
  const bool ended_by_itself = status == os::ExitStatus::from_code(0);
  if (!ended_by_itself && !interrupted) tally->fail("the line's process: " + status.to_string());
  clear_away(child.pid(), ended_by_itself && !tally->failed, *tally);
  return {tally->kills, tally->operations,
          tally->lost,  static_cast<double>(tally->longest_wait_ns) / 1e6,
          interrupted,  tally->failed ? std::string(tally->reason.data()) : std::string()};
}

}  // namespace ipc::soak
