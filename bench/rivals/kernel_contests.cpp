// Contests of the backends over the kernel's mechanisms with the bare calls.
#include <array>
#include <type_traits>

#include "bench/rivals/contests.hpp"
#include "bench/rivals/framed_end.hpp"
#include "bench/rivals/links.hpp"
#include "bench/rivals/our_links.hpp"
#include "ipc/pipe/anonymous_pipe.hpp"
#include "ipc/pipe/socketpair_seqpacket.hpp"
#include "ipc/pipe/socketpair_stream.hpp"
#include "ipc/queue/posix_queue.hpp"
#include "ipc/queue/sysv_queue.hpp"

namespace bench::rivals {
namespace {

constexpr std::array<std::size_t, 5> kSizes{8, 64, 1024, 4096, 65536};
/// Without privilege no queue of the kernel's carries more.
constexpr std::size_t kMostQueued = 4096;
constexpr double kMostLatency = 1.02, kLeastThroughput = 0.98;

/// Where waking a peer on another CPU hides what else there is, one size will do.
constexpr std::size_t kAcrossCores = 64;

template <class Measure>
Side side(const std::string& name, std::size_t size, Measure measure) {
  return {name, Waiting::blocking, {}, [=](const Window& window, Placement where) {
            return measure(size, window, where);
          }};
}

/// `Framed` is the bare call with a header before each message, where ours has one: what of ours is
/// due to that.
template <Link Ours, Link Bare, class Framed>
void add(std::vector<Contest>& contests, const std::string& backend, const std::string& call,
         std::size_t size, Placement placement) {
  contests.push_back(
      {fmt::format("{} round trip {} B", backend, size),
       placement,
       {side(backend, size, &round_trip_ns<Ours>), side(call, size, &round_trip_ns<Bare>)},
       {at_most(kMostLatency, backend, call)}});
  contests.push_back({fmt::format("{} one way {} B", backend, size),
                      placement,
                      {side(backend, size, &one_way_ns<Ours>), side(call, size, &one_way_ns<Bare>)},
                      {at_least(kLeastThroughput, backend, call)}});
  if constexpr (!std::is_void_v<Framed>) {
    const std::string framed = call + ", framed";
    Contest& round_trip = contests.end()[-2];
    Contest& one_way = contests.back();
    round_trip.sides.push_back(side(framed, size, &round_trip_ns<Framed>));
    round_trip.figures.push_back(at_most(kMostLatency, backend, framed));
    one_way.sides.push_back(side(framed, size, &one_way_ns<Framed>));
    one_way.figures.push_back(at_least(kLeastThroughput, backend, framed));
  }
}

template <Link Ours, Link Bare, class Framed = void>
void add(std::vector<Contest>& contests, const std::string& backend, const std::string& call,
         std::size_t most) {
  for (const std::size_t size : kSizes)
    if (size <= most) add<Ours, Bare, Framed>(contests, backend, call, size, Placement::same_core);
  add<Ours, Bare, Framed>(contests, backend, call, kAcrossCores, Placement::cross_core);
}

}  // namespace

std::vector<Contest> kernel_contests() {
  std::vector<Contest> contests;
  add<PipeLink<ipc::AnonymousPipe>, BarePipe<>, BarePipe<FramedEnd>>(contests, "pipe", "pipe(2)",
                                                                     kSizes.back());
  add<PipeLink<ipc::SocketpairStream>, BareSocketpair<SOCK_STREAM>,
      BareSocketpair<SOCK_STREAM, FramedEnd>>(contests, "socketpair_stream", "socketpair(2)",
                                              kSizes.back());
  add<PipeLink<ipc::SocketpairSeqpacket>, BareSocketpair<SOCK_SEQPACKET>>(
      contests, "socketpair_seqpacket", "socketpair(2)", kSizes.back());
  add<QueueLink<ipc::PosixQueue>, BareMq>(contests, "posix_mq", "mq_send(3)", kMostQueued);
  add<QueueLink<ipc::SysvQueue>, BareSysv>(contests, "sysv_msg", "msgsnd(2)", kMostQueued);
  return contests;
}

}  // namespace bench::rivals
