// Bare links: what a C program would write over the system calls, over futex(2), and over a cache
// line that both peers look at. No library of ours between the loop and the call.
#pragma once

#include <boost/interprocess/ipc/message_queue.hpp>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

#include "ipc/os/cpu.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/sysv.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/os/unique_name.hpp"

namespace bench::rivals {

/// How many messages a queue holds, ours as well as theirs: of the kernel's queues what both kinds
/// allow without privilege, of those in shared memory about half a megabyte.
inline std::size_t kernel_depth(std::size_t size) {
  return std::min<std::size_t>(8, 16384 / size);
}
inline std::size_t shared_depth(std::size_t size) {
  return std::clamp<std::size_t>((std::size_t{1} << 19) / size, 16, 1024);
}

/// An end that has a buffer for each direction.
class BufferedEnd {
 public:
  explicit BufferedEnd(std::size_t size) : out_(size), in_(size) {}
  std::span<std::byte> message() { return out_; }

 protected:
  std::vector<std::byte> out_, in_;
};

/// Over descriptors that carry bytes or packets: one write a message, and as many reads as it
/// takes.
class DescriptorEnd : public BufferedEnd {
 public:
  DescriptorEnd(int in, int out, std::size_t size) : BufferedEnd(size), in_fd_(in), out_fd_(out) {}

  void send() {
    for (std::size_t done = 0; done < out_.size();)
      done += moved(::write(out_fd_, out_.data() + done, out_.size() - done));
  }
  std::span<const std::byte> receive() {
    for (std::size_t done = 0; done < in_.size();)
      done += moved(::read(in_fd_, in_.data() + done, in_.size() - done));
    return in_;
  }

 private:
  static std::size_t moved(ssize_t bytes) {
    if (bytes <= 0) throw std::runtime_error("bare read or write failed");
    return static_cast<std::size_t>(bytes);
  }

  int in_fd_, out_fd_;
};

/// The two descriptors of one call.
struct DescriptorPair {
  template <class Call>
  DescriptorPair(const char* name, Call call) {
    int fds[2];
    ipc::os::check(call(fds), name);
    ends = {ipc::os::UniqueFd(fds[0]), ipc::os::UniqueFd(fds[1])};
  }
  [[nodiscard]] int operator[](std::size_t i) const { return ends[i].get(); }
  std::array<ipc::os::UniqueFd, 2> ends;
};

/// pipe(2), twice.
template <class End = DescriptorEnd>
class BarePipe {
  DescriptorPair there_{"pipe", ::pipe}, back_{"pipe", ::pipe};

 public:
  explicit BarePipe(std::size_t size)
      : first(back_[0], there_[1], size), second(there_[0], back_[1], size) {}

  End first, second;
};

/// socketpair(2) of Unix sockets.
template <int kType, class End = DescriptorEnd>
class BareSocketpair {
  DescriptorPair pair_{"socketpair", [](int* fds) { return ::socketpair(AF_UNIX, kType, 0, fds); }};

 public:
  explicit BareSocketpair(std::size_t size)
      : first(pair_[0], pair_[0], size), second(pair_[1], pair_[1], size) {}

  End first, second;
};

/// Two POSIX message queues, mq_overview(7).
class BareMq {
 public:
  explicit BareMq(std::size_t size)
      : there_(make(size)),
        back_(make(size)),
        first(back_, there_, size),
        second(there_, back_, size) {}

 private:
  static ipc::os::UniqueFd make(std::size_t size) {
    mq_attr attributes{};
    attributes.mq_maxmsg = static_cast<long>(kernel_depth(size));
    attributes.mq_msgsize = static_cast<long>(size);
    const std::string name = ipc::os::unique_name();
    const mqd_t queue = ::mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
    ipc::os::check(queue, "mq_open");
    ::mq_unlink(name.c_str());
    return ipc::os::UniqueFd(queue);
  }
  ipc::os::UniqueFd there_, back_;

  class End : public BufferedEnd {
   public:
    End(const ipc::os::UniqueFd& in, const ipc::os::UniqueFd& out, std::size_t size)
        : BufferedEnd(size), in_queue_(in.get()), out_queue_(out.get()) {}
    void send() {
      const auto* data = reinterpret_cast<const char*>(out_.data());
      ipc::os::check(::mq_send(out_queue_, data, out_.size(), 0), "mq_send");
    }
    std::span<const std::byte> receive() {
      auto* data = reinterpret_cast<char*>(in_.data());
      ipc::os::check(::mq_receive(in_queue_, data, in_.size(), nullptr), "mq_receive");
      return in_;
    }

   private:
    mqd_t in_queue_, out_queue_;
  };

 public:
  End first, second;
};

/// Two System V queues, msgop(2). Messages are built right behind their type.
class BareSysv {
 public:
  explicit BareSysv(std::size_t size)
      : there_(make(size)),
        back_(make(size)),
        first(back_.id(), there_.id(), size),
        second(there_.id(), back_.id(), size) {}

 private:
  static ipc::os::SysvHandle make(std::size_t size) {
    ipc::os::SysvHandle queue(ipc::os::SysvKind::queue);
    msqid_ds state{};
    ipc::os::check(::msgctl(queue.id(), IPC_STAT, &state), "msgctl");
    state.msg_qbytes = kernel_depth(size) * size;
    ipc::os::check(::msgctl(queue.id(), IPC_SET, &state), "msgctl");
    return queue;
  }
  ipc::os::SysvHandle there_, back_;

  class End {
   public:
    End(int in, int out, std::size_t size)
        : in_queue_(in), out_queue_(out), out_(sizeof(long) + size), in_(sizeof(long) + size) {
      const long type = 1;
      std::memcpy(out_.data(), &type, sizeof type);
    }
    std::span<std::byte> message() { return std::span(out_).subspan(sizeof(long)); }
    void send() {
      ipc::os::check(::msgsnd(out_queue_, out_.data(), out_.size() - sizeof(long), 0), "msgsnd");
    }
    std::span<const std::byte> receive() {
      const std::size_t room = in_.size() - sizeof(long);
      ipc::os::check(::msgrcv(in_queue_, in_.data(), room, 0, 0), "msgrcv");
      return std::span(in_).subspan(sizeof(long));
    }

   private:
    int in_queue_, out_queue_;
    std::vector<std::byte> out_, in_;
  };

 public:
  End first, second;
};

/// Two of Boost.Interprocess's message queues, used as its documentation does.
class BareBoostQueue {
 public:
  explicit BareBoostQueue(std::size_t size) : first(size), second(size) {
    make(there_, size);
    make(back_, size);
    first.connect(*back_, *there_);
    second.connect(*there_, *back_);
  }

 private:
  using Queue = boost::interprocess::message_queue;
  static void make(std::optional<Queue>& queue, std::size_t size) {
    const std::string name = ipc::os::unique_name();
    queue.emplace(boost::interprocess::create_only, name.c_str(), shared_depth(size), size);
    Queue::remove(name.c_str());
  }
  std::optional<Queue> there_, back_;

  class End : public BufferedEnd {
   public:
    using BufferedEnd::BufferedEnd;
    void connect(Queue& in, Queue& out) { in_queue_ = &in, out_queue_ = &out; }
    void send() { out_queue_->send(out_.data(), out_.size(), 0); }
    std::span<const std::byte> receive() {
      Queue::size_type size = 0;
      unsigned priority = 0;
      in_queue_->receive(in_.data(), in_.size(), size, priority);
      return std::span(in_).first(size);
    }

   private:
    Queue* in_queue_ = nullptr;
    Queue* out_queue_ = nullptr;
  };

 public:
  End first, second;
};

/// How a peer waits at a line: looking at it, or by futex(2), for ever or in sleeps of at most 50
/// ms as every wait has to that outlives a killed peer.
enum class LineWait { looks, sleeps, naps };

/// The floor: a word that says whose turn it is, with the message right behind it, so that up to 56
/// bytes travel in one cache line. One message at a time: for round trips only.
template <LineWait kWait>
class BareLine {
 public:
  explicit BareLine(std::size_t size)
      : memory_(2 * stride(size)),
        first(memory_.data() + stride(size), memory_.data(), size),
        second(memory_.data(), memory_.data() + stride(size), size) {}

 private:
  static constexpr std::size_t kPayload = 8, kPair = 128;  // CPUs fetch lines in pairs
  static std::size_t stride(std::size_t size) {
    return (kPayload + size + kPair - 1) / kPair * kPair;
  }
  ipc::os::SharedMapping memory_;

  class End : public BufferedEnd {
   public:
    End(std::byte* in, std::byte* out, std::size_t size)
        : BufferedEnd(size), in_line_(in), out_line_(out) {}

    void send() {
      std::memcpy(out_line_ + kPayload, out_.data(), out_.size());
      turn(out_line_).store(++sent_, std::memory_order_release);
      if constexpr (kWait != LineWait::looks)
        ::syscall(SYS_futex, &turn(out_line_), FUTEX_WAKE, 1, nullptr, nullptr, 0);
    }
    std::span<const std::byte> receive() {
      const std::uint32_t before = received_++;
      while (turn(in_line_).load(std::memory_order_acquire) == before) {
        if constexpr (kWait == LineWait::looks)
          ipc::os::relax();
        else
          sleep(turn(in_line_), before);
      }
      std::memcpy(in_.data(), in_line_ + kPayload, in_.size());
      return in_;
    }

   private:
    using Word = std::atomic<std::uint32_t>;
    static Word& turn(std::byte* line) { return *reinterpret_cast<Word*>(line); }
    static void sleep(Word& word, std::uint32_t expected) {
      const timespec nap{0, 50'000'000};
      const timespec* longest = kWait == LineWait::naps ? &nap : nullptr;
      ::syscall(SYS_futex, &word, FUTEX_WAIT, expected, longest, nullptr, 0);
    }

    std::byte* in_line_;
    std::byte* out_line_;
    std::uint32_t sent_ = 0, received_ = 0;
  };

 public:
  End first, second;
};

}  // namespace bench::rivals
