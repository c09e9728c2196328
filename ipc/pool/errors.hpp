// What getting a task's result throws when there is none, beside what the task threw.
#pragma once

#include <stdexcept>

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

}  // namespace ipc
