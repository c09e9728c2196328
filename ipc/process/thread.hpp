// Starter backend, as a baseline: a thread instead of a process, pthread_create(3).
#pragma once

#include <pthread.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "ipc/os/error.hpp"
#include "ipc/process/contract.hpp"

namespace ipc {

/// A thread that returns the code; reaping joins it.
struct ThreadStarter {
  class Child {
   public:
    explicit Child(pthread_t thread) noexcept : thread_(thread) {}
    Child(Child&& other) noexcept : thread_(std::exchange(other.thread_, std::nullopt)) {}
    Child& operator=(Child&& other) noexcept {
      std::swap(thread_, other.thread_);
      return *this;
    }
    ~Child() {
      if (thread_) reap();
    }

    /// Once.
    os::ExitStatus reap() noexcept {
      void* code = nullptr;
      const auto thread = std::exchange(thread_, std::nullopt);
      if (!thread || ::pthread_join(*thread, &code) != 0) return os::ExitStatus::unknown();
      return os::ExitStatus::from_code(static_cast<int>(reinterpret_cast<std::intptr_t>(code)));
    }

   private:
    std::optional<pthread_t> thread_;
  };

  static constexpr std::string_view kName = "thread";
  static constexpr bool kHasStatus = true;
  static constexpr Makes kMakes = Makes::thread;
  static os::Unavailable unavailable() { return std::nullopt; }

  static Child start(int code) {
    pthread_t thread{};
    void* const argument = reinterpret_cast<void*>(std::intptr_t{code});
    const int error = ::pthread_create(
        &thread, nullptr, [](void* given) { return given; }, argument);
    if (error) os::throw_error(error, "pthread_create");
    return Child(thread);
  }
};
static_assert(Starter<ThreadStarter>);

}  // namespace ipc
