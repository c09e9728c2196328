// Pipe backends: a ring in shared memory for each direction, whose peers spin, sleep, or do both.
#pragma once

#include <bit>
#include <limits>
#include <memory>

#include "ipc/os/shared_mapping.hpp"
#include "ipc/pipe/contract.hpp"
#include "ipc/pipe/spsc_ring.hpp"

namespace ipc {

/// A PipeEnd over two rings, and ways to send and receive without a copy. One thread may send while
/// another receives. The kernel takes no part as long as nobody waits, so a receiver that dies
/// without close() is noticed only by a look now and then. A message of over kWholeBytes goes in
/// parts, so that it is read while it is written, and may be larger than the ring.
template <os::WaitPolicy kWait>
class RingEnd {
 public:
  static constexpr bool kMissesAGoneReader = true;

  RingEnd(std::shared_ptr<os::SharedMapping> memory, RingView in, RingView out, Lifeline life)
      : memory_(std::move(memory)), in_(in), out_(out), life_(std::move(life)), ring_(in) {}
  RingEnd(RingEnd&&) noexcept = default;
  RingEnd& operator=(RingEnd&& other) noexcept {
    close();
    memory_ = std::move(other.memory_);
    in_ = other.in_;
    out_ = other.out_;
    life_ = std::move(other.life_);
    ring_ = other.ring_;
    return *this;
  }
  ~RingEnd() { close(); }

  void send(std::span<const std::byte> message) {
    require_open();
    push(message);
    out_.notify(life_);
  }

  /// The same for each, in order; the receiver is woken at most once, or when the ring is full.
  void send_many(std::span<const std::span<const std::byte>> messages) {
    require_open();
    for (const auto& message : messages) push(message);
    out_.notify(life_);
  }

  /// Room in the ring for a message of up to that size, to be written in place, once there is any;
  /// commit() sends what was written. A later send or reserve() gives up what was not committed.
  /// Throws EMSGSIZE over max_reserve_bytes(), EPIPE as send() does.
  std::span<std::byte> reserve(std::size_t bytes) {
    require_open();
    if (bytes > max_reserve_bytes()) os::throw_error(EMSGSIZE, "reserve: over max_reserve_bytes()");
    reserved_ = bytes;
    return {out_.reserve(bytes, life_), bytes};
  }

  /// Sends the first `bytes` of the room reserved. Throws EINVAL where less was reserved.
  void commit(std::size_t bytes) {
    require_open();
    if (!reserved_ || bytes > *reserved_) os::throw_error(EINVAL, "commit: more than reserved");
    reserved_.reset();
    out_.commit(PieceHeader::kWhole, bytes);
    out_.notify(life_);
  }

  /// As much as always fits into an empty ring in one piece, wherever it begins and although the
  /// last step taken may not be told: three eighths of it.
  [[nodiscard]] std::size_t max_reserve_bytes() const {
    return ring_.size() / 8 * 3 - PieceHeader::kBytes;
  }

  std::optional<std::size_t> next_size() {
    const auto front = next();
    if (!front) return std::nullopt;
    return message_size(*front);
  }

  std::optional<std::size_t> recv(std::span<std::byte> buffer) {
    const auto front = next();
    if (!front) return std::nullopt;
    const std::size_t size = message_size(*front);
    if (size > buffer.size()) os::throw_error(EMSGSIZE, "recv: buffer too small");
    if (front->kind() != PieceHeader::kWhole) [[unlikely]] {
      take_parts(*front, buffer.first(size));
    } else {
      os::copy_message(buffer.data(), in_.bytes_of(*front).data(), size);
      in_.drop(*front);
    }
    return size;
  }

  /// The next message where it lies, valid until release(), which takes it; nothing at the end.
  /// Throws EMSGSIZE where it does not lie in one piece: it was sent by send() and is larger than
  /// kWholeBytes. recv() takes that.
  std::optional<std::span<const std::byte>> peek() {
    const auto front = next();
    if (!front) return std::nullopt;
    if (front->kind() != PieceHeader::kWhole) os::throw_error(EMSGSIZE, "peek: in several pieces");
    return in_.bytes_of(*front);
  }

  /// Takes the message that peek() showed; only after peek().
  void release() {
    require_open();
    in_.drop(in_.front(false));
  }

  bool ready(os::Deadline deadline) {
    require_open();
    return in_.wait(false, deadline, life_) != Waited::kLate;
  }

  void close() {
    if (!life_.is_open()) return;
    life_.close();  // first: who is told to look finds it so
    in_.tell_closed();
    out_.tell_closed();
    memory_.reset();
    reserved_.reset();
  }

  /// A ring holds a little more, as it is told late what was taken.
  std::size_t capacity_bytes() {
    require_open();
    return ring_.size() - ring_.step();
  }
  std::size_t max_message_bytes() { return std::numeric_limits<std::ptrdiff_t>::max(); }

  static constexpr std::size_t kWholeBytes = 32 * 1024;  ///< or a quarter of a small ring

 private:
  void require_open() const {
    if (!life_.is_open()) [[unlikely]]
      os::throw_error(EBADF, "pipe end is closed");
  }

  [[nodiscard]] std::size_t whole_bytes() const {
    return std::min<std::size_t>(kWholeBytes, ring_.size() / 4);
  }

  void push(std::span<const std::byte> message) {
    reserved_.reset();
    if (message.size() > whole_bytes()) [[unlikely]]
      return push_parts(message);
    std::byte* const room = out_.reserve(message.size(), life_);
    os::copy_message(room, message.data(), message.size());
    out_.commit(PieceHeader::kWhole, message.size());
  }

  void push_parts(std::span<const std::byte> message) {
    using Total = std::uint64_t;
    const Total total = message.size();
    for (std::size_t ahead = sizeof total; !message.empty(); ahead = 0) {
      const auto part = message.first(std::min(message.size(), whole_bytes() - ahead));
      std::byte* const room = out_.reserve(ahead + part.size(), life_);
      std::memcpy(room, &total, ahead);
      std::memcpy(room + ahead, part.data(), part.size());
      out_.commit(ahead ? PieceHeader::kFirst : PieceHeader::kNext, ahead + part.size());
      out_.notify(life_);
      message = message.subspan(part.size());
    }
  }

  /// The piece that the next message begins with; nothing at the end.
  std::optional<PieceHeader> next() {
    require_open();
    PieceHeader front = in_.front_soon(false);
    if (front.kind() == PieceHeader::kNone) [[unlikely]] {
      if (in_.wait(false, os::Deadline::never(), life_) == Waited::kCut) return std::nullopt;
      front = in_.front(false);
    }
    return front;
  }

  [[nodiscard]] std::size_t message_size(PieceHeader front) const {
    if (front.kind() == PieceHeader::kWhole) [[likely]]
      return front.size();
    std::uint64_t total = 0;
    std::memcpy(&total, in_.bytes_of(front).data(), sizeof total);
    return total;
  }

  void take_parts(PieceHeader front, std::span<std::byte> rest) {
    for (std::size_t ahead = sizeof(std::uint64_t);; ahead = 0) {
      const auto part = in_.bytes_of(front).subspan(ahead);
      std::memcpy(rest.data(), part.data(), part.size());
      in_.drop(front);
      rest = rest.subspan(part.size());
      if (rest.empty()) return;
      in_.wait(true, os::Deadline::never(), life_);
      front = in_.front(true);
      // Another message, or none: whoever sent this one is dead, or all of them are.
      if (front.kind() != PieceHeader::kNext || front.size() > rest.size())
        os::throw_error(EPROTO, "recv: the sender ended in the middle of a message");
    }
  }

  std::shared_ptr<os::SharedMapping> memory_;
  RingConsumer<kWait> in_;
  RingProducer<kWait> out_;
  Lifeline life_;
  RingView ring_;  ///< one of them: their sizes are the same
  std::optional<std::size_t> reserved_;
};

/// Memory that only the peers know, mmap(2) without a name or a file, and futex(2) to sleep. A ring
/// is a power of two bytes, of 1 MiB by default and at most 1 GiB.
template <os::WaitPolicy kWait>
class ShmRingOf {
 public:
  static constexpr std::string_view kName = os::ring_name(kWait);
  static constexpr os::WaitPolicy kWaitPolicy = kWait;
  using End = RingEnd<kWait>;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { make({}); });
  }

  static std::pair<End, End> make(PipeOptions options) {
    const std::size_t size = ring_bytes(options.capacity_bytes);
    return make_in(std::make_shared<os::SharedMapping>(2 * (sizeof(RingLines) + size)));
  }

  /// In zeroed memory, for two rings of a power of two bytes, from 4 KiB to 1 GiB, with their
  /// lines.
  static std::pair<End, End> make_in(std::shared_ptr<os::SharedMapping> memory) {
    const std::size_t size = memory->size() / 2 - sizeof(RingLines);
    std::byte* const bytes = memory->data() + 2 * sizeof(RingLines);
    auto* const lines = new (memory->data()) RingLines[2];
    const RingView there = begin(lines[0], {bytes, size});
    const RingView back = begin(lines[1], {bytes + size, size});
    auto [a, b] = Lifeline::pair();
    return {End(memory, back, there, std::move(a)), End(memory, there, back, std::move(b))};
  }

 private:
  static constexpr std::size_t kDefaultBytes = std::size_t{1} << 20;
  static constexpr std::size_t kLeastBytes = 4096, kMostBytes = std::size_t{1} << 30;

  /// So that it holds the capacity even when what was taken is not yet told.
  static std::size_t ring_bytes(std::size_t capacity) {
    if (capacity == 0) return kDefaultBytes;
    if (capacity >= kMostBytes / 2) return kMostBytes;
    return std::bit_ceil(std::max(kLeastBytes, capacity + capacity / 7 + 1));
  }

  static RingView begin(RingLines& lines, std::span<std::byte> bytes) {
    lines.producer.limit = lines.producer.clean_until = bytes.size();
    if (kWait != os::WaitPolicy::spin) {
      lines.consumer.trusts_barrier = os::allow_membarrier();
      lines.consumer_door.state.store(RingDoor::kWaits, std::memory_order_relaxed);
    }
    return {lines, bytes};
  }
};

using ShmRing = ShmRingOf<os::WaitPolicy::adaptive>;
using ShmRingSpin = ShmRingOf<os::WaitPolicy::spin>;
using ShmRingBlock = ShmRingOf<os::WaitPolicy::block>;
static_assert(Pipe<ShmRing> && Pipe<ShmRingSpin> && Pipe<ShmRingBlock>);

}  // namespace ipc
