// Contests of the futex semaphore with sem_t and Boost's.
#include <boost/interprocess/sync/interprocess_semaphore.hpp>
#include <semaphore.h>

#include <atomic>

#include "bench/measure.hpp"
#include "bench/rivals/contests.hpp"
#include "ipc/semaphore/futex.hpp"
#include "ipc/semaphore/semaphore.hpp"

namespace bench::rivals {
namespace {

namespace os = ipc::os;

using Ours = ipc::Semaphore<ipc::FutexSemaphore>;

/// sem_overview(7).
class BareSem {
 public:
  explicit BareSem(unsigned count) { os::check(::sem_init(&*semaphore_, 1, count), "sem_init"); }
  void acquire() { ::sem_wait(&*semaphore_); }
  void release() { ::sem_post(&*semaphore_); }

 private:
  os::SharedObject<sem_t> semaphore_;
};

class BoostSem {
 public:
  explicit BoostSem(unsigned count) : semaphore_(count) {}
  void acquire() { semaphore_->wait(); }
  void release() { semaphore_->post(); }

 private:
  os::SharedObject<boost::interprocess::interprocess_semaphore> semaphore_;
};

/// The floor: a unit is taken and given by an indivisible step each, whatever the semaphore.
class TwoSteps {
 public:
  explicit TwoSteps(unsigned count) : count_(count) {}
  void acquire() { count_->fetch_sub(1, std::memory_order_acquire); }
  void release() { count_->fetch_add(1, std::memory_order_release); }

 private:
  os::SharedObject<std::atomic<std::uint64_t>> count_;
};

/// Taken and given by one process alone; the counter inside is what a lock is for.
template <class S>
double pair_ns(const Window& window, Placement placement) {
  S semaphore(1);
  const os::SharedObject<std::int64_t> counter(0);
  return alone(window, placement, "holder",
               [&](Peer& peer, Samples& samples) {
                 peer.start();
                 sample(peer, samples, [&semaphore, &inside = *counter] {
                   semaphore.acquire();
                   inside = inside + 1;
                   semaphore.release();
                 });
               })
      .operation_ns;
}

/// A turn handed to the other peer and back.
template <class S>
double hand_off_ns(const Window& window, Placement placement) {
  S there(0), back(0);
  const os::SharedObject<std::pair<std::int64_t, std::int64_t>> turns;
  const auto initiator = [&](Peer& peer, Samples& samples) {
    std::int64_t given = 0;
    peer.start();
    sample(peer, samples, [&] {
      there.release();
      back.acquire();
      ++given;
    });
    turns->first = given;
    peer.stop();
    there.release();
  };
  const auto echo = [&](Peer& peer) {
    std::int64_t answered = 0;
    peer.start();
    for (there.acquire(); !peer.stopped(); there.acquire()) {
      ++answered;
      back.release();
    }
    turns->second = answered;
  };
  const double ns = round_trips(window, placement, initiator, echo).operation_ns;
  if (turns->first != turns->second)
    throw CaseFailed(fmt::format("{} turns given, {} answered", turns->first, turns->second));
  return ns;
}

}  // namespace

std::vector<Contest> semaphore_contests() {
  std::vector<Contest> contests;
  contests.push_back({"semaphore pair, uncontended",
                      Placement::same_core,
                      {{"futex", Waiting::none, {}, &pair_ns<Ours>},
                       {"sem_t", Waiting::none, {}, &pair_ns<BareSem>},
                       {"boost", Waiting::none, {}, &pair_ns<BoostSem>},
                       {"two atomic steps", Waiting::none, {}, &pair_ns<TwoSteps>}},
                      {at_most(0.8, "futex", "sem_t"), at_most(0.8, "futex", "boost"),
                       at_most(1.05, "futex", "two atomic steps")}});
  const std::vector<Side> sides{{"futex", Waiting::adaptive, {}, &hand_off_ns<Ours>},
                                {"sem_t", Waiting::blocking, {}, &hand_off_ns<BareSem>},
                                {"boost", Waiting::blocking, {}, &hand_off_ns<BoostSem>}};
  contests.push_back({"semaphore hand-off",
                      Placement::cross_core,
                      sides,
                      {at_least(50, "futex", "sem_t"), at_least(50, "futex", "boost")}});
  contests.push_back({"semaphore hand-off",
                      Placement::same_core,
                      sides,
                      {at_most(1.05, "futex", "sem_t"), at_most(1.05, "futex", "boost")}});
  return contests;
}

}  // namespace bench::rivals
