// Semaphore backend: an unnamed POSIX semaphore in shared memory, sem_overview(7).
#pragma once

#include "ipc/os/shared_mapping.hpp"
#include "ipc/semaphore/contract.hpp"
#include "ipc/semaphore/posix_calls.hpp"

namespace ipc {

/// Where PosixSemaphore's sem_t lies.
class UnnamedSemaphore {
 public:
  explicit UnnamedSemaphore(unsigned count) : object_(count) {}
  [[nodiscard]] sem_t* get() const { return &object_->semaphore; }

 private:
  struct Object {
    explicit Object(unsigned count) { os::check(::sem_init(&semaphore, 1, count), "sem_init"); }
    ~Object() { ::sem_destroy(&semaphore); }
    sem_t semaphore;
  };
  os::SharedObject<Object> object_;
};

/// sem_init(3) with pshared; uncontended, it never enters the kernel.
class PosixSemaphore : public PosixSemaphoreCalls<UnnamedSemaphore> {
 public:
  static constexpr std::string_view kName = "posix";

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { PosixSemaphore probe(0); });
  }

  using PosixSemaphoreCalls::PosixSemaphoreCalls;
};
static_assert(CountingSemaphore<PosixSemaphore>);

}  // namespace ipc
