// Pipe backend: pages given to a pipe without copying them into it (vmsplice(2)).
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>

#include "ipc/os/child.hpp"
#include "ipc/pipe/stream_end.hpp"

namespace ipc {

/// Private anonymous pages; unlike heap memory nobody gets them when they are unmapped while a pipe
/// still refers to them (mmap(2)).
class PrivatePages {
 public:
  explicit PrivatePages(std::size_t bytes)
      : data_(static_cast<std::byte*>(
            ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))),
        size_(bytes) {
    if (data_ == MAP_FAILED) os::throw_errno("mmap " + std::to_string(bytes));
  }
  PrivatePages(PrivatePages&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  PrivatePages& operator=(PrivatePages&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~PrivatePages() { reset(); }

  void reset() noexcept {
    if (data_) ::munmap(data_, size_);
    data_ = nullptr;
  }
  [[nodiscard]] std::byte* data() const { return data_; }

 private:
  std::byte* data_;
  std::size_t size_;
};

/// A PipeEnd over two pipes that receives as a StreamEnd does and sends by vmsplice(2). The pipe
/// then holds references to the sender's pages, so a page must stay as it is until it is read.
///
/// What is sent is therefore copied to pages of the end's own, which are used in turn. Each takes a
/// slot of the pipe of its own, and slots are read in order: when a page is in the pipe, all pages
/// but the last slots' worth of them have been read. The end has more pages than the pipe has slots
/// by the batch it writes at once, so that a page's turn comes only after it was read.
///
/// Of a message larger than the pipe only the end is copied. What lies before it is spliced
/// straight from the caller's memory: when the end of the message fills every slot, that has been
/// read.
class VmspliceEnd {
 public:
  VmspliceEnd(os::UniqueFd in, os::UniqueFd out)
      : in_(std::move(in), {}),
        out_(std::move(out)),
        slots_(
            static_cast<std::size_t>(os::check(::fcntl(out_.get(), F_GETPIPE_SZ), "F_GETPIPE_SZ")) /
            kPage),
        pages_((slots_ + kBatch) * kPage) {}

  void send(std::span<const std::byte> message) {
    if (!out_) os::throw_error(EBADF, "pipe end is closed");
    const std::uint64_t size = message.size();
    const auto header = std::as_bytes(std::span(&size, 1));
    if (message.size() <= slots_ * kPage) return send_copied(header, message);
    send_copied(header, {});
    const std::size_t straight = message.size() - slots_ * kPage;
    splice(const_cast<std::byte*>(message.data()), straight);
    send_copied({}, message.subspan(straight));
  }

  std::optional<std::size_t> next_size() { return in_.next_size(); }
  std::optional<std::size_t> recv(std::span<std::byte> buffer) { return in_.recv(buffer); }
  bool ready(os::Deadline deadline) { return in_.ready(deadline); }
  os::Waitable waitable() { return in_.waitable(); }
  /// The pipe's size; each page of a message takes a page of it, however little it holds.
  std::size_t capacity_bytes() { return in_.capacity_bytes(); }
  std::size_t max_message_bytes() { return in_.max_message_bytes(); }

  void close() {
    in_.close();
    out_.reset();
    pages_.reset();
  }

 private:
  static constexpr std::size_t kPage = 4096;  // of every x86, and the least of any architecture
  static constexpr std::size_t kBatch = 16;

  /// Sends the header and the bytes behind it, from the next pages on, a batch at a time.
  void send_copied(std::span<const std::byte> header, std::span<const std::byte> bytes) {
    while (!header.empty() || !bytes.empty()) {
      const std::size_t pages = std::min(kBatch, slots_ + kBatch - next_);  // up to the last one
      std::byte* const place = pages_.data() + next_ * kPage;
      const std::size_t room = pages * kPage - header.size();
      const std::size_t here = std::min(bytes.size(), room);
      if (!header.empty()) std::memcpy(place, header.data(), header.size());
      if (here > 0) std::memcpy(place + header.size(), bytes.data(), here);
      const std::size_t filled = header.size() + here;
      splice(place, filled);
      next_ = (next_ + (filled + kPage - 1) / kPage) % (slots_ + kBatch);
      header = {};
      bytes = bytes.subspan(here);
    }
  }

  /// Blocks until all of it is in the pipe.
  void splice(std::byte* data, std::size_t bytes) {
    while (bytes > 0) {
      const iovec part{data, bytes};
      const ssize_t given = os::retry_eintr([&] { return ::vmsplice(out_.get(), &part, 1, 0); });
      os::check(given, "vmsplice");
      data += given;
      bytes -= static_cast<std::size_t>(given);
    }
  }

  StreamEnd in_;
  os::UniqueFd out_;
  std::size_t slots_;
  PrivatePages pages_;
  std::size_t next_ = 0;  ///< the page whose turn it is
};

static_assert(WaitableEnd<VmspliceEnd>);

/// Two pipes. As a message takes at least one slot of a page, the pipe has at least kLeastBytes,
/// which is 64 messages. Sets SIGPIPE to be ignored unless the program has a handler.
class VmsplicePipe {
 public:
  static constexpr std::string_view kName = "vmsplice";
  static constexpr std::size_t kLeastBytes = 256 * 1024;
  using End = VmspliceEnd;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] {
      auto [a, b] = make({});
      a.send({});
    });
  }

  static std::pair<End, End> make(PipeOptions options) {
    os::ignore_sigpipe();
    auto [in_a, out_b] = one(options);
    auto [in_b, out_a] = one(options);
    return {End(std::move(in_a), std::move(out_a)), End(std::move(in_b), std::move(out_b))};
  }

 private:
  static std::pair<os::UniqueFd, os::UniqueFd> one(PipeOptions options) {
    int fds[2];
    os::check(::pipe2(fds, O_CLOEXEC), "pipe2");
    std::pair ends{os::UniqueFd(fds[0]), os::UniqueFd(fds[1])};
    set_pipe_capacity(fds[1], std::max(options.capacity_bytes, kLeastBytes));
    return ends;
  }
};

static_assert(Pipe<VmsplicePipe>);

}  // namespace ipc
