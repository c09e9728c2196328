// Links over our backends, in the form that the bare ones have.
#pragma once

#include <string_view>
#include <utility>

#include "bench/rivals/bare_links.hpp"
#include "bench/rivals/contest.hpp"
#include "ipc/pipe/contract.hpp"
#include "ipc/queue/contract.hpp"

namespace bench::rivals {

inline std::span<const std::byte> whole(std::span<const std::byte> buffer,
                                        std::optional<std::size_t> got) {
  if (got != buffer.size()) throw std::runtime_error("message of another size");
  return buffer;
}

template <ipc::Pipe P>
class PipeLink {
  class End : public BufferedEnd {
   public:
    End(typename P::End end, std::size_t size) : BufferedEnd(size), end_(std::move(end)) {}
    void send() { end_.send(out_); }
    std::span<const std::byte> receive() { return whole(in_, end_.recv(in_)); }

   private:
    typename P::End end_;
  };

  PipeLink(std::pair<typename P::End, typename P::End> ends, std::size_t size)
      : first(std::move(ends.first), size), second(std::move(ends.second), size) {}

 public:
  explicit PipeLink(std::size_t size) : PipeLink(P::make({}), size) {}

  End first, second;
};

/// As many messages as the side that it is compared with holds.
template <ipc::ByteQueue Q>
std::size_t depth_of(std::size_t size) {
  const bool is_kernels = Q::kName == "posix_mq" || Q::kName == "sysv_msg";
  return is_kernels ? kernel_depth(size) : shared_depth(size);
}

template <ipc::ByteQueue Q>
class QueueLink {
  class End : public BufferedEnd {
   public:
    End(Q& in, Q& out, std::size_t size) : BufferedEnd(size), in_queue_(&in), out_queue_(&out) {}
    void send() { out_queue_->put(out_); }
    std::span<const std::byte> receive() { return whole(in_, in_queue_->get(in_)); }

   private:
    Q* in_queue_;
    Q* out_queue_;
  };

  Q there_, back_;

 public:
  explicit QueueLink(std::size_t size)
      : there_({depth_of<Q>(size), size}),
        back_({depth_of<Q>(size), size}),
        first(back_, there_, size),
        second(there_, back_, size) {}

  End first, second;
};

/// A ring's name ends in how its peers wait: shm_ring_spin, shm_ring_block; without such an ending
/// it is adaptive.
inline Waiting waiting_of(std::string_view ring) {
  if (ring.ends_with("_spin")) return Waiting::spinning;
  if (ring.ends_with("_block")) return Waiting::blocking;
  return Waiting::adaptive;
}
inline bool is_ring(std::string_view backend) {
  return backend.starts_with("shm_ring");
}

/// Those of a table's backends that are rings and wait like that; a side that says what is missing
/// where there is none. `measure` makes a side's function for a backend.
template <class Backends, class Measure>
Side ring_side(std::string_view noun, Waiting waiting, Measure measure) {
  Side side{"shm_ring", waiting, {}, {}};
  side.reason = fmt::format("no {} backend shm_ring that waits {}", noun, name(waiting));
  Backends::for_each([&]<class B>(std::type_identity<B> backend) {
    if (!is_ring(B::kName) || waiting_of(B::kName) != waiting) return;
    side = {"shm_ring", waiting, B::unavailable(), measure(backend)};
  });
  return side;
}

}  // namespace bench::rivals
