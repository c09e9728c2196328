// The harness on its own: distributions, placements, payloads, peers that die, hang or throw.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <vector>

#include "bench/harness/case.hpp"
#include "bench/harness/histogram.hpp"
#include "bench/harness/payload.hpp"
#include "bench/harness/peers.hpp"
#include "bench/harness/placement.hpp"
#include "bench/harness/sampling.hpp"
#include "bench/measure.hpp"
#include "ipc/os/child.hpp"
#include "ipc/os/test_support.hpp"

namespace bench {
namespace {

using namespace std::chrono_literals;
namespace os = ipc::os;

// The expected values are HdrHistogram's own for 3 significant digits: exact up to 2047, then the
// highest value of a bucket that is 2, 4, 8... wide.
TEST(Histogram, IsExactBelowTwoThousandAndWithinATenthOfAPercentAbove) {
  Histogram histogram;
  histogram.record(2047);
  EXPECT_EQ(histogram.percentile(100), 2047u);
  for (std::uint64_t value = 1; value < Histogram::kHighest / 3; value = value * 3 + 1) {
    Histogram one;
    one.record(value);
    one.record(Histogram::kHighest);
    const auto low = static_cast<double>(one.percentile(50));
    EXPECT_GE(low, static_cast<double>(value));
    EXPECT_LE(low, static_cast<double>(value) * 1.001) << value;
  }
}

TEST(Histogram, GivesHighestEquivalentValues) {
  Histogram histogram;
  for (const std::uint64_t value : {2048, 2049, 2050, 10'000, 1'000'000}) histogram.record(value);
  const std::vector<std::pair<std::uint64_t, std::uint64_t>> expected{
      {2049, 2}, {2051, 1}, {10'007, 1}, {1'000'447, 1}};
  EXPECT_EQ(histogram.buckets(), expected);
}

TEST(Histogram, RanksPercentilesLikeASortedList) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 1000; ++value) histogram.record(value);
  EXPECT_EQ(histogram.percentile(0), 1u);
  EXPECT_EQ(histogram.percentile(50), 500u);
  EXPECT_EQ(histogram.percentile(99), 990u);
  EXPECT_EQ(histogram.percentile(99.9), 999u);
  EXPECT_EQ(histogram.percentile(100), 1000u);
  EXPECT_EQ(histogram.min(), 1u);
  EXPECT_EQ(histogram.max(), 1000u);
  EXPECT_DOUBLE_EQ(histogram.mean(), 500.5);
}

TEST(Histogram, IsEmptyUntilRecorded) {
  const Histogram histogram;
  EXPECT_EQ(histogram.total(), 0u);
  EXPECT_EQ(histogram.percentile(50), 0u);
  EXPECT_EQ(histogram.mean(), 0);
  EXPECT_TRUE(histogram.buckets().empty());
}

TEST(Histogram, CountsTooLargeValuesAsTheLargest) {
  Histogram histogram;
  histogram.record(~std::uint64_t{0});
  EXPECT_EQ(histogram.max(), Histogram::kHighest);
  EXPECT_EQ(histogram.buckets().at(0).first, Histogram::kHighest);
}

TEST(Histogram, AddsAnother) {
  Histogram one, other;
  one.record(5);
  other.record(7);
  other.record(3000);
  one.add(other);
  EXPECT_EQ(one.total(), 3u);
  EXPECT_EQ(one.min(), 5u);
  EXPECT_EQ(one.max(), 3000u);
}

/// Two packages of two cores of two threads, numbered the way Linux does: siblings far apart.
std::vector<os::Cpu> two_sockets() {
  std::vector<os::Cpu> cpus;
  for (int id = 0; id < 8; ++id) cpus.push_back({id, id % 2, id / 2 % 2});
  return cpus;
}

TEST(Placement, FollowsTheTopology) {
  const auto cpus = two_sockets();
  EXPECT_EQ(spread(Placement::unpinned, cpus), std::vector<int>{});
  EXPECT_EQ(spread(Placement::same_core, cpus), std::vector<int>{0});
  EXPECT_EQ(spread(Placement::smt_sibling, cpus), (std::vector<int>{0, 4}));
  EXPECT_EQ(spread(Placement::cross_core, cpus), (std::vector<int>{0, 1}));
  EXPECT_EQ(spread(Placement::cross_socket, cpus), (std::vector<int>{0, 2}));
}

TEST(Placement, SaysWhatTheMachineLacks) {
  const std::vector<os::Cpu> one{{3, 0, 0}};
  EXPECT_EQ(spread(Placement::same_core, one), std::vector<int>{3});
  for (const auto placement :
       {Placement::smt_sibling, Placement::cross_core, Placement::cross_socket}) {
    EXPECT_FALSE(spread(placement, one));
    EXPECT_NE(why_not(placement), "");
  }
}

TEST(Placement, PrefersNoPackageWithOneUsableCoreForCrossCore) {
  const std::vector<os::Cpu> cpus{{0, 0, 0}, {1, 0, 1}, {2, 1, 1}};
  EXPECT_EQ(spread(Placement::cross_core, cpus), (std::vector<int>{1, 2}));
}

TEST(Payload, ProvesItself) {
  std::vector<std::byte> message(100);
  fill(message);
  stamp(message, 42);
  EXPECT_NO_THROW(expect(message, 42));
  EXPECT_NO_THROW(expect_pattern(message));
  EXPECT_THROW(expect(message, 43), std::runtime_error);
  message[50] ^= std::byte{1};
  EXPECT_THROW(expect_pattern(message), std::runtime_error);
  message[99] ^= std::byte{1};
  EXPECT_THROW(static_cast<void>(number_of(message)), std::runtime_error);
}

TEST(Payload, FitsIntoEightBytes) {
  std::vector<std::byte> message(kMinMessageBytes);
  stamp(message, 7);
  EXPECT_EQ(number_of(message), 7u);
}

TEST(CaseId, SpellsTheNameInOnePlace) {
  const CaseId id{"latency", "pipe", "socketpair_stream", {{"size", "64"}}, Placement::cross_core};
  EXPECT_EQ(id.to_string(), "latency/pipe/socketpair_stream/size:64/placement:cross_core");
}

TEST(Matrix, GivesAReasonForEveryCaseThatCannotRun) {
  Matrix matrix("latency");
  matrix.add({"pipe", "x", {}, true, 0ms, "no such call", {}}, kPlacements, kQuickPlacements);
  ASSERT_EQ(matrix.cases().size(), kPlacements.size());
  for (const Case& one : matrix.cases()) EXPECT_EQ(one.reason, "no such call");
}

class Peers : public ipc::test::LeavesNothing {
 protected:
  void SetUp() override {
    os::become_subreaper();
    LeavesNothing::SetUp();
  }

  static std::string failure_of(const std::vector<PeerPlan>& plans, Window window = kWindow) {
    try {
      run_peers(plans, window);
    } catch (const CaseFailed& failed) {
      return failed.what();
    }
    return "no failure";
  }
  static constexpr Window kWindow{5ms, 5ms, 300ms};
};

TEST_F(Peers, StartTogetherAndReportTheirUse) {
  const os::SharedObject<std::atomic<int>> ready(0), seen(0);
  const auto body = [&](Peer& peer) {
    ++*ready;
    peer.start();
    *seen += *ready;
    peer.count_operations(10);
    for (const auto end = os::now_ns() + 5'000'000; os::now_ns() < end;) continue;
  };
  const PeersReport report = run_peers({{"a", {}, body}, {"b", {}, body}}, kWindow);
  EXPECT_EQ(*seen, 4) << "each must see that both were ready";
  EXPECT_EQ(report.operations, 20);
  EXPECT_GT(report.usage.cpu_ns, 0);
}

/// With an event that every machine has; children that a peer made ready before the gate are its
/// own too.
TEST_F(Peers, AndTheirChildrenAreCountedFromTheGateOn) {
  constexpr std::array<PerfEvent, 1> kFaults{
      {{"page_faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS}}};
  constexpr std::size_t kPages = 200;
  const PerfPlan plan = plan_perf(kFaults);
  if (plan.counters.empty()) GTEST_SKIP() << plan.missing;
  const auto body = [&](Peer& peer) {
    touched_memory(kPages * 4096);
    const os::SharedObject<os::FutexWord> gate(0);
    os::Child child = os::Child::fork([&] {
      while (gate->load() == 0) os::futex_wait(*gate, 0);
      return touched_memory(kPages * 4096).empty() ? 1 : 0;
    });
    peer.start();
    gate->store(1);
    os::futex_wake(*gate, 1);
    if (child.wait() != os::ExitStatus::from_code(0)) throw std::runtime_error("child failed");
    peer.count_operations(1);
  };
  Window window = kWindow;
  window.counted = &plan;
  const PeersReport report = run_peers({{"a", {}, body}, {"b", {}, body}}, window);
  ASSERT_EQ(report.events.size(), 1u);
  EXPECT_EQ(report.events[0].first, plan.counters[0].name());
  EXPECT_GE(report.events[0].second, 2 * kPages);
  EXPECT_LT(report.events[0].second, 4 * kPages) << "what was touched before the gate is in it";
  Outcome outcome;
  EXPECT_THROW(outcome.set_report(report), CaseFailed) << "nothing was timed";
  EXPECT_EQ(outcome.counters.at(plan.counters[0].name() + "_per_operation"),
            report.events[0].second / 2);
}

TEST_F(Peers, AreNotCountedWhileTheyAreTimed) {
  constexpr std::array<PerfEvent, 1> kSwitches{
      {{"context_switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES}}};
  const PerfPlan plan = plan_perf(kSwitches);
  if (plan.counters.empty()) GTEST_SKIP() << plan.missing;
  const std::string name = per_operation(plan.counters[0].name());
  std::vector<bool> counted;
  Case one;
  one.run = [&](const Window& window) {
    counted.push_back(window.counted != nullptr);
    EXPECT_EQ(window.repetitions, counted.back() ? 1 : 3);
    Outcome outcome;
    outcome.set_report(run_peers({{"napper",
                                   {},
                                   [](Peer& peer) {
                                     const auto samples = std::make_unique<Samples>();
                                     peer.start();
                                     sample(peer, *samples, [] { ::usleep(50); });
                                   }}},
                                 window));
    return outcome;
  };
  Window window = kWindow;
  window.repetitions = 3;
  Outcome outcome = one.run(window);
  EXPECT_FALSE(outcome.counters.contains(name));
  count_events(one, window, {}, outcome);
  EXPECT_EQ(counted.size(), 1u) << "nothing is to be counted";
  const double typical = outcome.counters.at("typical_ns");
  count_events(one, window, plan, outcome);
  EXPECT_EQ(counted, (std::vector{false, true}));
  EXPECT_GE(outcome.counters.at(name), 0.9) << "every nap is a switch";
  EXPECT_EQ(outcome.counters.at("typical_ns"), typical);
}

TEST_F(Peers, AreBoundToTheirCpus) {
  const int last = machine().back().id;
  const os::SharedObject<int> where(-1);
  run_peers({{"bound",
              {last},
              [&](Peer& peer) {
                peer.start();
                *where = ::sched_getcpu();
              }}},
            kWindow);
  EXPECT_EQ(*where, last);
}

TEST_F(Peers, KilledIsNamedWithItsSignalAndTheOtherIsEnded) {
  const auto waits = [](Peer& peer) {
    peer.start();
    for (;;) ::pause();
  };
  const auto dies = [](Peer& peer) {
    peer.start();
    ::raise(SIGKILL);
  };
  const std::string failure = failure_of({{"echo", {}, waits}, {"initiator", {}, dies}});
  EXPECT_TRUE(failure.starts_with("peer initiator (pid ")) << failure;
  EXPECT_NE(failure.find("killed by signal 9"), std::string::npos) << failure;
}

TEST_F(Peers, KilledIsBlamedBeforeTheOneThatNoticed) {
  const auto notices = [](Peer& peer) {
    peer.start();
    throw std::runtime_error("broken pipe");
  };
  const auto dies = [](Peer& peer) {
    peer.start();
    ::usleep(10'000);
    ::raise(SIGKILL);
  };
  const std::string failure = failure_of({{"a", {}, notices}, {"b", {}, dies}});
  EXPECT_TRUE(failure.starts_with("peer b ")) << failure;
}

TEST_F(Peers, ThatThrowGiveTheirText) {
  const auto throws = [](Peer&) { throw std::runtime_error("payload wrong"); };
  EXPECT_NE(failure_of({{"echo", {}, throws}}).find(": payload wrong"), std::string::npos);
}

TEST_F(Peers, ThatLeaveEarlyGiveTheirExitCode) {
  const auto leaves = [](Peer&) { ::_exit(3); };
  EXPECT_NE(failure_of({{"echo", {}, leaves}}).find("exit code 3"), std::string::npos);
}

TEST_F(Peers, ThatHangAreNamedWithTheirState) {
  const auto stops = [](Peer& peer) {
    peer.start();
    ::raise(SIGSTOP);
  };
  const std::string failure = failure_of({{"echo", {}, stops}});
  EXPECT_NE(failure.find("did not finish in time: peer echo"), std::string::npos) << failure;
  EXPECT_NE(failure.find("stopped"), std::string::npos) << failure;
}

TEST_F(Peers, LeaveNoDescendants) {
  const auto forks = [](Peer& peer) {
    peer.start();
    if (::fork() == 0)
      for (;;) ::pause();
    ::raise(SIGKILL);
  };
  EXPECT_NE(failure_of({{"parent", {}, forks}}), "no failure");
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST_F(Peers, SampleShortOperationsManyAtATime) {
  const os::SharedObject<Samples> samples;
  const os::SharedObject<std::int64_t> done(0);
  const PeersReport report = run_peers({{"sampler",
                                         {},
                                         [&](Peer& peer) {
                                           peer.start();
                                           sample(peer, *samples, [&] { *done = *done + 1; });
                                         }}},
                                       kWindow);
  EXPECT_GT(samples->operations_per_sample, 10);
  EXPECT_GT(samples->histogram.total(), 0u);
  EXPECT_EQ(report.operations, *done);
}

TEST_F(Peers, SampleEachPreparedOperationOnceAndByItself) {
  const os::SharedObject<Samples> samples;
  const os::SharedObject<std::int64_t> prepared(0), done(0);
  const PeersReport report = run_peers({{"sampler",
                                         {},
                                         [&](Peer& peer) {
                                           const auto prepare = [&] {
                                             *prepared += 3;
                                             return std::int64_t{3};
                                           };
                                           peer.start();
                                           sample_prepared(peer, *samples, prepare, [&](auto i) {
                                             if (i != (*done)++ % 3)
                                               throw std::runtime_error("not in order");
                                             ::usleep(100);
                                           });
                                         }}},
                                       kWindow);
  EXPECT_EQ(*prepared, *done);
  EXPECT_EQ(report.operations, *done);
  EXPECT_EQ(samples->operations_per_sample, 1);
  EXPECT_GE(samples->histogram.min(), 100'000u);
  EXPECT_LE(samples->histogram.total(), static_cast<std::uint64_t>(*done)) << "warm-up is left out";
}

TEST_F(Peers, SampleWhatOperationsTellOfThemselves) {
  const os::SharedObject<Samples> samples;
  const os::SharedObject<std::uint64_t> done(0), recorded(0);
  const PeersReport report =
      run_peers({{"sampler",
                  {},
                  [&](Peer& peer) {
                    peer.start();
                    const auto operation = [&]() -> std::int64_t {
                      ::usleep(100);
                      return static_cast<std::int64_t>(++*done);
                    };
                    sample_told(peer, *samples, operation, [&] { ++*recorded; });
                  }}},
                kWindow);
  EXPECT_EQ(report.operations, static_cast<std::int64_t>(*done));
  EXPECT_EQ(samples->histogram.total(), *recorded);
  EXPECT_LT(*recorded, *done) << "warm-up is left out";
  EXPECT_EQ(samples->histogram.max(), *done);
  EXPECT_EQ(samples->operations_per_sample, 1);
}

TEST_F(Peers, SampleLongOperationsOneByOne) {
  const os::SharedObject<Samples> samples;
  run_peers({{"sampler",
              {},
              [&](Peer& peer) {
                peer.start();
                sample(peer, *samples, [] { ::usleep(100); });
              }}},
            kWindow);
  EXPECT_EQ(samples->operations_per_sample, 1);
  EXPECT_GE(samples->histogram.min(), 100'000u);
}

}  // namespace
}  // namespace bench
