// What getting a task's result throws when there is none.
#pragma once

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <typeinfo>

#include "ipc/os/child.hpp"

namespace ipc {

/// The result was not there in time; it may still come.
class TimeoutError : public std::runtime_error {
 public:
  TimeoutError() : std::runtime_error("the task has not ended in time") {}
};

/// The pool was terminated or destroyed before the task ended.
class PoolTerminated : public std::runtime_error {
 public:
  PoolTerminated() : std::runtime_error("the pool was terminated before the task ended") {}
};

/// The task's worker died, or left by itself, before the task ended.
class WorkerLost : public std::runtime_error {
 public:
  explicit WorkerLost(os::ExitStatus status)
      : std::runtime_error("the worker was lost: " + status.to_string()), status_(status) {}
  [[nodiscard]] os::ExitStatus status() const { return status_; }

 private:
  os::ExitStatus status_;
};

/// The task threw an exception of a type that cannot be made again here: its text, and its type's
/// name.
class RemoteError : public std::runtime_error {
 public:
  RemoteError(std::string type, const std::string& text)
      : std::runtime_error(text), type_(std::move(type)) {}
  [[nodiscard]] const std::string& type() const { return type_; }

 private:
  std::string type_;
};

namespace remote {

inline std::string readable(const std::string& type) {
  int failed = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type.c_str(), nullptr, nullptr, &failed), &std::free);
  return name ? name.get() : type;
}

template <class... Known>
[[noreturn]] void rethrow_as(const std::string& type, const std::string& text) {
  const auto try_one = [&]<class E>(std::type_identity<E>) {
    if (type == typeid(E).name()) throw E(text);
  };
  (try_one(std::type_identity<Known>{}), ...);
  throw RemoteError(readable(type), text);
}

/// Throws what a task threw: the exceptions of <stdexcept> as they were, others as RemoteError.
[[noreturn]] inline void rethrow(std::string_view encoded) {
  const std::size_t end = encoded.find('\0');
  const std::string type(encoded.substr(0, end));
  const std::string text(end == encoded.npos ? "" : encoded.substr(end + 1));
  rethrow_as<std::logic_error, std::domain_error, std::invalid_argument, std::length_error,
             std::out_of_range, std::runtime_error, std::range_error, std::overflow_error,
             std::underflow_error>(type, text);
}

}  // namespace remote

}  // namespace ipc
