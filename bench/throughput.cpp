// Throughput: messages and bytes a second that one peer receives from another, one way.
#include <atomic>
#include <cstring>
#include <mutex>

#include "bench/binaries.hpp"
#include "bench/measure.hpp"
#include "bench/streams.hpp"
#include "ipc/backends.hpp"
#include "ipc/shared/array.hpp"

namespace bench {
namespace {

namespace os = ipc::os;

constexpr int kQuickSize = 4096;
constexpr std::size_t kQueueDepth = 8;
constexpr std::size_t kPoolWorkers = 2;
constexpr std::size_t kTasksUnderWay = 64;

template <ipc::Pipe P>
Outcome pipe_throughput(std::size_t size, const Window& window, Placement placement) {
  auto ends = P::make({});
  const auto producer = [&](Peer& peer) {
    ends.second.close();
    produce(peer, size, [&](std::span<const std::byte> message) { ends.first.send(message); });
  };
  const auto consumer = [&](Peer& peer) {
    ends.first.close();
    std::vector<std::byte> buffer(size);
    peer.start();
    consume(peer, [&]() -> std::span<const std::byte> {
      if (ends.second.recv(buffer) != size) throw std::runtime_error("message of another size");
      return buffer;
    });
  };
  Outcome outcome = one_way(window, placement, producer, consumer);
  set_bytes(outcome, size);
  outcome.counters["capacity_bytes"] = static_cast<double>(ends.first.capacity_bytes());
  return outcome;
}

template <ipc::ByteQueue Q>
Outcome queue_throughput(std::size_t size, const Window& window, Placement placement) {
  Q queue({kQueueDepth, size});
  const auto producer = [&](Peer& peer) {
    produce(peer, size, [&](std::span<const std::byte> message) { queue.put(message); });
  };
  const auto consumer = [&](Peer& peer) {
    std::vector<std::byte> buffer(queue.max_message_bytes());
    peer.start();
    consume(peer, [&]() -> std::span<const std::byte> {
      const std::size_t got = queue.get(buffer);
      if (got != size) throw std::runtime_error("message of another size");
      return std::span(buffer).first(got);
    });
  };
  Outcome outcome = one_way(window, placement, producer, consumer);
  set_bytes(outcome, size);
  outcome.counters["capacity_messages"] = static_cast<double>(queue.capacity_messages());
  return outcome;
}

/// What every processor changes in one step; single bytes some do not.
using Word = std::uint32_t;

/// Copies the whole array under its guard; without one the turns alone keep the peers apart.
template <class B>
void copy(const ipc::Array<Word, B>& block, std::span<const std::byte> from,
          std::span<std::byte> to) {
  if constexpr (ipc::Guard<typename B::Guard>) {
    const std::lock_guard inside(block.get_lock());
    std::memcpy(to.data(), from.data(), to.size());
  } else {
    std::memcpy(to.data(), from.data(), to.size());
  }
}

/// Blocks through an array in shared memory: copied in by the producer, out by the consumer, turn
/// by turn over two words that they spin on.
template <class B>
Outcome array_throughput(std::size_t size, const Window& window, Placement placement) {
  const ipc::Array<Word, B> block(static_cast<std::ptrdiff_t>(size / sizeof(Word)));
  struct Turns {
    alignas(64) std::atomic<std::uint64_t> written{0};
    alignas(64) std::atomic<std::uint64_t> read{0};
  };
  const os::SharedObject<Turns> turns;
  const auto producer = [&](Peer& peer) {
    std::uint64_t turn = 0;
    produce(peer, size, [&](std::span<const std::byte> message) {
      for (Spin spin; turns->read.load(std::memory_order_acquire) != turn;) spin.pause();
      copy(block, message, std::as_writable_bytes(block.get_obj()));
      turns->written.store(++turn, std::memory_order_release);
    });
  };
  const auto consumer = [&](Peer& peer) {
    std::vector<std::byte> buffer(size);
    std::uint64_t turn = 0;
    peer.start();
    consume(peer, [&]() -> std::span<const std::byte> {
      ++turn;
      for (Spin spin; turns->written.load(std::memory_order_acquire) != turn;) spin.pause();
      copy<B>(block, std::as_bytes(block.get_obj()), buffer);
      turns->read.store(turn, std::memory_order_release);
      return buffer;
    });
  };
  Outcome outcome = one_way(window, placement, producer, consumer);
  set_bytes(outcome, size);
  outcome.counters["capacity_bytes"] = static_cast<double>(size);
  return outcome;
}

/// Tasks a second with two workers, some always under way.
template <ipc::TaskPool P>
Outcome pool_throughput(const Window& window, Placement placement) {
  const auto submitter = [&](Peer& peer) {
    P pool({.workers = kPoolWorkers});
    PoolTask task(placement, kPoolWorkers);
    std::uint64_t numbers_out = 0;  // sum of those submitted less those that came back
    const auto submit = [&] {
      numbers_out += ++task.number;
      pool.submit(&PoolTask::work, task.bytes());
    };
    const auto collect = [&] {
      numbers_out -= PoolAnswer(pool.collect(os::Deadline::never()).value()).number;
    };
    peer.start();
    for (std::size_t i = 0; i < kTasksUnderWay; ++i) submit();
    count(peer, [&] {
      collect();
      submit();
    });
    for (std::size_t i = 0; i < kTasksUnderWay; ++i) collect();
    if (numbers_out != 0) throw std::runtime_error("results do not match the tasks");
    pool.finish();
  };
  const PeersReport report =
      run_peers({{"submitter", cpus_of(placement, 1)[0], submitter}}, window);
  Outcome outcome;
  outcome.set_report(report);
  outcome.operations = report.total_counted(0);
  outcome.counters["messages_per_second"] = 1e9 / outcome.operation_ns;
  outcome.counters["workers"] = kPoolWorkers;
  return outcome;
}

void add(Matrix& matrix, Matrix::Row row) {
  matrix.add(row, kPlacements, kQuickPlacements);
}

/// A noun whose messages have sizes; run gets the backend and the size.
template <class Backends, class Reason, class Run>
void add_sized(Matrix& matrix, const char* noun, Reason reason, Run run) {
  Backends::for_each([&]<class B>(std::type_identity<B> backend) {
    for (const int size : kStreamSizes)
      add(matrix, {noun,
                   std::string(B::kName),
                   {parameter("size", size)},
                   size == kQuickSize,
                   {},
                   reason(backend, static_cast<std::size_t>(size)),
                   [run, backend, size](const Window& window, Placement placement) {
                     return run(backend, static_cast<std::size_t>(size), window, placement);
                   },
                   Bound::copy});
  });
}

constexpr auto kUnavailable = []<class B>(std::type_identity<B>, std::size_t) {
  return B::unavailable();
};

}  // namespace

std::vector<Case> throughput_cases() {
  Matrix matrix("throughput");
  add_sized<ipc::Pipes>(
      matrix, "pipe", kUnavailable,
      []<class P>(std::type_identity<P>, auto... at) { return pipe_throughput<P>(at...); });
  add_sized<ipc::Queues>(
      matrix, "queue",
      []<class Q>(std::type_identity<Q>, std::size_t size) {
        return queue_reason<Q>({kQueueDepth, size});
      },
      []<class Q>(std::type_identity<Q>, auto... at) { return queue_throughput<Q>(at...); });
  add_sized<ipc::SharedMemories>(
      matrix, "shared", kUnavailable,
      []<class B>(std::type_identity<B>, auto... at) { return array_throughput<B>(at...); });
  ipc::Pools::for_each([&]<class P>(std::type_identity<P>) {
    add(matrix,
        {"pool", std::string(P::kName), {}, true, {}, P::unavailable(), &pool_throughput<P>});
  });
  return matrix.cases();
}

}  // namespace bench
