// The soak's lines: which there are, and what each runs.
#pragma once

#include <string>
#include <vector>

#include "ipc/os/availability.hpp"
#include "ipc/soak/tally.hpp"

namespace ipc::soak {

struct LineEntry {
  std::string family;
  std::string backend;
  void (*run)(Line&);
  os::Unavailable (*unavailable)();
};

/// Every backend of the tables that declares to survive kills, and the objects of ipc/sync.
std::vector<LineEntry> survivor_lines();
/// Every backend and object at all: whoever owns one may be killed.
std::vector<LineEntry> owner_lines();

}  // namespace ipc::soak
