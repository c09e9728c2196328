// Pipe backend: two pipes, one a direction (pipe(7)).
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "ipc/os/child.hpp"
#include "ipc/pipe/stream_end.hpp"

namespace ipc {

/// pipe2(2), twice, of 256 KiB each where nothing else is asked. A capacity over
/// /proc/sys/fs/pipe-max-size is cut to it. Sets SIGPIPE to be ignored unless the program has a
/// handler.
class AnonymousPipe {
 public:
  static constexpr std::string_view kName = "pipe";
  using End = StreamEnd;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { make({}); });
  }

  static std::pair<End, End> make(PipeOptions options) {
    os::ignore_sigpipe();
    auto [in_a, out_b] = one(options);
    auto [in_b, out_a] = one(options);
    return {End(std::move(in_a), std::move(out_a)), End(std::move(in_b), std::move(out_b))};
  }

 private:
  static constexpr int kCapacityBytes = 256 * 1024;

  /// One pipe: the end to read from and the end to write to.
  static std::pair<os::UniqueFd, os::UniqueFd> one(PipeOptions options) {
    int fds[2];
    os::check(::pipe2(fds, O_CLOEXEC), "pipe2");
    std::pair ends{os::UniqueFd(fds[0]), os::UniqueFd(fds[1])};
    if (options.capacity_bytes > 0)
      set_pipe_capacity(fds[1], options.capacity_bytes);
    else
      // A message as large as the default would not fit, for its header, and wait to be read; and
      // what fills a page costs two for its header, so that as many messages need more room. A user
      // who has very many pipes may not be given more: then it waits.
      ::fcntl(fds[1], F_SETPIPE_SZ, kCapacityBytes);
    return ends;
  }
};

static_assert(Pipe<AnonymousPipe>);

}  // namespace ipc
