// Pipe backend: a pair of connected Unix stream sockets (socketpair(2)).
#pragma once

#include "ipc/pipe/stream_end.hpp"

namespace ipc {

class SocketpairStream {
 public:
  static constexpr std::string_view kName = "socketpair_stream";
  using End = StreamEnd;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { make({}); });
  }

  static std::pair<End, End> make(PipeOptions options) {
    int fds[2];
    os::check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), "socketpair");
    std::pair sockets{os::UniqueFd(fds[0]), os::UniqueFd(fds[1])};
    for (const int fd : fds) set_send_buffer(fd, options.capacity_bytes);
    return {End(std::move(sockets.first)), End(std::move(sockets.second))};
  }
};

static_assert(Pipe<SocketpairStream>);

}  // namespace ipc
