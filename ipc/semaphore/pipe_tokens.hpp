// Semaphore backend: bytes in a pipe, one a unit, pipe(7).
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "ipc/os/error.hpp"
#include "ipc/os/poll.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/semaphore/contract.hpp"

namespace ipc {

/// The jobserver's way: acquire() reads a byte, release() writes one. What fits is counted in
/// pages, and one of which some bytes are taken has no room for others: so release() throws
/// EOVERFLOW at some count between kMaxCount and a page more.
class PipeTokenSemaphore {
  static constexpr unsigned kPages = 16;  ///< what a pipe has unless the user has very many

 public:
  static constexpr std::string_view kName = "pipe_tokens";
  static constexpr bool kHasValue = true;
  static constexpr bool kChecksOverflow = false;
  static constexpr unsigned kMaxCount = (kPages - 1) * 4096;
  static constexpr bool kSurvivesKill = true;
  static constexpr bool kNeedsReclaim = false;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { PipeTokenSemaphore probe(0); });
  }

  explicit PipeTokenSemaphore(unsigned count) {
    if (count > kMaxCount) os::throw_error(EINVAL, "pipe for " + std::to_string(count) + " tokens");
    int fds[2];
    os::check(::pipe2(fds, O_CLOEXEC | O_NONBLOCK), "pipe2");
    to_take_ = os::UniqueFd(fds[0]);
    to_give_ = os::UniqueFd(fds[1]);
    const int bytes = static_cast<int>(kPages * ::sysconf(_SC_PAGESIZE));
    os::check(::fcntl(to_give_.get(), F_SETPIPE_SZ, bytes),
              "F_SETPIPE_SZ " + std::to_string(bytes));
    for (constexpr std::array<char, 4096> kTokens{}; count > 0;)
      count -= give(kTokens.data(), std::min<std::size_t>(count, kTokens.size()));
  }

  void acquire() { acquire_until(os::Deadline::never()); }

  bool try_acquire() {
    char token = 0;
    if (os::retry_eintr([&] { return ::read(to_take_.get(), &token, 1); }) == 1) return true;
    if (errno == EAGAIN) return false;
    os::throw_errno("pipe read");
  }

  bool acquire_until(os::Deadline deadline) {
    while (!try_acquire())
      if (!os::wait_ready(to_take_.get(), POLLIN, deadline)) return false;
    return true;
  }

  void release() { give("", 1); }

  [[nodiscard]] unsigned value() const {
    int bytes = 0;
    os::check(::ioctl(to_take_.get(), FIONREAD, &bytes), "FIONREAD");
    return static_cast<unsigned>(bytes);
  }

 private:
  /// Writes that many bytes or fewer; gives how many.
  unsigned give(const char* tokens, std::size_t count) {
    const auto given = os::retry_eintr([&] { return ::write(to_give_.get(), tokens, count); });
    if (given == -1) os::throw_error(errno == EAGAIN ? EOVERFLOW : errno, "pipe write");
    return static_cast<unsigned>(given);
  }

  os::UniqueFd to_take_;  ///< everybody has both ends, so neither is ever closed for the others
  os::UniqueFd to_give_;
};
static_assert(CountingSemaphore<PipeTokenSemaphore>);

}  // namespace ipc
