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

/// How a peer waits for another:
/// - spin: never sleeps. The fastest where each peer has a CPU, and a waste where not;
/// - block: sleeps at once, as in read(2) on a pipe;
/// - adaptive: spins for about as long as being woken takes, then sleeps. Sleeps at once while the
///   other side runs on the same CPU and so can do nothing as long as this one spins.
enum class WaitPolicy { spin, block, adaptive };

/// The name of a backend over a ring in shared memory, by how it waits.
constexpr std::string_view ring_name(WaitPolicy wait) {
  switch (wait) {
    case WaitPolicy::spin:
      return "shm_ring_spin";
    case WaitPolicy::block:
      return "shm_ring_block";
    case WaitPolicy::adaptive:
      break;
  }
  return "shm_ring";
}

/// What a backend says with a static constexpr kWaitPolicy; one that says nothing blocks.
template <class B>
inline constexpr WaitPolicy wait_policy = WaitPolicy::block;
template <class B>
requires requires {
  B::kWaitPolicy;
}
inline constexpr WaitPolicy wait_policy<B> = B::kWaitPolicy;

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
