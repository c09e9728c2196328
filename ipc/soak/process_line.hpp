// Processes are killed, with children of their own; each is joined, and no grandchild stays.
#pragma once

#include "ipc/soak/tally.hpp"

namespace ipc::soak {

void process_line(Line& line);

}  // namespace ipc::soak
