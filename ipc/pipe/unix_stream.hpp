// Pipe backend: Unix stream sockets that meet by listen, connect and accept (unix(7)).
#pragma once

#include <sys/un.h>
#include <unistd.h>

#include "ipc/pipe/stream_end.hpp"

namespace ipc {

/// The address is an abstract one that the kernel picks ("autobind"), so there is no file to leave
/// behind; the listening socket is gone once the two ends are connected.
class UnixStream {
 public:
  static constexpr std::string_view kName = "unix_stream";
  using End = StreamEnd;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { make({}); });
  }

  static std::pair<End, End> make(PipeOptions options) {
    const os::UniqueFd listener = new_socket();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    os::check(::bind(listener.get(), generic, sizeof address.sun_family), "bind unix autobind");
    socklen_t length = sizeof address;
    os::check(::getsockname(listener.get(), generic, &length), "getsockname unix");
    os::check(::listen(listener.get(), 1), "listen unix");
    os::UniqueFd near = new_socket();
    os::check(os::retry_eintr([&] { return ::connect(near.get(), generic, length); }),
              "connect unix");
    os::UniqueFd far = accept_own(listener.get());
    for (const int fd : {near.get(), far.get()}) set_send_buffer(fd, options.capacity_bytes);
    return {End(std::move(near)), End(std::move(far))};
  }

 private:
  static os::UniqueFd new_socket() {
    return os::UniqueFd(
        os::check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket unix stream"));
  }

  /// Anybody may connect to an abstract address: take the connection that this process made.
  static os::UniqueFd accept_own(int listener) {
    for (;;) {
      os::UniqueFd accepted(os::check(
          os::retry_eintr([&] { return ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC); }),
          "accept unix"));
      ucred peer{};
      socklen_t length = sizeof peer;
      os::check(::getsockopt(accepted.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length),
                "SO_PEERCRED");
      if (peer.pid == ::getpid()) return accepted;
    }
  }
};

static_assert(Pipe<UnixStream>);

}  // namespace ipc
