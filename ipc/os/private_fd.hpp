// A descriptor that forked children do not keep.
#pragma once

#include <sys/types.h>

#include "ipc/os/unique_fd.hpp"

namespace ipc::os {

/// Owns one descriptor for this process alone: fork(3) closes it in the child, so that what the
/// kernel ties to the open file description, such as an OFD lock, ends with this process. A child
/// made by clone(2) directly holds it open until its first reset().
class PrivateFd {
 public:
  PrivateFd();
  PrivateFd(const PrivateFd&) = delete;
  PrivateFd& operator=(const PrivateFd&) = delete;
  ~PrivateFd();

  /// -1 in a process that has none of its own.
  [[nodiscard]] int get() const noexcept;
  void reset(UniqueFd fd);

 private:
  struct Registry;

  int fd_ = -1;
  pid_t owner_ = -1;
};

}  // namespace ipc::os
