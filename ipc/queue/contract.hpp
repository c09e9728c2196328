// The contract of a queue: a bounded FIFO of whole messages for many producers and consumers.
#pragma once

#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>

#include "ipc/os/availability.hpp"
#include "ipc/os/clock.hpp"

namespace ipc {

struct QueueOptions {
  std::size_t capacity_messages = 8;
  std::size_t max_message_bytes = 1024;
};

/// For a queue without a bound on the number of messages: what they may take all together, of
/// memory that is not taken before they are there.
struct UnboundedQueueOptions {
  std::size_t max_message_bytes = 1024;
  std::size_t memory_bytes = std::size_t{256} << 20;
};

/// For a backend whose messages only the limits of the machine bound.
inline constexpr std::size_t kAnyMessageBytes = std::numeric_limits<std::size_t>::max();

/// The timed half of a queue.
template <class Q>
concept TimedByteQueue = requires(Q queue, std::span<const std::byte> out, std::span<std::byte> in,
                                  os::Deadline deadline) {
  { queue.put_until(out, deadline) } -> std::same_as<bool>;
  { queue.get_until(in, deadline) } -> std::same_as<std::optional<std::size_t>>;
};

template <class Q>
concept TimedWhereItSaysSo = !Q::kHasTimed || TimedByteQueue<Q>;

/// A queue of bytes, made before the fork and used by every process that inherits it. Contract:
/// - a message is put and got whole, by exactly one consumer; one producer's messages stay in
///   order;
/// - put blocks while the queue is full, try_put gives false at once, put_until when the deadline
///   passed, never before it; get, try_get and get_until likewise while it is empty; the timed
///   calls are there where kHasTimed says that the mechanism has a way to wait with a deadline;
/// - each message got makes room for one put, at once;
/// - a message may be empty, and of any size up to max_message_bytes(), which is at least what was
///   asked; a longer one throws EMSGSIZE and takes no place;
/// - a buffer shorter than max_message_bytes() throws EMSGSIZE, whatever the next message's size,
///   and nothing is taken: not every mechanism can look before it takes;
/// - capacity_messages() is how many messages fit, of whatever size, at least as many as asked;
///   when the limits of this machine do not allow what was asked, construction throws and names
///   the limit; it throws EMSGSIZE when messages over kMostMessageBytes are asked, which the
///   mechanism allows on no machine;
/// - size() is the number of messages inside, exact whenever nobody is in the middle of a call,
///   where kHasSize says that the mechanism can tell;
/// - a message put by a process that ended is still there;
/// - a signal handler ends no wait early;
/// - neither side's death, also by SIGKILL while it waits in get or put, blocks the others, where
///   kSurvivesKill says so;
/// - a child that destroys its copy does not destroy the queue for the others; nothing with a name
///   outlives the construction, save that where kNeedsReclaim says so a killed creator's object
///   stays in the kernel until os::reclaim_orphaned_names().
template <class Q>
concept ByteQueue = os::Backend<Q> && std::constructible_from<Q, QueueOptions> &&
    TimedWhereItSaysSo<Q> &&
    requires(Q queue, std::span<const std::byte> out, std::span<std::byte> in) {
  queue.put(out);
  { queue.try_put(out) } -> std::same_as<bool>;
  { queue.get(in) } -> std::same_as<std::size_t>;
  { queue.try_get(in) } -> std::same_as<std::optional<std::size_t>>;
  { queue.size() } -> std::same_as<std::size_t>;
  { queue.capacity_messages() } -> std::same_as<std::size_t>;
  { queue.max_message_bytes() } -> std::same_as<std::size_t>;
  { Q::kHasSize } -> std::convertible_to<bool>;
  { Q::kHasTimed } -> std::convertible_to<bool>;
  { Q::kSurvivesKill } -> std::convertible_to<bool>;
  { Q::kNeedsReclaim } -> std::convertible_to<bool>;
  { Q::kMostMessageBytes } -> std::convertible_to<std::size_t>;
};

/// A queue that can also be made without a bound on the number of messages. Such a one is full, and
/// put blocks, only while a message would take more memory than is left of memory_bytes; then
/// capacity_messages() is how many of the longest there can be. full() is exact as size() is, and
/// says whether one of the longest would have to wait.
template <class Q>
concept UnboundedByteQueue = ByteQueue<Q> && requires(Q queue, UnboundedQueueOptions options) {
  { Q::unbounded(options) } -> std::same_as<Q>;
  { queue.full() } -> std::same_as<bool>;
};

}  // namespace ipc
