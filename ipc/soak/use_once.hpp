// Makes one object of any backend or type, uses it once, and destroys it.
#pragma once

#include <type_traits>
#include <vector>

#include "ipc/backends.hpp"
#include "ipc/os/child.hpp"
#include "ipc/pipe/connection.hpp"
#include "ipc/pool/pool.hpp"
#include "ipc/process/process.hpp"
#include "ipc/queue/queue.hpp"
#include "ipc/semaphore/semaphore.hpp"
#include "ipc/shared/array.hpp"
#include "ipc/shared/value.hpp"
#include "ipc/soak/tally.hpp"
#include "ipc/sync/barrier.hpp"
#include "ipc/sync/bounded_semaphore.hpp"
#include "ipc/sync/condition.hpp"
#include "ipc/sync/event.hpp"
#include "ipc/sync/lock.hpp"
#include "ipc/sync/rlock.hpp"

namespace ipc::soak {

/// Says what a use came to that is not what it had to.
inline void require(bool right, std::string_view what) {
  if (!right) throw Violation(std::string(what) + " gave something else than it was given");
}

inline os::Deadline soon() {
  return os::Deadline::after(std::chrono::seconds(20));
}

/// Each throws what the object throws. What needs no other process makes none.
template <Starter S>
void use_once() {
  const auto status = S::start(3).reap();
  require(S::kHasStatus ? status == os::ExitStatus::from_code(3) : status.is_unknown(), S::kName);
}

template <Pipe P>
void use_once() {
  auto ends = P::make({});
  const std::vector<std::byte> message(100, std::byte{7});
  std::vector<std::byte> got(message.size());
  if constexpr (send_waits_for_reader<typename P::End>) {
    auto sender = os::Child::fork([&] {
      ends.first.send(message);
      return 0;
    });
    require(ends.second.recv(got) == message.size(), P::kName);
    require(sender.wait() == os::ExitStatus::from_code(0), P::kName);
  } else {
    ends.first.send(message);
    require(ends.second.recv(got) == message.size(), P::kName);
  }
  require(got == message, P::kName);
}

template <ByteQueue Q>
void use_once() {
  Q queue{{.capacity_messages = 2, .max_message_bytes = 100}};
  const std::vector<std::byte> message(100, std::byte{7});
  std::vector<std::byte> got(queue.max_message_bytes());
  queue.put(message);
  require(queue.get(got) == message.size() && got.front() == message.front(), Q::kName);
}

template <SharedBackend B>
void use_once() {
  Array<int, B> numbers(100);
  numbers[99] = 7;
  require(numbers[99] == 7 && numbers[0] == 0, B::kName);
}

template <CountingSemaphore S>
void use_once() {
  S semaphore(1);
  semaphore.acquire();
  require(!semaphore.try_acquire(), S::kName);
  semaphore.release();
  require(semaphore.try_acquire(), S::kName);
}

template <Notifier N>
void use_once() {
  N notifier;
  notifier.attach();
  notifier.notify();
  require(notifier.wait_until(soon()), N::kName);
}

template <TaskPool P>
void use_once() {
  P pool({.workers = 1});
  pool.submit([](std::span<const std::byte>, Bytes& result) { result.push_back(std::byte{7}); },
              {});
  const auto result = pool.collect(soon());
  require(result && result->outcome == TaskResult::Outcome::value &&
              result->bytes == Bytes{std::byte{7}},
          P::kName);
}

/// The typed objects that are no table's, each with the name and the call that the tables' have.
struct UseLock {
  static constexpr std::string_view kName = "Lock";
  static void use_once() {
    Lock lock;
    lock.acquire();
    require(!lock.try_acquire(), kName);
    lock.release();
  }
};
struct UseRLock {
  static constexpr std::string_view kName = "RLock";
  static void use_once() {
    RLock lock;
    lock.acquire();
    require(lock.try_acquire(), kName);
    lock.release();
    lock.release();
  }
};
struct UseEvent {
  static constexpr std::string_view kName = "Event";
  static void use_once() {
    Event event;
    require(!event.wait_for(std::chrono::seconds(0)), kName);
    event.set();
    event.wait();
  }
};
struct UseCondition {
  static constexpr std::string_view kName = "Condition";
  static void use_once() {
    Lock lock;
    Condition condition{lock};
    lock.acquire();
    require(condition.notify_all() == 0, kName);
    require(!condition.wait_for(std::chrono::milliseconds(1)), kName);
    lock.release();
  }
};
struct UseBarrier {
  static constexpr std::string_view kName = "Barrier";
  static void use_once() {
    Barrier barrier{1};
    require(barrier.wait() == 0, kName);
  }
};
struct UseBoundedSemaphore {
  static constexpr std::string_view kName = "BoundedSemaphore";
  static void use_once() {
    BoundedSemaphore semaphore{1};
    semaphore.acquire();
    require(!semaphore.try_acquire(), kName);
    semaphore.release();
  }
};
struct UseProcess {
  static constexpr std::string_view kName = "Process";
  static void use_once() {
    Process process([] { ipc::exit(3); });
    process.start();
    require(process.join_until(soon()) && process.exitcode() == 3, kName);
  }
};
struct UseQueue {
  static constexpr std::string_view kName = "Queue";
  static void use_once() {
    Queue<std::string> queue{2};
    queue.put("text");
    require(queue.get() == "text", kName);
  }
};
struct UseConnection {
  static constexpr std::string_view kName = "Connection";
  static void use_once() {
    auto [a, b] = make_pipe();
    a.send("text");
    require(b.recv<std::string>() == "text", kName);
  }
};
struct UseValue {
  static constexpr std::string_view kName = "Value";
  static void use_once() {
    Value<int> value{5};
    require((value += 2) == 7, kName);
  }
};
struct UseSemaphore {
  static constexpr std::string_view kName = "Semaphore";
  static void use_once() {
    Semaphore<> semaphore{1};
    semaphore.acquire();
    require(!semaphore.try_acquire(), kName);
  }
};
struct UsePool {
  static constexpr std::string_view kName = "Pool";
  static void use_once() {
    Pool<> pool{1};
    require(pool.apply([](int x) { return x + 1; }, 6) == 7, kName);
    pool.close();
    pool.join();
  }
};

template <class Use>
requires requires {
  Use::use_once();
}
void use_once() {
  Use::use_once();
}

using TypedObjects =
    os::TypeList<UseProcess, UsePool, UseConnection, UseQueue, UseValue, UseSemaphore, UseLock,
                 UseRLock, UseEvent, UseCondition, UseBarrier, UseBoundedSemaphore>;

/// Calls visit(std::type_identity<B>{}, noun) for each backend of each table, and each typed
/// object.
template <class Visit>
void for_each_object(Visit visit) {
  const auto all_of = [&](auto list, const char* noun) {
    decltype(list)::for_each([&](auto type) { visit(type, noun); });
  };
  all_of(Starters{}, "process");
  all_of(Pipes{}, "pipe");
  all_of(Queues{}, "queue");
  all_of(SharedMemories{}, "shared");
  all_of(Semaphores{}, "semaphore");
  all_of(Notifiers{}, "notify");
  all_of(Pools{}, "pool");
  all_of(TypedObjects{}, "typed");
}

}  // namespace ipc::soak
