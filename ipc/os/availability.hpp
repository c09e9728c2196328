// What a backend says when this kernel, container or limit does not allow it.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace ipc::os {

/// Nothing when a backend works here, else the reason why not, as one line for a person.
using Unavailable = std::optional<std::string>;

/// What every backend of every noun says of itself.
template <class B>
concept Backend = requires {
  { B::kName } -> std::convertible_to<std::string_view>;
  { B::unavailable() } -> std::same_as<Unavailable>;
};

/// Whether a peer that waits spins, at least at first, as a backend's static constexpr kSpins says;
/// where it says nothing, a waiting peer sleeps and has to be woken.
template <class B>
inline constexpr bool spins = requires {
  requires B::kSpins;
};

/// The usual probe: try to make one, give the error's text if that fails.
template <class Make>
Unavailable unavailable_if_throws(Make make) {
  try {
    make();
    return std::nullopt;
  } catch (const std::system_error& error) {
    return error.what();
  }
}

}  // namespace ipc::os
