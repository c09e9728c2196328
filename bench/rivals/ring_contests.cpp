// Contests of the shared-memory ring with the floor, with Boost, and with its own spinning.
#include <limits>

#include "bench/rivals/contests.hpp"
#include "bench/rivals/links.hpp"
#include "bench/rivals/our_links.hpp"
#include "ipc/backends.hpp"

namespace bench::rivals {
namespace {

using Measure = std::function<double(const Window&, Placement)>;

Side ring_round_trip(Waiting waiting, std::size_t size) {
  return ring_side<ipc::Pipes>("pipe", waiting, [size]<class P>(std::type_identity<P>) -> Measure {
    return [size](const Window& window, Placement placement) {
      return round_trip_ns<PipeLink<P>>(size, window, placement);
    };
  });
}

Side ring_one_way(Waiting waiting, std::size_t size) {
  return ring_side<ipc::Pipes>("pipe", waiting, [size]<class P>(std::type_identity<P>) -> Measure {
    return [size](const Window& window, Placement placement) {
      return one_way_ns<PipeLink<P>>(size, window, placement);
    };
  });
}

constexpr const char* name_of(LineWait wait) {
  constexpr const char* kNames[] = {"cache line", "futex(2)", "futex(2), in naps"};
  return kNames[static_cast<int>(wait)];
}

template <LineWait kWait>
Side line(std::size_t size) {
  return {name_of(kWait),
          kWait == LineWait::looks ? Waiting::spinning : Waiting::blocking,
          {},
          [size](const Window& window, Placement placement) {
            return round_trip_ns<BareLine<kWait>>(size, window, placement);
          }};
}

Side boost(std::size_t size) {
  return {"boost message_queue",
          Waiting::blocking,
          {},
          [size](const Window& window, Placement placement) {
            return one_way_ns<BareBoostQueue>(size, window, placement);
          }};
}

void add_round_trips(std::vector<Contest>& contests) {
  for (const auto& [size, goal] : {std::pair{8, 1.15}, {56, 1.2}, {1024, 1.35}}) {
    const auto bytes = static_cast<std::size_t>(size);
    contests.push_back({fmt::format("ring round trip {} B", size),
                        Placement::cross_core,
                        {ring_round_trip(Waiting::spinning, bytes), line<LineWait::looks>(bytes)},
                        {at_most(goal, "shm_ring", "cache line")}});
  }
  constexpr std::size_t kBytes = 8;
  for (const auto placement : {Placement::cross_core, Placement::same_core})
    contests.push_back({fmt::format("ring round trip {} B", kBytes),
                        placement,
                        {ring_round_trip(Waiting::blocking, kBytes), line<LineWait::sleeps>(kBytes),
                         line<LineWait::naps>(kBytes)},
                        {at_most(1.05, "shm_ring", name_of(LineWait::sleeps)),
                         at_most(1.05, "shm_ring", name_of(LineWait::naps))}});
  contests.push_back({fmt::format("ring round trip {} B", kBytes),
                      Placement::same_core,
                      {ring_round_trip(Waiting::adaptive, kBytes), line<LineWait::sleeps>(kBytes)},
                      {at_most(1.2, "shm_ring", "futex(2)")}});
}

void add_one_ways(std::vector<Contest>& contests) {
  for (const auto& [size, goal] : {std::pair{8, 10.0}, {64, 5.0}, {1024, 3.0}, {65536, 3.0}}) {
    const auto bytes = static_cast<std::size_t>(size);
    contests.push_back({fmt::format("ring one way {} B", size),
                        Placement::cross_core,
                        {ring_one_way(Waiting::adaptive, bytes), boost(bytes)},
                        {at_least(goal, "shm_ring", "boost message_queue")}});
  }
  for (const auto& [size, goal] : {std::pair{8, 0.7}, {56, 0.8}, {1024, 0.95}}) {
    const auto bytes = static_cast<std::size_t>(size);
    Side spinning = ring_one_way(Waiting::spinning, bytes);
    spinning.name = "its own spinning";
    contests.push_back({fmt::format("ring one way {} B", size),
                        Placement::cross_core,
                        {ring_one_way(Waiting::adaptive, bytes), spinning},
                        {at_least(goal, "shm_ring", "its own spinning")}});
  }
}

}  // namespace

double line_round_trip_ns(Placement placement) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  if (placement != Placement::cross_core || !spread(placement, machine())) return kUnknown;
  constexpr std::chrono::milliseconds kWarmup(1), kTimed(3);
  try {
    return round_trip_ns<BareLine<LineWait::looks>>(
        sizeof(std::uint64_t), {kWarmup, kTimed, std::chrono::seconds(5)}, placement);
  } catch (const CaseFailed&) {
    return kUnknown;
  }
}

std::vector<Contest> ring_contests() {
  std::vector<Contest> contests;
  add_round_trips(contests);
  add_one_ways(contests);
  return contests;
}

}  // namespace bench::rivals
