// The contract of a pipe: ordered whole messages between two peers, both ways.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>

#include "ipc/os/availability.hpp"
#include "ipc/os/clock.hpp"
#include "ipc/os/wait.hpp"

namespace ipc {

struct PipeOptions {
  std::size_t capacity_bytes = 0;  ///< of each direction; 0 leaves it to the backend
};

/// One end of a pipe, move-only, made before the fork and used by one peer. Contract:
/// - send(bytes) blocks until the whole message is taken; a message may be empty, and of any size
///   up to max_message_bytes();
/// - messages arrive whole, in order, exactly once;
/// - next_size() blocks for the next message and gives its size without taking it; nothing once
///   every copy of the other end is closed and all messages are read;
/// - recv(buffer) blocks for the next message, writes it to the front of the buffer and gives its
///   size, or nothing at the end as above; a buffer too small throws EMSGSIZE and leaves the
///   message. What lies behind the message in the buffer may be overwritten;
/// - ready(deadline) waits until a message has begun to arrive or the end is reached: false only
///   when the deadline passed, never before;
/// - sending when every copy of the other end is closed throws EPIPE, and never kills by SIGPIPE;
/// - a sender that dies in the middle of a message makes recv throw EPROTO, never hang or hand out
///   half;
/// - a signal handler ends no call early;
/// - close() gives up this process's copy; using the end afterwards throws EBADF; a second is
///   harmless;
/// - capacity_bytes() is what one direction really holds.
template <class E>
concept PipeEnd = std::movable<E> && !std::copyable<E> &&
                  requires(E end, std::span<const std::byte> out, std::span<std::byte> in,
                           os::Deadline deadline) {
  end.send(out);
  { end.next_size() } -> std::same_as<std::optional<std::size_t>>;
  { end.recv(in) } -> std::same_as<std::optional<std::size_t>>;
  { end.ready(deadline) } -> std::same_as<bool>;
  end.close();
  { end.capacity_bytes() } -> std::same_as<std::size_t>;
  { end.max_message_bytes() } -> std::same_as<std::size_t>;
};

/// What an end declares, as a static constexpr bool, where its mechanism keeps one of the bullets
/// only in another form. An end that declares nothing keeps them all as they stand.
/// - kSendWaitsForReader: nothing is held in between. send() returns when the message is read, and
///   throws EPIPE when the reader ends before that; capacity_bytes() is 0. Two peers that both send
///   first wait for each other, unless another thread of one of them receives meanwhile;
/// - kTakesMessagesWhole: a message of any size is handed over in one step. Whoever dies can no
///   more do so in the middle of it, and send() need not notice that the reader dies;
/// - kMissesAGoneReader: the kernel tells of a reader that is gone only after something was sent to
///   it, or when it is asked, which is not at every message. Sends may be lost for a moment before
///   they throw EPIPE.
template <class E>
inline constexpr bool send_waits_for_reader = requires {
  requires E::kSendWaitsForReader;
};
template <class E>
inline constexpr bool takes_messages_whole = requires {
  requires E::kTakesMessagesWhole;
};
template <class E>
inline constexpr bool misses_a_gone_reader = requires {
  requires E::kMissesAGoneReader;
};

/// An end whose readiness is that of descriptors offers more than ready(): waitable() says which,
/// and whether a message is already taken from them, so that ipc::wait() can wait for it among
/// others. An end that lacks it can only be waited for alone.
template <class E>
concept WaitableEnd = PipeEnd<E> && requires(E end) {
  { end.waitable() } -> std::same_as<os::Waitable>;
};

/// make() gives the two ends, connected; both directions work at the same time. After a fork each
/// process closes the end that it does not use.
template <class P>
concept Pipe = os::Backend<P> && PipeEnd<typename P::End> && requires(PipeOptions options) {
  { P::make(options) } -> std::same_as<std::pair<typename P::End, typename P::End>>;
};

}  // namespace ipc
