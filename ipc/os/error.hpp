// System errors as exceptions that name the failed call.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

namespace ipc::os {

/// Throws std::system_error with errno; `call` names what failed, e.g. "mq_open /ipcmark.1".
[[noreturn, gnu::cold, gnu::noinline]] inline void throw_errno(std::string_view call) {
  throw std::system_error(errno, std::system_category(), std::string(call));
}

/// Throws std::system_error with a given error number.
[[noreturn, gnu::cold, gnu::noinline]] inline void throw_error(int error, std::string_view call) {
  throw std::system_error(error, std::system_category(), std::string(call));
}

/// Passes a call's result on, or throws when it is -1.
template <class T>
T check(T result, std::string_view call) {
  if (result == static_cast<T>(-1)) [[unlikely]]
    throw_errno(call);
  return result;
}

/// Repeats a call that a signal handler interrupted. Never for close(2): on Linux the descriptor is
/// gone even when it fails with EINTR.
template <class Call>
auto retry_eintr(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) [[unlikely]] result = call();
  return result;
}

}  // namespace ipc::os
