// One direction of a pipe in shared memory: a ring of bytes with one producer and one consumer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>

#include "ipc/os/copy.hpp"
#include "ipc/os/membarrier.hpp"
#include "ipc/pipe/ring_wait.hpp"

namespace ipc {

/// The 8 bytes before each piece in the ring, which are its commit: 0 as long as there is no piece.
/// Pieces lie on multiples of 8 and never around the end of the ring.
class PieceHeader {
 public:
  enum Kind : std::uint32_t {
    kNone,
    kWhole,  ///< a message
    kFirst,  ///< the message's size, 8 bytes, and the first part of it
    kNext,   ///< a later part
    kSkip,   ///< nothing, up to the end of the ring
  };
  static constexpr std::size_t kBytes = 8;

  PieceHeader(Kind kind, std::size_t size) : word_(std::uint64_t{kind} << 32 | size) {}
  explicit PieceHeader(std::uint64_t word) : word_(word) {}

  [[nodiscard]] std::uint64_t word() const { return word_; }
  [[nodiscard]] Kind kind() const { return static_cast<Kind>(word_ >> 32); }
  [[nodiscard]] std::size_t size() const { return static_cast<std::uint32_t>(word_); }
  /// Whether a receiver is to see it, inside a message that began or not.
  [[nodiscard]] bool is_shown(bool within_message) const {
    return kind() <= (within_message ? kNext : kFirst);
  }
  /// How much of the ring a piece of that size takes.
  static std::uint64_t span(std::size_t size) { return kBytes + ((size + 7) & ~std::size_t{7}); }

 private:
  std::uint64_t word_;
};

/// What a ring keeps in shared memory beside its bytes. Positions count bytes for ever. What one
/// side alone uses lies here too, since a copy of its end in another process may go on with it,
/// even after that side was killed between any two steps.
struct RingLines {
  static constexpr std::size_t kLine = 128;  // two cache lines: they are fetched in pairs

  struct Producer {
    std::uint64_t written = 0;  ///< where the next header goes
    std::uint64_t limit = 0;    ///< where what is not taken begins again, as last seen
    /// The word at `written` is 0, and so is all in [clean_from, clean_until), a word at least. So
    /// a place where a header may come never holds an older message's bytes.
    std::uint64_t clean_from = 0;
    std::uint64_t clean_until = 0;
    std::uint32_t sent = 0;
    std::atomic<int> reader_is_gone{0};
  };
  struct Consumer {
    std::uint64_t taken = 0;
    std::uint64_t told = 0;  ///< and what of it the producer knows
    std::uint32_t since_sleep = 0;
    bool trusts_barrier = false;  ///< see RingConsumer::sleep()
    std::atomic<int> sender_is_gone{0};
  };

  alignas(kLine) Producer producer;
  alignas(kLine) Consumer consumer;
  alignas(kLine) RingDoor producer_door;
  alignas(kLine) RingDoor consumer_door;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free &&
              std::atomic<std::int64_t>::is_always_lock_free &&
              std::atomic<int>::is_always_lock_free &&
              std::atomic_ref<std::uint64_t>::is_always_lock_free);

/// A ring where this process has it mapped.
class RingView {
 public:
  RingView() = default;
  RingView(RingLines& lines, std::span<std::byte> bytes)
      : lines_(&lines), bytes_(bytes.data()), mask_(bytes.size() - 1) {}

  [[nodiscard]] std::uint64_t size() const { return mask_ + 1; }
  /// What the consumer took is told late, in steps of this, so that it seldom touches that line.
  [[nodiscard]] std::uint64_t step() const { return size() / 8; }
  [[nodiscard]] std::uint64_t rest_of_lap(std::uint64_t at) const { return size() - (at & mask_); }
  [[nodiscard]] std::byte* at(std::uint64_t position) const { return bytes_ + (position & mask_); }
  [[nodiscard]] std::atomic_ref<std::uint64_t> header_at(std::uint64_t position) const {
    return std::atomic_ref(*reinterpret_cast<std::uint64_t*>(at(position)));
  }
  [[nodiscard]] RingLines& lines() const { return *lines_; }

 private:
  RingLines* lines_ = nullptr;
  std::byte* bytes_ = nullptr;
  std::uint64_t mask_ = 0;
};

template <os::WaitPolicy kWait>
class RingProducer {
 public:
  RingProducer() = default;
  explicit RingProducer(RingView ring) : ring_(ring) {}

  /// Room for a piece, of at most three eighths of the ring, for which it waits. Throws EPIPE when
  /// the other end is gone. A second reservation replaces one that was not committed.
  [[gnu::always_inline]] std::byte* reserve(std::size_t size, const Lifeline& life) {
    auto& my = ring_.lines().producer;
    if (my.reader_is_gone.load(std::memory_order_relaxed)) os::throw_error(EPIPE, "send");
    if (my.clean_from != my.written) [[unlikely]]
      step_over_committed();
    const std::uint64_t span = PieceHeader::span(size);
    if (ring_.rest_of_lap(my.written) < span) [[unlikely]]
      skip_rest_of_lap(life);
    make_room(my.written + span, life);
    return ring_.at(my.written + PieceHeader::kBytes);
  }

  /// What was written to the room reserved, or the front of it, is a piece now.
  [[gnu::always_inline]] void commit(PieceHeader::Kind kind, std::size_t size) {
    auto& my = ring_.lines().producer;
    const std::uint64_t end = my.written + PieceHeader::span(size);
    if (end < my.clean_from) [[unlikely]]
      clean(end);
    // Release: the consumer that sees it sees the piece, and the 0 behind it.
    ring_.header_at(my.written).store(PieceHeader(kind, size).word(), std::memory_order_release);
    std::atomic_signal_fence(std::memory_order_release);
    my.written = end;
  }

  /// After commits: wakes the consumer if it sleeps. Throws EPIPE when the other end is known to be
  /// gone, which is looked for when a copy of it was closed, and now and then.
  [[gnu::always_inline]] void notify(const Lifeline& life) {
    auto& door = ring_.lines().consumer_door;
    // The processor may read this before the commit is visible. A consumer that will sleep first
    // takes care that it matters no more: see RingConsumer::sleep().
    std::atomic_signal_fence(std::memory_order_seq_cst);
    const std::uint32_t state = door.state.load(std::memory_order_relaxed);
    if (state & ~RingDoor::kLook) [[unlikely]]
      door.template wake<kWait>(ring_.lines().producer_door);
    const bool looks = ++ring_.lines().producer.sent % kSendsPerLook == 0;
    if (looks || state & RingDoor::kOtherLook) [[unlikely]]
      look(life);
  }

  /// A copy of this end was closed: a consumer that waits looks whether that was the last.
  void tell_closed() { ring_.lines().consumer_door.make_look(); }

 private:
  static constexpr std::uint32_t kSendsPerLook = 1024;
  static constexpr std::uint64_t kCleanedAheadBytes = 4096, kSmallBytes = 512;

  /// The last reservation was given up, or its producer was killed, which may have been right after
  /// its commit. (At each message this look would cost a cache line that the consumer has.)
  [[gnu::noinline]] void step_over_committed() {
    auto& my = ring_.lines().producer;
    while (const auto word = ring_.header_at(my.written).load(std::memory_order_relaxed))
      my.written += PieceHeader::span(PieceHeader(word).size());
  }

  [[gnu::noinline]] void skip_rest_of_lap(const Lifeline& life) {
    const std::uint64_t rest = ring_.rest_of_lap(ring_.lines().producer.written);
    make_room(ring_.lines().producer.written + rest, life);
    commit(PieceHeader::kSkip, rest - PieceHeader::kBytes);
  }

  /// Makes sure that a piece may end there, with a clean word behind it.
  [[gnu::always_inline]] void make_room(std::uint64_t end, const Lifeline& life) {
    const std::uint64_t needed = end + PieceHeader::kBytes;
    if (needed > ring_.lines().producer.limit) [[unlikely]]
      wait_for_room(needed, life);
    clean(end);
  }

  /// Fills with 0 what has to be before a piece may end there. Small messages let it clean further:
  /// that brings many lines at once from the consumer's cache, where they were read.
  [[gnu::always_inline]] void clean(std::uint64_t end) {
    auto& my = ring_.lines().producer;
    if (end < my.clean_from) [[unlikely]]
      fill(end, my.clean_from);  // reserved, and given up
    // A kill comes between two steps of this thread; all that matters is that they are in order.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    my.clean_from = end;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (end + PieceHeader::kBytes > my.clean_until) [[unlikely]]
      clean_ahead(end);
  }

  [[gnu::noinline]] void clean_ahead(std::uint64_t from) {
    auto& my = ring_.lines().producer;
    const bool is_small = from - my.written <= kSmallBytes;
    const std::uint64_t ahead = is_small ? kCleanedAheadBytes : 64;
    const std::uint64_t until = std::min((from + ahead) & ~std::uint64_t{63}, my.limit);
    fill(from, until);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    my.clean_until = until;
  }

  [[gnu::noinline]] void fill(std::uint64_t from, std::uint64_t until) {
    const std::uint64_t first = std::min(until - from, ring_.rest_of_lap(from));
    std::memset(ring_.at(from), 0, first);
    std::memset(ring_.at(from + first), 0, until - from - first);
  }

  [[gnu::noinline]] void wait_for_room(std::uint64_t needed, const Lifeline& life) {
    auto& [my, unused, door, consumers] = ring_.lines();
    const auto has_room = [&, &mine = my, &theirs = consumers] {
      mine.limit = theirs.position.load(std::memory_order_seq_cst) + ring_.size();
      return needed <= mine.limit;
    };
    if (has_room()) return;
    notify(life);
    if (awake_first<kWait>(door, consumers, os::Deadline::never(), has_room)) return;
    // Woken when there is much room at once, or, by its own nap, soon after there is any.
    door.position.store(std::min(my.written, needed - ring_.size() + ring_.size() / 2),
                        std::memory_order_relaxed);
    door.state.fetch_or(RingDoor::kWaits, std::memory_order_seq_cst);
    const auto how = sleep_until<kWait>(door, consumers, os::Deadline::never(), life, has_room);
    door.state.fetch_and(~RingDoor::kWaits, std::memory_order_relaxed);
    if (how == Waited::kCut) reader_is_gone();
  }

  [[gnu::noinline]] void look(const Lifeline& life) {
    ring_.lines().consumer_door.state.fetch_and(~RingDoor::kOtherLook, std::memory_order_seq_cst);
    if (life.is_cut()) reader_is_gone();
  }

  [[gnu::noinline]] [[noreturn]] void reader_is_gone() {
    ring_.lines().producer.reader_is_gone.store(1, std::memory_order_relaxed);
    os::throw_error(EPIPE, "send");
  }

  RingView ring_;
};

template <os::WaitPolicy kWait>
class RingConsumer {
 public:
  RingConsumer() = default;
  explicit RingConsumer(RingView ring) : ring_(ring) {}

  /// The piece at the front, kNone where there is none yet. Parts of a message whose beginning
  /// another process took are dropped where `within_message` is false.
  [[gnu::always_inline]] PieceHeader front(bool within_message) {
    const PieceHeader header = at_front();
    return header.is_shown(within_message) ? header : drop_hidden(within_message);
  }

  /// The same, but looks for a moment where the policy spins. The loop loads nothing but the
  /// header: whatever else a waiter did would delay each message, where a line takes some dozen ns
  /// to come.
  [[gnu::always_inline]] PieceHeader front_soon(bool within_message) {
    auto& [unused, my, producers, door] = ring_.lines();
    if constexpr (kWait != os::WaitPolicy::block) {
      const auto header = ring_.header_at(my.taken);
      int looks = header.load(std::memory_order_relaxed) || !may_spin<kWait>(door, producers)
                      ? 0
                      : kLooksAtFirst;
      for (; looks > 0 && header.load(std::memory_order_relaxed) == 0; --looks) os::relax();
    }
    return front(within_message);
  }

  std::span<const std::byte> bytes_of(PieceHeader front) const {
    return {ring_.at(ring_.lines().consumer.taken + PieceHeader::kBytes), front.size()};
  }

  /// Gives the room of the piece at the front back.
  [[gnu::always_inline]] void drop(PieceHeader front) {
    auto& [unused, my, producers, door] = ring_.lines();
    my.taken += PieceHeader::span(front.size());
    if (++my.since_sleep == kAwakeFor && my.trusts_barrier) [[unlikely]]
      door.state.fetch_and(~RingDoor::kWaits, std::memory_order_relaxed);
    const bool waits = producers.state.load(std::memory_order_relaxed) & ~RingDoor::kLook;
    if (waits || my.taken - my.told >= ring_.step()) [[unlikely]]
      tell();
  }

  /// Waits for a piece.
  [[gnu::noinline]] Waited wait(bool within_message, os::Deadline deadline, const Lifeline& life) {
    auto& [unused, my, producers, door] = ring_.lines();
    const auto has_piece = [&] { return front(within_message).kind() != PieceHeader::kNone; };
    if (has_piece()) return Waited::kSo;
    if (my.sender_is_gone.load(std::memory_order_relaxed)) return Waited::kCut;
    if (!deadline.expired() && awake_first<kWait>(door, producers, deadline, has_piece))
      return Waited::kSo;
    const auto how = sleep(has_piece, deadline, life);
    if (how == Waited::kCut) my.sender_is_gone.store(1, std::memory_order_relaxed);
    return how;
  }

  /// A copy of this end was closed: the producer looks whether that was the last, at its next
  /// message or where it waits.
  void tell_closed() {
    auto& lines = ring_.lines();
    lines.consumer_door.state.fetch_or(RingDoor::kOtherLook, std::memory_order_seq_cst);
    lines.producer_door.make_look();
  }

 private:
  static constexpr std::uint32_t kAwakeFor = 256;  ///< messages, before it trusts to stay awake
  static constexpr int kLooksAtFirst = 64;         ///< some ns to some dozen each

  [[nodiscard]] PieceHeader at_front() const {
    // Acquire: see RingProducer::commit().
    return PieceHeader(
        ring_.header_at(ring_.lines().consumer.taken).load(std::memory_order_acquire));
  }

  [[gnu::noinline]] PieceHeader drop_hidden(bool within_message) {
    for (;;) {
      const PieceHeader header = at_front();
      if (header.is_shown(within_message)) return header;
      drop(header);
    }
  }

  /// Tells the producer what is taken, and wakes it when it has all the room that it wants.
  [[gnu::noinline]] void tell() {
    auto& [unused, my, producers, door] = ring_.lines();
    // Sequentially consistent with the producer's flag and its look at this: one sees the other.
    door.position.store(my.taken, std::memory_order_seq_cst);
    const bool sleeps = producers.state.load(std::memory_order_seq_cst) & RingDoor::kAsleep;
    if (sleeps && my.taken >= producers.position.load(std::memory_order_relaxed))
      producers.template wake<kWait>(door);
    my.told = my.taken;  // last: who goes on after a kill in here tells it again
  }

  /// The flag and the commit must not pass each other unseen. As long as kWaits is set, the
  /// producer reads the flag by a read-modify-write, which cannot be before its commit. A consumer
  /// that has not slept for long takes kWaits away, and the producer has no fence to pay for; then
  /// a barrier on all CPUs has to do, once, before the sleep: it falls before the producer's look
  /// at the flag, which sees kWaits, or behind its commit, which is seen here.
  template <class HasPiece>
  Waited sleep(HasPiece has_piece, os::Deadline deadline, const Lifeline& life) {
    auto& [unused, my, producers, door] = ring_.lines();
    if (my.told != my.taken) tell();
    my.since_sleep = 0;
    if (kWait != os::WaitPolicy::spin && !deadline.expired() &&
        !(door.state.load(std::memory_order_relaxed) & RingDoor::kWaits)) {
      door.state.fetch_or(RingDoor::kWaits, std::memory_order_seq_cst);
      // Where a filter forbids it now, a wake may be late by a nap.
      my.trusts_barrier = os::membarrier();
    }
    return sleep_until<kWait>(door, producers, deadline, life, has_piece);
  }

  RingView ring_;
};

}  // namespace ipc
