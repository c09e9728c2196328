// What happens in a worker: one task runs, and its result or its exception becomes bytes.
#pragma once

#include <cxxabi.h>

#include <cstdio>
#include <exception>
#include <string_view>
#include <typeinfo>

#include "ipc/pool/contract.hpp"

namespace ipc {

inline Bytes encode_exception(std::string_view type, std::string_view text) {
  Bytes bytes;
  wire::append(bytes, std::as_bytes(std::span(type)));
  bytes.push_back(std::byte{0});
  wire::append(bytes, std::as_bytes(std::span(text)));
  return bytes;
}

/// Runs a task of that id; never throws. What it printed is out when this returns.
inline TaskResult run_task(std::uint64_t id, TaskFunction function,
                           std::span<const std::byte> arguments) {
  TaskResult result;
  result.id = id;
  try {
    function(arguments, result.bytes);
  } catch (const std::exception& error) {
    result.outcome = TaskResult::Outcome::exception;
    result.bytes = encode_exception(typeid(error).name(), error.what());
  } catch (...) {
    result.outcome = TaskResult::Outcome::exception;
    const std::type_info* const type = abi::__cxa_current_exception_type();
    result.bytes = encode_exception(type ? type->name() : "", "not a std::exception");
  }
  std::fflush(nullptr);
  return result;
}

}  // namespace ipc
