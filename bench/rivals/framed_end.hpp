// A bare end over a byte stream whose messages say how long they are, and say no more.
#pragma once

#include <sys/uio.h>

#include <cstring>

#include "bench/rivals/bare_links.hpp"

namespace bench::rivals {

/// What messages of any size over a stream cost at least: 8 bytes in front of each. Up to a page
/// they are copied behind them and written at once; above, gathered and scattered.
class FramedEnd : public BufferedEnd {
 public:
  FramedEnd(int in, int out, std::size_t size)
      : BufferedEnd(size), in_fd_(in), out_fd_(out), frame_(sizeof(Header) + size) {}

  void send() {
    const Header size = out_.size();
    if (size > kCopied) return send_gathered(size);
    std::memcpy(frame_.data(), &size, sizeof size);
    std::memcpy(frame_.data() + sizeof size, out_.data(), out_.size());
    for (std::size_t done = 0; done < frame_.size();)
      done += moved(::write(out_fd_, frame_.data() + done, frame_.size() - done));
  }

  std::span<const std::byte> receive() {
    Header size = 0;
    if (in_.size() > kCopied) {
      receive_scattered(size);
    } else {
      for (std::size_t done = 0; done < frame_.size();)
        done += moved(::read(in_fd_, frame_.data() + done, frame_.size() - done));
      std::memcpy(&size, frame_.data(), sizeof size);
      std::memcpy(in_.data(), frame_.data() + sizeof size, in_.size());
    }
    if (size != in_.size()) throw std::runtime_error("frame of another size");
    return in_;
  }

 private:
  using Header = std::uint64_t;
  static constexpr std::size_t kCopied = 4096;

  static std::size_t moved(ssize_t bytes) {
    if (bytes <= 0) throw std::runtime_error("bare framed read or write failed");
    return static_cast<std::size_t>(bytes);
  }

  void send_gathered(Header size) {
    const iovec parts[] = {{&size, sizeof size}, {out_.data(), out_.size()}};
    std::size_t done = moved(::writev(out_fd_, parts, 2)) - sizeof size;
    while (done < out_.size())
      done += moved(::write(out_fd_, out_.data() + done, out_.size() - done));
  }
  void receive_scattered(Header& size) {
    const iovec parts[] = {{&size, sizeof size}, {in_.data(), in_.size()}};
    std::size_t done = moved(::readv(in_fd_, parts, 2)) - sizeof size;
    while (done < in_.size()) done += moved(::read(in_fd_, in_.data() + done, in_.size() - done));
  }

  int in_fd_, out_fd_;
  std::vector<std::byte> frame_;
};

}  // namespace bench::rivals
