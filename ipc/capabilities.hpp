// What each backend of the table cannot do, in words for a person.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ipc/os/availability.hpp"

namespace ipc {

/// One backend of one noun: what its constants (kHasTimed, kSurvivesKill, ...; each noun's
/// contract.hpp explains them) say that it lacks of its contract.
struct Capabilities {
  std::string_view noun;
  std::string_view backend;
  os::Unavailable unavailable;     ///< why it cannot be used here, if so
  std::vector<std::string> lacks;  ///< a few words each, such as "no timed put or get"
};

/// Of every backend in backends.hpp, noun by noun. Making one of each to see whether it works here
/// takes some milliseconds.
std::vector<Capabilities> capabilities();

}  // namespace ipc
