// Pipe backend: a TCP connection over the loopback interface (tcp(7)).
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "ipc/pipe/stream_end.hpp"

namespace ipc {

/// Two sockets that meet on a port of 127.0.0.1 which the kernel picks; the listening socket is
/// gone once they are connected. TCP_NODELAY: a small message leaves at once.
class TcpLoopback {
 public:
  static constexpr std::string_view kName = "tcp_loopback";

  /// TCP learns by the answer to a send that nobody reads any more.
  class End : public StreamEnd {
   public:
    static constexpr bool kMissesAGoneReader = true;
    using StreamEnd::StreamEnd;
  };

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { make({}); });
  }

  static std::pair<End, End> make(PipeOptions options) {
    const os::UniqueFd listener = new_socket();
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    os::check(::bind(listener.get(), generic, sizeof address), "bind 127.0.0.1");
    os::check(::listen(listener.get(), 1), "listen 127.0.0.1");
    address = own_address(listener.get());
    os::UniqueFd near = new_socket();
    os::check(::connect(near.get(), generic, sizeof address), "connect 127.0.0.1");
    os::UniqueFd far = accept_from(listener.get(), own_address(near.get()));
    for (const int fd : {near.get(), far.get()}) {
      const int on = 1;
      os::check(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
      set_send_buffer(fd, options.capacity_bytes);
    }
    return {End(std::move(near)), End(std::move(far))};
  }

 private:
  static os::UniqueFd new_socket() {
    return os::UniqueFd(os::check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket tcp"));
  }

  static sockaddr_in own_address(int socket) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    os::check(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length),
              "getsockname tcp");
    return address;
  }

  /// Anybody on this machine may connect to the port: take the connection that comes from `ours`.
  static os::UniqueFd accept_from(int listener, const sockaddr_in& ours) {
    for (;;) {
      sockaddr_in from{};
      socklen_t length = sizeof from;
      os::UniqueFd accepted(os::check(
          os::retry_eintr([&] {
            return ::accept4(listener, reinterpret_cast<sockaddr*>(&from), &length, SOCK_CLOEXEC);
          }),
          "accept tcp"));
      if (from.sin_port == ours.sin_port && from.sin_addr.s_addr == ours.sin_addr.s_addr)
        return accepted;
    }
  }
};

static_assert(Pipe<TcpLoopback>);

}  // namespace ipc
