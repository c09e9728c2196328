#include "ipc/pipe/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "ipc/os/poll.hpp"

namespace ipc::listening {

namespace {

constexpr int kBacklog = 128;
constexpr std::chrono::milliseconds kBetweenTries{5};

/// The address as the calls take it.
struct SocketAddress {
  union {
    sockaddr generic;
    sockaddr_un local;
    sockaddr_in internet;
  };
  socklen_t length = 0;
  std::string text;
};

SocketAddress address_of(const UnixName& address) {
  SocketAddress made{.local = {}, .text = "unix name " + address.name};
  made.local.sun_family = AF_UNIX;
  if (address.name.empty() || address.name.size() >= sizeof made.local.sun_path)
    os::throw_error(EINVAL, made.text);
  std::ranges::copy(address.name, made.local.sun_path + 1);  // after a zero: no file
  made.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + address.name.size());
  return made;
}

SocketAddress address_of(const TcpPort& address) {
  SocketAddress made{.internet = {}, .text = "127.0.0.1:" + std::to_string(address.number)};
  made.internet.sin_family = AF_INET;
  made.internet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  made.internet.sin_port = htons(address.number);
  made.length = sizeof made.internet;
  return made;
}

os::UniqueFd new_socket(const SocketAddress& address) {
  constexpr int kType = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  return os::UniqueFd(os::check(::socket(address.generic.sa_family, kType, 0), "socket"));
}

int option(int socket, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  os::check(::getsockopt(socket, SOL_SOCKET, name, &value, &length), "getsockopt");
  return value;
}

bool is_local(int socket) {
  return option(socket, SO_DOMAIN) == AF_UNIX;
}

/// Whether the peer is one to talk to.
bool is_own_users(int socket) {
  if (!is_local(socket)) return true;
  ucred peer{};
  socklen_t length = sizeof peer;
  os::check(::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length), "SO_PEERCRED");
  return peer.uid == ::geteuid();
}

/// As the end of a pipe wants it: it blocks, and small messages leave at once.
os::UniqueFd ready_for_use(os::UniqueFd socket) {
  os::check(::fcntl(socket.get(), F_SETFL, 0), "F_SETFL");
  const int on = 1;
  if (!is_local(socket.get()))
    os::check(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
  return socket;
}

os::UniqueFd listen_at(const SocketAddress& address) {
  os::UniqueFd socket = new_socket(address);
  const int on = 1;  // connections of a listener before may still be there
  os::check(::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "SO_REUSEADDR");
  os::check(::bind(socket.get(), &address.generic, address.length), "bind " + address.text);
  os::check(::listen(socket.get(), kBacklog), "listen " + address.text);
  return socket;
}

/// A TCP socket that found nobody at a port of the kernel's choice may have chosen that very port
/// for itself, and is then connected to itself.
bool is_own_peer(int socket) {
  if (is_local(socket)) return false;
  sockaddr_in peer{};
  socklen_t length = sizeof peer;
  os::check(::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &length), "getpeername");
  return ntohs(peer.sin_port) == port_of(socket).number;
}

/// One attempt: 0, or what went wrong.
int try_connect(int socket, const SocketAddress& address, os::Deadline deadline) {
  if (::connect(socket, &address.generic, address.length) == -1) {
    if (errno != EINPROGRESS && errno != EINTR) return errno;
    if (!os::wait_ready(socket, POLLOUT, deadline)) return ETIMEDOUT;
    if (const int error = option(socket, SO_ERROR)) return error;
  }
  return is_own_peer(socket) ? ECONNREFUSED : 0;
}

os::UniqueFd connect_until(const SocketAddress& address, os::Deadline deadline) {
  for (;;) {
    os::UniqueFd socket = new_socket(address);
    const int error = try_connect(socket.get(), address, deadline);
    if (error == 0 && is_own_users(socket.get())) return ready_for_use(std::move(socket));
    if (error == 0) os::throw_error(EPERM, "connect " + address.text + ": another user's");
    const bool may_pass = error == ECONNREFUSED || error == EAGAIN;  // nobody there; too many
    if (!may_pass || deadline.expired()) os::throw_error(error, "connect " + address.text);
    std::this_thread::sleep_for(std::min<os::Duration>(kBetweenTries, deadline.remaining()));
  }
}

}  // namespace

os::UniqueFd listen_at(const UnixName& address) {
  return listen_at(address_of(address));
}
os::UniqueFd listen_at(const TcpPort& address) {
  return listen_at(address_of(address));
}

TcpPort port_of(int listener) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  os::check(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), "getsockname");
  return {ntohs(address.sin_port)};
}

std::optional<os::UniqueFd> accept_until(int listener, os::Deadline deadline) {
  while (os::wait_ready(listener, POLLIN, deadline)) {
    os::UniqueFd socket(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (socket && is_own_users(socket.get())) return ready_for_use(std::move(socket));
    // Another process took it, or it is gone again, or it was a stranger.
    if (!socket && errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
      os::throw_errno("accept");
  }
  return std::nullopt;
}

os::UniqueFd connect_until(const UnixName& address, os::Deadline deadline) {
  return connect_until(address_of(address), deadline);
}
os::UniqueFd connect_until(const TcpPort& address, os::Deadline deadline) {
  return connect_until(address_of(address), deadline);
}

}  // namespace ipc::listening
