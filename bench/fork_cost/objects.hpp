// How an object of each noun is created, and what the first use is that another process makes of
// it. No process opens one by name: all are made before the fork and inherited, and a name is gone
// when the constructor returns.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <stdexcept>

#include "bench/measure.hpp"
#include "ipc/backends.hpp"
#include "ipc/shared/array.hpp"
#include "ipc/sync/lock.hpp"

namespace bench::fork_cost {

/// What is sent through those that carry messages.
inline constexpr std::array kMessage{std::byte{'f'}, std::byte{'i'}, std::byte{'r'},
                                     std::byte{'s'}, std::byte{'t'}, std::byte{' '},
                                     std::byte{'1'}, std::byte{'\n'}};

inline void expect_message(std::span<const std::byte> buffer, std::size_t size) {
  if (size != kMessage.size() || std::memcmp(buffer.data(), kMessage.data(), size) != 0)
    throw std::runtime_error("the second process's message did not arrive");
}

/// Closing the end that is not the second process's, and a first message.
struct PipeLife {
  using Backends = ipc::Pipes;
  static constexpr const char* kNoun = "pipe";
  template <class P>
  static auto make() {
    return P::make({});
  }
  template <class Ends>
  static void use(Ends& ends) {
    ends.first.close();
    ends.second.send(kMessage);
  }
  template <class Ends>
  static void prove(Ends& ends) {
    ends.second.close();
    std::array<std::byte, kMessage.size()> buffer;
    expect_message(buffer, ends.first.recv(buffer).value_or(0));
  }
};

/// A first put.
struct QueueLife {
  using Backends = ipc::Queues;
  static constexpr const char* kNoun = "queue";
  static constexpr std::size_t kBytes = 64;
  template <class Q>
  static Q make() {
    return Q({8, kBytes});
  }
  static void use(auto& queue) { queue.put(kMessage); }
  static void prove(auto& queue) {
    std::vector<std::byte> buffer(queue.max_message_bytes());
    expect_message(buffer, queue.get(buffer));
  }
};

/// A first add to an element.
struct SharedLife {
  using Backends = ipc::SharedMemories;
  static constexpr const char* kNoun = "shared";
  template <class B>
  static auto make() {
    return ipc::Array<std::int64_t, B>(8);
  }
  static void use(auto& array) { array.add(0, 1); }
  static void prove(auto& array) {
    for (Spin spin; array.load(0) == 0;) spin.pause();
  }
};

/// A first release.
struct SemaphoreLife {
  using Backends = ipc::Semaphores;
  static constexpr const char* kNoun = "semaphore";
  template <class S>
  static S make() {
    return S(0);
  }
  static void use(auto& semaphore) { semaphore.release(); }
  static void prove(auto& semaphore) { semaphore.acquire(); }
};

/// The lock has one backend, named as it is.
struct LockBackend : ipc::Lock {
  static constexpr std::string_view kName = "lock";
  static ipc::os::Unavailable unavailable() { return std::nullopt; }
};

/// A first acquire and release. Its end shows that both went well.
struct LockLife {
  using Backends = ipc::os::TypeList<LockBackend>;
  static constexpr const char* kNoun = "lock";
  template <class L>
  static L make() {
    return L();
  }
  static void use(auto& lock) {
    lock.acquire();
    lock.release();
  }
  static void prove(auto&) {}
};

/// attach(), and a notification that it sends to itself and takes.
struct NotifyLife {
  using Backends = ipc::Notifiers;
  static constexpr const char* kNoun = "notify";
  template <class N>
  static N make() {
    return N();
  }
  static void use(auto& notifier) {
    notifier.attach();
    notifier.notify();
    notifier.wait();
  }
  static void prove(auto&) {}
};

/// A first task, there and back.
struct PoolLife {
  using Backends = ipc::Pools;
  static constexpr const char* kNoun = "pool";
  template <class P>
  static P make() {
    return P({.workers = 2});
  }
  static void use(auto& pool) {
    pool.submit(&answer, kMessage);
    const auto result = pool.collect(ipc::os::Deadline::never());
    if (!result || result->outcome != ipc::TaskResult::Outcome::value)
      throw std::runtime_error("the first task failed");
    expect_message(result->bytes, result->bytes.size());
  }
  static void answer(std::span<const std::byte> arguments, ipc::Bytes& result) {
    result.assign(arguments.begin(), arguments.end());
  }
};

}  // namespace bench::fork_cost
