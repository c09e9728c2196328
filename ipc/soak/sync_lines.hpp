// Those who wait at an Event, a Condition or a Barrier are killed, and those who let them go.
#pragma once

#include "ipc/soak/tally.hpp"

namespace ipc::soak {

void event_line(Line& line);
void condition_line(Line& line);
void barrier_line(Line& line);

}  // namespace ipc::soak
