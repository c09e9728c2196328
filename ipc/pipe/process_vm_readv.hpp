// Pipe backend: the receiver reads straight out of the sender's memory (process_vm_readv(2)).
#pragma once

#include <sys/prctl.h>
#include <sys/uio.h>

#include <cstring>

#include "ipc/os/child.hpp"
#include "ipc/os/limits.hpp"
#include "ipc/pipe/packet_socket.hpp"

namespace ipc {

/// A message is copied once, from memory to memory. send() offers it (address and size, over a Unix
/// socket, one a direction) and waits until the receiver has read and acknowledged it. The kernel
/// itself tells the receiver who the sender is (SCM_CREDENTIALS), so any process that holds the end
/// may send, and the receiver needs ptrace access to it (ptrace(2)): the same user, no change of
/// privileges, and a seccomp filter that allows the call. Where Yama restricts it, send() grants it
/// to whoever asks (PR_SET_PTRACER), for as long as the process lives.
class ProcessVmEnd {
 public:
  static constexpr bool kSendWaitsForReader = true;

  ProcessVmEnd(PacketSocket in, PacketSocket out) : in_(std::move(in)), out_(std::move(out)) {
    const int on = 1;
    os::check(::setsockopt(in_.fd(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on), "SO_PASSCRED");
  }

  void send(std::span<const std::byte> message) {
    require_open();
    if (yama_restricts_) allow_reading();
    const Offer offer{address_of(message.data()), message.size(), address_of(&token_), ++token_};
    out_.send(std::as_bytes(std::span(&offer, 1)));
    std::byte taken[1];
    if (!out_.receive(std::span<std::byte>(taken))) os::throw_error(EPIPE, "send");
  }

  std::optional<std::size_t> next_size() {
    require_open();
    if (!offer_) offer_ = next_offer();
    if (!offer_) return std::nullopt;
    return offer_->bytes;
  }

  std::optional<std::size_t> recv(std::span<std::byte> buffer) {
    const auto size = next_size();
    if (!size) return std::nullopt;
    if (*size > buffer.size()) os::throw_error(EMSGSIZE, "recv: buffer too small");
    read(*std::exchange(offer_, std::nullopt), buffer);
    const std::byte taken[1]{};
    // The sender may have ended meanwhile, which changes nothing about its message.
    os::retry_eintr([&] { return ::send(in_.fd(), taken, sizeof taken, MSG_NOSIGNAL); });
    return size;
  }

  bool ready(os::Deadline deadline) {
    require_open();
    return offer_ || in_.ready(deadline);
  }

  os::Waitable waitable() {
    require_open();
    return in_.waitable(offer_.has_value());
  }

  void close() {
    in_.close();
    out_.close();
    offer_.reset();
  }

  /// Nothing is held between the peers.
  std::size_t capacity_bytes() {
    require_open();
    return 0;
  }
  std::size_t max_message_bytes() { return std::numeric_limits<std::ptrdiff_t>::max(); }

 private:
  /// The token lies in the sender's memory as long as it waits. The receiver reads it along with
  /// the message, so as not to take the memory of another process that got a dead sender's pid.
  struct Offer {
    std::uint64_t address;
    std::uint64_t bytes;
    std::uint64_t token_address;
    std::uint64_t token;
    pid_t sender = 0;  ///< filled in by the receiver
  };

  void require_open() const {
    if (!out_.is_open()) os::throw_error(EBADF, "pipe end is closed");
  }

  static std::uint64_t address_of(const void* memory) {
    return reinterpret_cast<std::uintptr_t>(memory);
  }

  /// Of the process that sends, which may be a child of the one that made this end.
  void allow_reading() {
    if (const pid_t self = ::getpid(); self != std::exchange(allowed_in_, self))
      ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  }

  std::optional<Offer> next_offer() {
    Offer offer{};
    iovec part{&offer, sizeof offer};
    alignas(cmsghdr) std::byte control[CMSG_SPACE(sizeof(ucred))];
    msghdr packet{};
    packet.msg_iov = &part;
    packet.msg_iovlen = 1;
    packet.msg_control = control;
    packet.msg_controllen = sizeof control;
    const ssize_t got = in_.try_receive(packet, 0);
    if (got == -1) os::throw_errno("recv");
    if (got == 0) return std::nullopt;
    const cmsghdr* const header = CMSG_FIRSTHDR(&packet);
    if (got != sizeof offer || !header || header->cmsg_type != SCM_CREDENTIALS)
      os::throw_error(EPROTO, "recv: not a message");
    ucred sender{};
    std::memcpy(&sender, CMSG_DATA(header), sizeof sender);
    offer.sender = sender.pid;
    return offer;
  }

  /// Reads the message and the token behind it; the kernel stops in the middle of what is too large
  /// for one call.
  static void read(const Offer& offer, std::span<std::byte> buffer) {
    std::uint64_t token = 0;
    std::size_t done = 0;
    while (done < offer.bytes + sizeof token) {
      const std::size_t rest = offer.bytes - done;
      const iovec here[] = {{buffer.data() + done, rest}, {&token, sizeof token}};
      const iovec there[] = {{reinterpret_cast<void*>(offer.address + done), rest},
                             {reinterpret_cast<void*>(offer.token_address), sizeof token}};
      const ssize_t got = ::process_vm_readv(offer.sender, here, 2, there, 2, 0);
      const bool dead = got == -1 && (errno == ESRCH || errno == EFAULT);
      if (got == -1 && !dead) os::throw_errno("process_vm_readv");
      done += dead ? 0 : static_cast<std::size_t>(got);
      if (dead || got == 0 || (done > offer.bytes && token != offer.token))
        os::throw_error(EPROTO, "recv: the sender ended in the middle of a message");
    }
  }

  PacketSocket in_;
  PacketSocket out_;
  std::optional<Offer> offer_;  ///< received, but its message not yet read
  std::uint64_t token_ = static_cast<std::uint64_t>(os::now_ns());
  bool yama_restricts_ = os::read_number("/proc/sys/kernel/yama/ptrace_scope").value_or(0) > 0;
  pid_t allowed_in_ = 0;
};

static_assert(WaitableEnd<ProcessVmEnd>);

class ProcessVmReadv {
 public:
  static constexpr std::string_view kName = "process_vm_readv";
  using End = ProcessVmEnd;

  /// Tries both ways with a child, since a process may always read itself.
  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] {
      auto [a, b] = make({});
      auto child = os::Child::fork([&a = a, &b = b] {
        a.close();
        return failure_of([&] {
          std::byte buffer[1];
          b.recv(buffer);
          b.send(buffer);
        });
      });
      b.close();
      std::byte buffer[1]{};
      const int here = failure_of([&] {
        a.send(buffer);
        a.recv(buffer);
      });
      a.close();  // a child that waits for it learns that there will be nothing
      const auto status = child.wait();
      const int there = status.exited() ? status.code() : EPERM;
      // Whoever may not read ends, and the other then finds nobody to talk to.
      const int error = here == 0 || (here == EPIPE && there != 0) ? there : here;
      if (error) os::throw_error(error, "process_vm_readv");
    });
  }

  static std::pair<End, End> make(PipeOptions options) {
    auto [out_a, in_b] = PacketSocket::pair(SOCK_SEQPACKET, options.capacity_bytes);
    auto [out_b, in_a] = PacketSocket::pair(SOCK_SEQPACKET, options.capacity_bytes);
    return {End(std::move(in_a), std::move(out_a)), End(std::move(in_b), std::move(out_b))};
  }

 private:
  template <class Call>
  static int failure_of(Call call) {
    try {
      call();
      return 0;
    } catch (const std::system_error& error) {
      return error.code().value();
    }
  }
};

static_assert(Pipe<ProcessVmReadv>);

}  // namespace ipc
