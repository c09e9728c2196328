// Contests of Lock with the mutexes that processes can share.
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <pthread.h>

#include "bench/measure.hpp"
#include "bench/rivals/contests.hpp"
#include "ipc/os/error.hpp"
#include "ipc/sync/lock.hpp"

namespace bench::rivals {
namespace {

namespace os = ipc::os;

/// pthread_mutex_lock(3), shared between processes, and robust where asked.
template <int kRobustness>
class BareMutex {
 public:
  BareMutex() {
    pthread_mutexattr_t attributes;
    ::pthread_mutexattr_init(&attributes);
    ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    ::pthread_mutexattr_setrobust(&attributes, kRobustness);
    const int error = ::pthread_mutex_init(&*mutex_, &attributes);
    ::pthread_mutexattr_destroy(&attributes);
    if (error) os::throw_error(error, "pthread_mutex_init");
  }
  void lock() {
    if (::pthread_mutex_lock(&*mutex_) != 0) throw std::runtime_error("pthread_mutex_lock");
  }
  void unlock() { ::pthread_mutex_unlock(&*mutex_); }

 private:
  os::SharedObject<pthread_mutex_t> mutex_;
};
using BareStalled = BareMutex<PTHREAD_MUTEX_STALLED>;
using BareRobust = BareMutex<PTHREAD_MUTEX_ROBUST>;

class BoostMutex {
 public:
  void lock() { mutex_->lock(); }
  void unlock() { mutex_->unlock(); }

 private:
  os::SharedObject<boost::interprocess::interprocess_mutex> mutex_;
};

/// Taken and given by one process alone.
template <class L>
double pair_ns(const Window& window, Placement placement) {
  L lock;
  const os::SharedObject<std::int64_t> counter(0);
  return alone(window, placement, "holder",
               [&](Peer& peer, Samples& samples) {
                 peer.start();
                 sample(peer, samples, [&lock, &inside = *counter] {
                   lock.lock();
                   inside = inside + 1;
                   lock.unlock();
                 });
               })
      .operation_ns;
}

constexpr int kProcesses = 2;

/// Two processes take it as often as they can, and stay outside as long as inside; the time that
/// one turn of either takes.
template <class L, int kRelaxes>
double contended_ns(const Window& window, Placement placement) {
  L lock;
  const os::SharedObject<std::int64_t> counter(0);
  const auto work = [] {
    for (int i = 0; i < kRelaxes; ++i) os::relax();
  };
  const auto contender = [&](Peer& peer) {
    peer.start();
    count<Counting::together>(peer, [&, &inside = *counter] {
      lock.lock();
      inside = inside + 1;
      work();
      lock.unlock();
      work();
    });
  };
  const auto prove = [&](std::int64_t turns) {
    if (*counter != turns) throw CaseFailed(fmt::format("{} turns, {} counted", turns, *counter));
  };
  return contend(window, placement, kProcesses, contender, prove).operation_ns;
}

template <int kRelaxes>
Contest contended(const char* name, Placement placement) {
  return {name,
          placement,
          {{"Lock", Waiting::adaptive, {}, &contended_ns<ipc::Lock, kRelaxes>},
           {"pthread", Waiting::blocking, {}, &contended_ns<BareStalled, kRelaxes>},
           {"pthread robust", Waiting::blocking, {}, &contended_ns<BareRobust, kRelaxes>},
           {"boost", Waiting::blocking, {}, &contended_ns<BoostMutex, kRelaxes>}},
          {shown("Lock", "pthread"), shown("Lock", "pthread robust"), shown("Lock", "boost")}};
}

}  // namespace

std::vector<Contest> lock_contests() {
  std::vector<Contest> contests;
  contests.push_back(
      {"lock pair, uncontended",
       Placement::same_core,
       {{"Lock", Waiting::none, {}, &pair_ns<ipc::Lock>},
        {"pthread", Waiting::none, {}, &pair_ns<BareStalled>},
        {"pthread robust", Waiting::none, {}, &pair_ns<BareRobust>},
        {"boost", Waiting::none, {}, &pair_ns<BoostMutex>}},
       {shown("Lock", "pthread"), shown("Lock", "pthread robust"), shown("Lock", "boost")}});
  for (const Placement placement : {Placement::cross_core, Placement::same_core}) {
    contests.push_back(contended<0>("lock, two at once, no work", placement));
    contests.push_back(contended<20>("lock, two at once, some work", placement));
  }
  return contests;
}

}  // namespace bench::rivals
