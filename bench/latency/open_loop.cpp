#include "bench/latency/open_loop.hpp"

#include <array>

#include "bench/latency/message_trips.hpp"
#include "bench/measure.hpp"
#include "ipc/backends.hpp"
#include "ipc/os/shared_mapping.hpp"

namespace bench {
namespace {

namespace os = ipc::os;

constexpr std::size_t kSize = 64;
/// Messages a second, the same for all backends, so that these and kernels compare at one rate.
constexpr std::array kRates{1000,   2000,    5000,    10'000,  20'000,
                            50'000, 100'000, 200'000, 500'000, 1'000'000};
/// One that sleeping peers on two CPUs can still have, and one that they can not.
constexpr std::array kQuickRates{5000, 50'000};
/// Those of the quick preset: of each kind of mechanism the one that programs use most.
using QuickPipes = os::TypeList<ipc::AnonymousPipe, ipc::SocketpairStream, ipc::SocketpairSeqpacket,
                                ipc::UnixStream, ipc::TcpLoopback, ipc::ShmRing, ipc::ShmRingBlock>;

bool is_quick_rate(int rate) {
  return std::ranges::find(kQuickRates, rate) != kQuickRates.end();
}

template <class B>
bool is_quick_backend() {
  bool found = false;
  QuickPipes::for_each([&]<class P>(std::type_identity<P>) { found |= std::is_same_v<P, B>; });
  return found;
}

/// Times round trips at a rate.
struct AtRate {
  const Window& window;
  Placement placement;
  int rate;

  Outcome operator()(const auto& initiator, const std::function<void(Peer&)>& echo) const {
    const os::SharedObject<OpenLoop> loop;
    const auto timed = [&](Peer& peer) {
      initiator(peer, [&](auto operation) { sample_at_rate(peer, rate, *loop, operation); });
    };
    const auto cpus = cpus_of(placement, 2);
    const PeersReport report =
        run_peers({{"initiator", cpus[0], timed}, {"echo", cpus[1], echo}}, window);
    Outcome outcome;
    set_open_loop(outcome, *loop, rate);
    outcome.set_report(report);
    return outcome;
  }
};

template <class Run>
void add(Matrix& matrix, const char* noun, std::string_view backend, bool quick,
         const os::Unavailable& reason, Run run) {
  for (const int rate : kRates)
    matrix.add({noun,
                std::string(backend),
                {parameter("size", kSize), parameter("rate", rate)},
                quick && is_quick_rate(rate),
                {},
                reason,
                [run, rate](const Window& window, Placement placement) {
                  return run(AtRate{window, placement, rate});
                }},
               kPlacements, kQuickPlacements);
}

}  // namespace

void set_open_loop(Outcome& outcome, const OpenLoop& loop, std::int64_t per_second) {
  outcome.set_samples(loop.response);
  outcome.operations = loop.begun;
  outcome.series["service"] = loop.service;
  const auto service = [&](double percent) {
    return static_cast<double>(loop.service.percentile(percent));
  };
  outcome.counters["service_ns_p50"] = service(50);
  outcome.counters["service_ns_p90"] = service(90);
  outcome.counters["service_ns_p99"] = service(99);
  outcome.counters["service_ns_p99_9"] = service(99.9);
  outcome.counters["service_ns_max"] = static_cast<double>(loop.service.max());
  outcome.counters["omission_gap"] = loop.omission_gap();
  outcome.counters["offered_per_second"] = static_cast<double>(per_second);
  outcome.counters["achieved_per_second"] = loop.achieved_per_second();
  outcome.counters["saturated"] = loop.is_saturated(per_second) ? 1 : 0;
}

std::vector<Case> open_loop_cases() {
  Matrix matrix("open_loop");
  ipc::Pipes::for_each([&]<class P>(std::type_identity<P>) {
    add(matrix, "pipe", P::kName, is_quick_backend<P>(), P::unavailable(),
        [](const AtRate& at) { return pipe_trips<P>(kSize, at); });
  });
  ipc::Queues::for_each([&]<class Q>(std::type_identity<Q>) {
    add(matrix, "queue", Q::kName, false, queue_reason<Q>({kQueueDepth, kSize}),
        [](const AtRate& at) { return queue_trips<Q>(kSize, at); });
  });
  return matrix.cases();
}

}  // namespace bench
