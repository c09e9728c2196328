// Contests of the shared-memory queue with Boost's, many producers and consumers.
#include <array>
#include <atomic>

#include "bench/harness/payload.hpp"
#include "bench/measure.hpp"
#include "bench/rivals/contests.hpp"
#include "bench/rivals/our_links.hpp"
#include "ipc/backends.hpp"

namespace bench::rivals {
namespace {

namespace os = ipc::os;

constexpr std::size_t kDepth = 1024;

/// Which producer, and its how many-eth.
struct Parcel {
  std::uint64_t number;
  std::uint64_t producer;
};
using ParcelBytes = std::array<std::byte, sizeof(Parcel)>;

/// Boost's queue, with the two calls that a queue of ours has.
class BoostParcels {
 public:
  BoostParcels() {
    const std::string name = os::unique_name();
    queue_.emplace(boost::interprocess::create_only, name.c_str(), kDepth, sizeof(Parcel));
    boost::interprocess::message_queue::remove(name.c_str());
  }
  void put(const ParcelBytes& parcel) { queue_->send(parcel.data(), parcel.size(), 0); }
  void get(ParcelBytes& parcel) {
    std::size_t size = 0;
    unsigned priority = 0;
    queue_->receive(parcel.data(), parcel.size(), size, priority);
  }

 private:
  std::optional<boost::interprocess::message_queue> queue_;
};

template <ipc::ByteQueue Q>
class OurParcels {
 public:
  void put(const ParcelBytes& parcel) { queue_.put(parcel); }
  void get(ParcelBytes& parcel) { whole(parcel, queue_.get(parcel)); }

 private:
  Q queue_{{kDepth, sizeof(Parcel)}};
};

/// What the peers of one side share besides the queue.
struct Tally {
  std::atomic<std::size_t> producing{0};  ///< producers that are not yet done
  std::atomic<std::size_t> counting{0};   ///< consumers whose window has not ended
  std::atomic<std::uint64_t> sent{0}, received{0};
};

template <class Queue>
void put(Queue& queue, Parcel parcel) {
  queue.put(std::bit_cast<ParcelBytes>(parcel));
}

/// Puts until every consumer's window has ended. The last producer to end puts the last messages,
/// one a consumer, behind everybody's others.
template <class Queue>
void produce(Peer& peer, Queue& queue, Tally& tally, std::uint64_t producer,
             std::size_t consumers) {
  Parcel parcel{0, producer};
  peer.start();
  for (; tally.counting.load(std::memory_order_relaxed) > 0; ++parcel.number) put(queue, parcel);
  tally.sent += parcel.number;
  if (--tally.producing > 0) return;
  for (std::size_t i = 0; i < consumers; ++i) put(queue, {kLastMessage, producer});
}

template <class Queue>
void consume(Peer& peer, Queue& queue, Tally& tally) {
  std::array<std::uint64_t, kMaxPeers> next{};
  std::uint64_t received = 0;
  ParcelBytes bytes{};
  const auto take = [&] {
    queue.get(bytes);
    const auto parcel = std::bit_cast<Parcel>(bytes);
    if (parcel.number == kLastMessage) return false;
    std::uint64_t& expected = next.at(parcel.producer);
    if (parcel.number < expected) throw std::runtime_error("messages out of order");
    expected = parcel.number + 1;
    ++received;
    return true;
  };
  peer.start();
  count<Counting::together>(peer, take);
  --tally.counting;
  while (take()) continue;
  tally.received += received;
}

/// A message, as all consumers together get them.
template <class Queue>
double parcel_ns(std::size_t producers, std::size_t consumers, const Window& window,
                 Placement placement) {
  Queue queue;
  const os::SharedObject<Tally> tally;
  tally->producing = producers;
  tally->counting = consumers;
  const auto cpus = cpus_of(placement, producers + consumers);
  std::vector<PeerPlan> plans;
  for (std::size_t i = 0; i < consumers; ++i)
    plans.push_back({fmt::format("consumer {}", i + 1), cpus[producers + i],
                     [&](Peer& peer) { consume(peer, queue, *tally); }});
  for (std::size_t i = 0; i < producers; ++i)
    plans.push_back({fmt::format("producer {}", i + 1), cpus[i],
                     [&, i](Peer& peer) { produce(peer, queue, *tally, i, consumers); }});
  PeersReport report = run_peers(plans, window);
  if (tally->sent != tally->received)
    throw CaseFailed(
        fmt::format("{} sent, {} received", tally->sent.load(), tally->received.load()));
  return shared_out(std::move(report), consumers, window).operation_ns;
}

using Measure = std::function<double(const Window&, Placement)>;

template <class Queue>
Measure parcels(std::size_t producers, std::size_t consumers) {
  return [=](const Window& window, Placement placement) {
    return parcel_ns<Queue>(producers, consumers, window, placement);
  };
}

}  // namespace

std::vector<Contest> queue_contests() {
  struct Crowd {
    std::size_t producers, consumers;
    double goal;
  };
  std::vector<Contest> contests;
  for (const auto& [producers, consumers, goal] :
       {Crowd{1, 1, 2}, Crowd{2, 2, 1.5}, Crowd{4, 4, 2.5}, Crowd{1, 2, 1.5}, Crowd{4, 1, 4}}) {
    const auto ours = ring_side<ipc::Queues>("queue", Waiting::adaptive,
                                             [=]<class Q>(std::type_identity<Q>) -> Measure {
                                               return parcels<OurParcels<Q>>(producers, consumers);
                                             });
    contests.push_back({fmt::format("queue {}x{} {} B", producers, consumers, sizeof(Parcel)),
                        Placement::cross_core,
                        {ours, Side{"boost message_queue",
                                    Waiting::blocking,
                                    {},
                                    parcels<BoostParcels>(producers, consumers)}},
                        {at_least(goal, "shm_ring", "boost message_queue")}});
  }
  return contests;
}

}  // namespace bench::rivals
