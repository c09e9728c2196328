// Repetitions: windows, what is seen in them, the anchor, and what is said of disturbances.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>

#include "bench/harness/case.hpp"
#include "bench/harness/sampling.hpp"
#include "bench/harness/surroundings.hpp"
#include "bench/harness/topology_probe.hpp"
#include "ipc/os/child.hpp"
#include "ipc/os/test_support.hpp"

namespace bench {
namespace {

namespace os = ipc::os;
using namespace std::chrono_literals;

void work_for(std::chrono::nanoseconds time) {
  for (const auto end = os::now_ns() + time.count(); os::now_ns() < end;) continue;
}

class Repetitions : public ipc::test::LeavesNothing {
 protected:
  void SetUp() override {
    os::become_subreaper();
    LeavesNothing::SetUp();
  }

  static Window three_of(std::chrono::milliseconds timed, std::chrono::nanoseconds anchor = 0ns) {
    Window window;
    window.warmup = 2ms;
    window.timed = timed;
    window.repetitions = 3;
    window.anchor = anchor;
    return window;
  }
};

TEST_F(Repetitions, AreTimedWithTheirQuantilesAndAllInTheHistogram) {
  const os::SharedObject<Samples> samples;
  const PeersReport report = run_peers({{"sampler",
                                         {},
                                         [&](Peer& peer) {
                                           peer.start();
                                           sample(peer, *samples, [] { ::usleep(100); });
                                         }}},
                                       three_of(5ms));
  ASSERT_EQ(report.repetitions.size(), 3u);
  std::int64_t timed = 0, last_end = 0;
  for (const Repetition& one : report.repetitions) {
    timed += one.operations;
    EXPECT_GT(one.started_at_ns, last_end) << "they follow each other";
    last_end = one.started_at_ns + one.elapsed_ns;
    EXPECT_GE(one.elapsed_ns, 5'000'000);
    EXPECT_GE(one.ns.min, 100'000);
    EXPECT_LE(one.ns.min, one.ns.p10);
    EXPECT_LE(one.ns.p10, one.ns.p50);
    EXPECT_LE(one.ns.p50, one.ns.p90);
    EXPECT_LE(one.ns.p99_9, one.ns.max);
    EXPECT_GE(one.usage.voluntary_switches, one.operations) << "each operation sleeps";
  }
  EXPECT_EQ(samples->histogram.total(), static_cast<std::uint64_t>(timed));
  EXPECT_TRUE(report.anchors.empty());
}

TEST_F(Repetitions, HaveALookAtTheAnchorBeforeEachAndAfterTheLast) {
  const PeersReport report = run_peers({{"counter",
                                         {},
                                         [&](Peer& peer) {
                                           peer.start();
                                           bench::count(peer, [] { work_for(1us); });
                                         }}},
                                       three_of(2ms, 200us));
  ASSERT_EQ(report.anchors.size(), 4u);
  for (const Anchor& look : report.anchors) {
    EXPECT_GT(look.min_ns, 0);
    EXPECT_GE(look.median_ns, look.min_ns);
  }
}

TEST_F(Repetitions, AreTheSameWindowForAllWhoCountTogether) {
  const auto body = [](Peer& peer) {
    peer.start();
    bench::count<Counting::together>(peer, [] { work_for(20us); });
  };
  const PeersReport report = run_peers({{"a", {}, body}, {"b", {}, body}}, three_of(10ms));
  ASSERT_EQ(report.counted.size(), 2u);
  std::int64_t sum = 0;
  for (std::size_t peer = 0; peer < 2; ++peer)
    for (const std::int64_t operations : report.counted[peer]) {
      EXPECT_LE(operations, 500) << "20 us each in 10 ms";
      sum += operations;
    }
  EXPECT_GT(sum, 0);
  EXPECT_GE(report.operations, sum) << "warm-up and what ended too late come on top";
}

TEST_F(Repetitions, DoNotCountTogetherWhatEndsTooLate) {
  const auto body = [](Peer& peer) {
    peer.start();
    bench::count<Counting::together>(peer, [] { work_for(20ms); });
  };
  const PeersReport report = run_peers({{"slow", {}, body}}, three_of(2ms));
  EXPECT_EQ(report.total_counted(0), 0);
  EXPECT_GT(report.operations, 0);
}

TEST_F(Repetitions, CountAtLeastOneOperationAlone) {
  const auto body = [](Peer& peer) {
    peer.start();
    bench::count(peer, [] { work_for(20ms); });
  };
  const PeersReport report = run_peers({{"slow", {}, body}}, three_of(2ms));
  EXPECT_EQ(report.counted[0], (std::vector<std::int64_t>{1, 1, 1}));
  EXPECT_GE(report.repetitions[0].elapsed_ns, 20'000'000);
}

TEST_F(Repetitions, SeeWhatTheOtherPeersUse) {
  const auto counter = [](Peer& peer) {
    peer.start();
    bench::count(peer, [] { ::usleep(1000); });
    peer.stop();
  };
  const auto burner = [](Peer& peer) {
    peer.start();
    while (!peer.stopped()) work_for(10us);
  };
  const PeersReport report =
      run_peers({{"counter", {}, counter}, {"burner", {}, burner}}, three_of(30ms));
  for (const Repetition& one : report.repetitions) {
    EXPECT_GT(one.usage.cpu_ns + one.usage.run_delay_ns, one.elapsed_ns / 2) << "of the burner";
    EXPECT_GT(one.usage.voluntary_switches, 0) << "of the counter";
  }
}

/// The median of a case's operation that works for 100 us, and its injected delay.
double median_with_injected(double percent) {
  const os::SharedObject<Samples> samples;
  Window window;
  window.warmup = 5ms;
  window.timed = 60ms;
  window.injected_percent = percent;
  const PeersReport report = run_peers({{"sampler",
                                         {},
                                         [&](Peer& peer) {
                                           peer.start();
                                           sample(peer, *samples, [&] {
                                             turn_anchor(100'000);
                                             peer.injected_delay();
                                           });
                                         }}},
                                       window);
  return report.repetitions.at(0).ns.p10;
}

TEST_F(Repetitions, AreMadeLongerByWhatIsInjected) {
  const double plain = median_with_injected(0);
  EXPECT_GT(median_with_injected(100), 1.5 * plain);
}

TEST_F(Repetitions, OutliveAStopOfEverything) {
  // The coordinator and its peers are stopped together, for longer than the grace.
  const os::SharedObject<std::atomic<bool>> begun(false);
  const os::SharedObject<std::atomic<int>> windows(0);
  os::Child coordinator = os::Child::fork([&] {
    ::setpgid(0, 0);
    Window window = three_of(50ms);
    window.grace = 100ms;
    const PeersReport report = run_peers({{"counter",
                                           {},
                                           [&](Peer& peer) {
                                             peer.start();
                                             *begun = true;
                                             bench::count(peer, [] { work_for(10us); });
                                           }}},
                                         window);
    *windows = static_cast<int>(report.repetitions.size());
    return 0;
  });
  while (!*begun) ::usleep(100);
  ASSERT_EQ(::kill(-coordinator.pid(), SIGSTOP), 0);
  ::usleep(800'000);
  ::kill(-coordinator.pid(), SIGCONT);
  EXPECT_EQ(coordinator.wait(), os::ExitStatus::from_code(0));
  EXPECT_EQ(*windows, 3);
}

TEST_F(Repetitions, ProbeTheDistanceOfTwoCpus) {
  if (machine().size() < 2) GTEST_SKIP() << "one CPU";
  EXPECT_GT(line_round_trip_ns(machine()[0].id, machine()[1].id), 5);
}

TEST(Anchor, GetsLongerWithItsTurns) {
  const auto time_of = [](std::int64_t turns) {
    std::int64_t least = INT64_MAX;
    for (int i = 0; i < 20; ++i) {
      const std::int64_t from = os::now_ns();
      turn_anchor(turns);
      least = std::min(least, os::now_ns() - from);
    }
    return least;
  };
  EXPECT_GT(time_of(100'000), 5 * time_of(10'000));
  EXPECT_GT(take_anchor(1us).min_ns, 0) << "even without time";
}

constexpr std::string_view kStat =
    "cpu  100 0 0 0 0 0 0 0 0 0\n"
    "cpu0 10 2 3 1000 50 4 5 6 0 0\n"
    "cpu1 20 0 0 1000 0 0 0 0 0 0\n"
    "cpu10 7 0 0 0 0 0 0 1 0 0\n"
    "intr 12 34\n";

TEST(CpuTime, IsWhatRanOnTheCpusAsked) {
  const double tick = 1e9 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  const std::vector<int> first{0}, second{1};
  EXPECT_DOUBLE_EQ(cpu_time(kStat, first).busy_ns, 24 * tick) << "without idle and iowait";
  EXPECT_DOUBLE_EQ(cpu_time(kStat, first).stolen_ns, 6 * tick);
  EXPECT_DOUBLE_EQ(cpu_time(kStat, second).busy_ns, 20 * tick);
  EXPECT_DOUBLE_EQ(cpu_time(kStat, {}).busy_ns, 51 * tick) << "all of them";
  EXPECT_DOUBLE_EQ(cpu_time("nonsense", {}).busy_ns, 0);
}

Case a_case(std::vector<int> cpus, Placement placement) {
  Case one;
  one.id.placement = placement;
  one.cpus = std::move(cpus);
  return one;
}

Outcome outcome_of(std::vector<std::int64_t> elapsed_ms) {
  Outcome outcome;
  for (const std::int64_t ms : elapsed_ms) {
    Repetition one;
    one.elapsed_ns = ms * 1'000'000;
    outcome.repetitions.push_back(one);
  }
  return outcome;
}

TEST(Disturbance, SaysThatARunStoodStill) {
  const Case one = a_case({0}, Placement::same_core);
  Outcome outcome = outcome_of({50, 10'050, 50});
  Surroundings(one).judge(outcome);
  ASSERT_EQ(outcome.not_comparable.size(), 1u);
  EXPECT_EQ(outcome.not_comparable[0], "stood still for 10.0 s");
  EXPECT_EQ(outcome.counters["comparable"], 0);
}

TEST(Disturbance, SaysThatPeersWithACpuEachHadToWaitForIt) {
  if (machine().size() < 2) GTEST_SKIP() << "one CPU";
  os::become_subreaper();  // for the probe
  const Case one = a_case({machine()[0].id, machine()[1].id}, Placement::cross_core);
  Outcome outcome = outcome_of({50});
  outcome.repetitions[0].usage.run_delay_ns = 20'000'000;
  const auto texts_with = [&](std::size_t peers) {
    Outcome same = outcome;
    same.peers = peers;
    Surroundings(one).judge(same);
    std::string all;
    for (const auto& text : same.labels) all += text;
    return all;
  };
  EXPECT_NE(texts_with(2).find("disturbed: others had"), std::string::npos);
  EXPECT_EQ(texts_with(8).find("disturbed"), std::string::npos) << "they wait for each other";
  EXPECT_EQ(texts_with(1).find("disturbed"), std::string::npos) << "or for their own children";
}

TEST(Disturbance, LabelsWhatIsUnpinned) {
  const Case one = a_case({}, Placement::unpinned);
  Outcome outcome = outcome_of({50});
  Surroundings(one).judge(outcome);
  ASSERT_FALSE(outcome.labels.empty());
  EXPECT_EQ(outcome.labels[0], "unpinned");
}

TEST(Disturbance, NamesTheModesOfTheSamples) {
  Outcome outcome = outcome_of({50});
  outcome.histogram.emplace();
  for (int i = 0; i < 700; ++i)
    outcome.histogram->record(static_cast<std::uint64_t>(5000 + i % 50));
  for (int i = 0; i < 300; ++i)
    outcome.histogram->record(static_cast<std::uint64_t>(20'000 + i % 90));
  const Case one = a_case({0}, Placement::same_core);
  Surroundings(one).judge(outcome);
  EXPECT_EQ(outcome.counters["modes"], 2);
  ASSERT_EQ(outcome.labels.size(), 1u);
  EXPECT_TRUE(outcome.labels[0].starts_with("2 modes: 50")) << outcome.labels[0];
  EXPECT_NE(outcome.labels[0].find("(70 %)"), std::string::npos) << outcome.labels[0];
  EXPECT_NE(outcome.labels[0].find("(30 %)"), std::string::npos) << outcome.labels[0];
}

}  // namespace
}  // namespace bench
