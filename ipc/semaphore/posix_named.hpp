// Semaphore backend: a named POSIX semaphore, sem_overview(7).
#pragma once

#include <fcntl.h>

#include <utility>

#include "ipc/os/unique_name.hpp"
#include "ipc/semaphore/contract.hpp"
#include "ipc/semaphore/posix_calls.hpp"

namespace ipc {

/// Where NamedPosixSemaphore's sem_t lies: a small file in /dev/shm, mapped.
class NamedSemaphore {
 public:
  explicit NamedSemaphore(unsigned count) {
    const std::string name = os::unique_name();
    semaphore_ = ::sem_open(name.c_str(), O_CREAT | O_EXCL, os::kSemaphoreMode, count);
    if (semaphore_ == SEM_FAILED) os::throw_errno("sem_open " + name);
    ::sem_unlink(name.c_str());
  }
  NamedSemaphore(NamedSemaphore&& other) noexcept
      : semaphore_(std::exchange(other.semaphore_, nullptr)) {}
  NamedSemaphore& operator=(NamedSemaphore&& other) noexcept {
    std::swap(semaphore_, other.semaphore_);
    return *this;
  }
  // Unmaps it here and nowhere else.
  ~NamedSemaphore() {
    if (semaphore_) ::sem_close(semaphore_);
  }

  [[nodiscard]] sem_t* get() const { return semaphore_; }

 private:
  sem_t* semaphore_;
};

/// sem_open(3), unlinked at once; forked children inherit the mapping. In use it is what the
/// unnamed one is.
class NamedPosixSemaphore : public PosixSemaphoreCalls<NamedSemaphore> {
 public:
  static constexpr std::string_view kName = "posix_named";

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { NamedPosixSemaphore probe(0); });
  }

  using PosixSemaphoreCalls::PosixSemaphoreCalls;
};
static_assert(CountingSemaphore<NamedPosixSemaphore>);

}  // namespace ipc
