// A process that makes, uses and destroys objects is killed; nothing of it stays that cannot be
// found and removed.
#pragma once

#include "ipc/soak/crew.hpp"
#include "ipc/soak/leftovers.hpp"
#include "ipc/soak/pool_line.hpp"
#include "ipc/soak/use_once.hpp"

namespace ipc::soak {

/// Lost are here the things that had to be removed.
template <class B>
void owner_line(Line& line) {
  os::become_subreaper();
  Crew crew(line);
  crew.add("owner", [&](Badge& badge) {
    for (; !crew.stopping(); ++badge.operations) badge.wait([] { use_once<B>(); });
  });
  while (!line.is_over()) {
    const pid_t owner = crew.pid(0);
    crew.kill_one(std::chrono::microseconds(600));
    require_no_children();
    if (!names_of(owner).empty()) {
      line.tally.lost += static_cast<long>(names_of(owner).size());
      os::reclaim_orphaned_names();
      for (const auto& name : names_of(owner)) throw Violation(name + " cannot be removed");
    }
    crew.restart(0);
  }
  crew.finish();
  require_no_children();  // grandchildren that the owner has waited for come here to be reaped
}

}  // namespace ipc::soak
