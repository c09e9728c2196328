// Connections between processes that inherit nothing from each other: one listens, others connect.
#pragma once

#include <cstdint>
#include <string>

#include "ipc/pipe/connection.hpp"
#include "ipc/pipe/tcp_loopback.hpp"
#include "ipc/pipe/unix_stream.hpp"

namespace ipc {

/// The name of a Unix socket that is no file (unix(7), "abstract"), at most 107 bytes: nothing is
/// left when its listener dies. Both sides talk to processes of their own user alone.
struct UnixName {
  using Backend = UnixStream;
  std::string name;
};

/// A port of 127.0.0.1 (tcp(7)); 0 lets the kernel pick one. Whoever has a process on this machine
/// may connect, or listen there instead.
struct TcpPort {
  using Backend = TcpLoopback;
  std::uint16_t number = 0;
};

/// A message of more than that from somebody who only connected throws EMSGSIZE: memory for it is
/// taken before it is there.
inline constexpr std::size_t kStrangersMessageBytes = std::size_t{64} << 20;

namespace listening {

os::UniqueFd listen_at(const UnixName& address);
os::UniqueFd listen_at(const TcpPort& address);
TcpPort port_of(int listener);
/// Nothing when the deadline passed.
std::optional<os::UniqueFd> accept_until(int listener, os::Deadline deadline);
os::UniqueFd connect_until(const UnixName& address, os::Deadline deadline);
os::UniqueFd connect_until(const TcpPort& address, os::Deadline deadline);

}  // namespace listening

/// Waits at an address for processes that connect_to() it. Inherited by a fork it stays one
/// listener, and either process gets a connection. Errors are std::system_error: EADDRINUSE where
/// somebody listens already, EBADF after close().
template <class Address>
class Listener {
 public:
  using Accepted = Connection<typename Address::Backend>;

  explicit Listener(const Address& address) : socket_(listening::listen_at(address)) {}

  /// Blocks for the next process that connects.
  Accepted accept() { return *accept_until(os::Deadline::never()); }
  /// Nothing when none did within that time; zero or less looks once.
  std::optional<Accepted> accept_for(os::Duration wait) {
    return accept_until(os::Deadline::after(wait));
  }

  /// Where it listens, also where the kernel picked that.
  [[nodiscard]] Address address() const requires std::same_as<Address, TcpPort> {
    return listening::port_of(socket_.get());
  }

  /// For ipc::wait(): ready when accept() would not block.
  operator os::Waitable() const { return socket_.get(); }

  void close() { socket_.reset(); }

 private:
  std::optional<Accepted> accept_until(os::Deadline deadline) {
    auto socket = listening::accept_until(socket_.get(), deadline);
    if (!socket) return std::nullopt;
    return Accepted(typename Address::Backend::End(*std::move(socket)), Accepted::Direction::both,
                    kStrangersMessageBytes);
  }

  os::UniqueFd socket_;
};

/// Connects to whoever listens there; while nobody does it is tried for so long, and then throws
/// ECONNREFUSED.
template <class Address>
Connection<typename Address::Backend> connect_to(const Address& address,
                                                 os::Duration wait = os::Duration::zero()) {
  using Made = Connection<typename Address::Backend>;
  return Made(
      typename Address::Backend::End(listening::connect_until(address, os::Deadline::after(wait))),
      Made::Direction::both, kStrangersMessageBytes);
}

}  // namespace ipc
