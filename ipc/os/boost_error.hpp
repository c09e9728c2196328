// Boost.Interprocess errors in the form that the rest of the library throws.
#pragma once

#include <boost/interprocess/exceptions.hpp>

#include <string>
#include <string_view>

#include "ipc/os/error.hpp"

namespace ipc::os {

/// The system error behind a Boost.Interprocess exception; EINVAL where Boost kept none.
inline int error_of(const boost::interprocess::interprocess_exception& error) {
  return error.get_native_error() ? error.get_native_error() : EINVAL;
}

/// Runs a Boost.Interprocess call and throws its failure as std::system_error that names `call`.
template <class Call>
decltype(auto) boost_call(std::string_view call, Call run) {
  try {
    return run();
  } catch (const boost::interprocess::interprocess_exception& error) {
    throw_error(error_of(error), "Boost.Interprocess " + std::string(call));
  }
}

}  // namespace ipc::os
