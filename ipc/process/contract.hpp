// The contract of a process starter: start a child that ends at once, and reap it.
#pragma once

#include <concepts>

#include "ipc/os/availability.hpp"
#include "ipc/os/child.hpp"

namespace ipc {

/// A way to start a child. Every starter keeps this contract (starter_test.cpp has a test for
/// each):
/// - start(code) gives a child that ends by itself with that exit code, 0 to 255;
/// - reap() blocks until it ended, gives its status, and leaves no zombie; without kHasStatus
/// nobody
///   can know the status, and it is unknown;
/// - several children may be out at once, and each is reaped with its own status, in any order;
/// - nothing of the parent runs in the child: no destructor, no atexit, no buffered output;
/// - starting and reaping leaves the parent's descriptors and mappings as they were;
/// - a child that is dropped without reap() leaves neither process nor zombie.
template <class S>
concept Starter = os::Backend<S> && requires(typename S::Child child, int code) {
  { S::kHasStatus } -> std::convertible_to<bool>;
  { S::start(code) } -> std::same_as<typename S::Child>;
  { child.reap() } -> std::same_as<os::ExitStatus>;
};

/// What a starter makes, as its static constexpr kMakes says; a copy of the parent where it says
/// nothing. A borrower runs in the parent's memory until it leaves or execs, so that nothing of it
/// is copied.
enum class Makes { copy, borrower, thread };
template <class S>
inline constexpr Makes makes = [] {
  if constexpr (requires { S::kMakes; })
    return S::kMakes;
  else
    return Makes::copy;
}();

}  // namespace ipc
