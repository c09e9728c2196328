// The open loop: the schedule's arithmetic under a clock of its own, and what a stall does to it.
#include "bench/harness/schedule.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>

#include "ipc/os/child.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/test_support.hpp"

namespace bench {
namespace {

using namespace std::chrono_literals;
namespace os = ipc::os;

/// Moves only when it is told to, or when somebody waits.
struct FakeClock {
  std::int64_t& time;
  [[nodiscard]] std::int64_t now() const { return time; }
  std::int64_t wait_until(std::int64_t due_ns) const { return time = due_ns; }
};

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNever = std::int64_t{1} << 60;
constexpr std::int64_t kRate = 10'000;

/// Keeps a schedule of kRate for 1000 operations, under a clock that starts when the first is due;
/// operation i takes `takes(i)` ns.
template <class Takes>
std::unique_ptr<OpenLoop> kept(Takes takes, std::int64_t give_up_ns = kNever) {
  auto loop = std::make_unique<OpenLoop>();
  std::int64_t time = 0, i = 0;
  const auto operation = [&] { time += takes(i++); };
  loop->add(keep_schedule(FakeClock{time}, ArrivalSchedule(0, kRate), kSecond / 10, give_up_ns,
                          *loop, operation),
            kRate);
  loop->response.close_repetition();
  return loop;
}

TEST(ArrivalSchedule, IsDueAtEqualDistancesWithoutDrift) {
  const ArrivalSchedule schedule(5, 3);
  EXPECT_EQ(schedule.due_ns(0), 5);
  EXPECT_EQ(schedule.due_ns(1), 5 + 333'333'333);
  EXPECT_EQ(schedule.due_ns(2), 5 + 666'666'666);
  EXPECT_EQ(schedule.due_ns(3'000'000), 5 + 1'000'000 * kSecond);
}

TEST(ArrivalSchedule, CountsWhatIsDueBeforeAMoment) {
  const ArrivalSchedule schedule(0, 1000);
  EXPECT_EQ(schedule.due_before(1'000'000), 1);
  EXPECT_EQ(schedule.due_before(1'000'001), 2);
  EXPECT_EQ(schedule.due_before(kSecond), 1000);
  EXPECT_EQ(schedule.due_before(-7), 1) << "at least one";
  EXPECT_EQ(ArrivalSchedule(0, 1'000'000).due_before(3600 * kSecond), 3'600'000'000);
}

TEST(OpenLoop, HasNoGapWhileEveryOperationEndsBeforeTheNextIsDue) {
  const auto loop = kept([](auto) { return 7000; });
  EXPECT_EQ(loop->begun, 1000);
  EXPECT_EQ(loop->response.histogram.buckets(), loop->service.buckets());
  EXPECT_EQ(loop->response.histogram.max(), 7000u);
  EXPECT_EQ(loop->omission_gap(), 1);
  EXPECT_EQ(loop->achieved_per_second(), kRate);
  EXPECT_FALSE(loop->is_saturated(kRate));
}

// A pause of 20 ms at 10 000 a second, of operations that take 10 us, makes the k-th after it take
// 20 ms - k * 90 us: 222 of them are late, and with the pause itself the slowest hundredth of 1000
// are the nine after it.
TEST(OpenLoop, ShowsAStallInAllThatWereDueMeanwhile) {
  const auto loop = kept([](auto i) { return i == 100 ? 20'000'000 : 10'000; });
  const Histogram& response = loop->response.histogram;
  EXPECT_EQ(loop->service.percentile(99), 10'000u + 7) << "one in a thousand: service hides it";
  EXPECT_EQ(loop->service.max(), 20'000'000u);
  EXPECT_EQ(response.max(), 20'000'000u);
  constexpr std::int64_t kTenthAfter = 20'000'000 - 10 * 90'000;
  const auto p99 = static_cast<double>(response.percentile(99));
  EXPECT_NEAR(p99, kTenthAfter, kTenthAfter * 0.001);
  EXPECT_NEAR(loop->omission_gap(), p99 / 10'007, 1e-9);
  std::uint64_t late = 0;
  for (const auto& [value, count] : response.buckets())
    if (value > 10'100) late += count;
  EXPECT_EQ(late, 223u);
  EXPECT_FALSE(loop->is_saturated(kRate)) << "it caught up";
}

// Those that were due in it and not begun when it was given up waited 200 to 100 ms by then.
TEST(OpenLoop, ShowsAStallThatLastsBeyondTheEnd) {
  const auto loop = kept([](auto i) { return i == 0 ? 2 * kSecond / 10 : 1; }, 150'000'000);
  EXPECT_EQ(loop->begun, 1);
  EXPECT_EQ(loop->service.total(), 1u);
  EXPECT_EQ(loop->response.histogram.total(), 1000u);
  EXPECT_NEAR(static_cast<double>(loop->response.histogram.percentile(50)), 150e6, 0.2e6);
  EXPECT_NEAR(static_cast<double>(loop->response.histogram.min()), 100.1e6, 0.1e6);
}

TEST(OpenLoop, IsSaturatedWhereOperationsTakeLongerThanTheirDistance) {
  const auto loop = kept([](auto) { return 200'000; }, 100'000'000);
  EXPECT_EQ(loop->begun, 500);
  EXPECT_EQ(loop->achieved_per_second(), kRate / 2);
  EXPECT_TRUE(loop->is_saturated(kRate));
  EXPECT_EQ(loop->response.histogram.max(), 500u * 200'000 - 499 * 100'000)
      << "it grows to the end";
  EXPECT_EQ(loop->service.max(), 200'000u);
}

TEST(OpenLoop, IsSaturatedByABacklogThatGrowsTooSlowlyForTheRateToTell) {
  const auto loop = kept([](auto) { return 101'000; });
  EXPECT_GT(loop->achieved_per_second(), 0.98 * kRate);
  EXPECT_TRUE(loop->is_saturated(kRate));
}

TEST(OpenLoop, IsSaturatedByABacklogOfMostSchedules) {
  OpenLoop loop;
  const Kept late{10, 10, 0, 1'000'000}, early{10, 10, 1, 1'000'000};
  loop.add(late, kRate);
  loop.add(early, kRate);
  EXPECT_FALSE(loop.is_saturated(kRate));
  loop.add(late, kRate);
  EXPECT_TRUE(loop.is_saturated(kRate));
}

TEST(OpenLoop, IsNotSaturatedByOneOperationInTime) {
  OpenLoop loop;
  std::int64_t time = 0;
  const auto operation = [&] { time += 100; };
  loop.add(keep_schedule(FakeClock{time}, ArrivalSchedule(500, 1000), 0, kNever, loop, operation),
           1000);
  EXPECT_FALSE(loop.is_saturated(1000));
  EXPECT_EQ(loop.response.of_repetition.max(), 100u);
}

TEST(OpenLoop, DoesOneOperationHoweverLateItIs) {
  EXPECT_EQ(kept([](auto) { return 5; }, -1)->begun, 1);
}

TEST(ScheduleClock, NeverComesBackEarly) {
  const ScheduleClock clock;
  for (const std::int64_t wait : {-1000, 0, 3000, 50'000, 150'000, 2'000'000}) {
    const std::int64_t due = clock.now() + wait;
    const std::int64_t back = clock.wait_until(due);
    EXPECT_GE(back, due);
    EXPECT_LE(back, clock.now());
  }
}

class OpenLoopPeers : public ipc::test::LeavesNothing {
 protected:
  void SetUp() override {
    os::become_subreaper();
    LeavesNothing::SetUp();
  }

  /// One peer alone does operation(i), i counting from its start gate, at a rate.
  template <class Operation>
  static PeersReport run(OpenLoop& loop, int rate, Operation operation) {
    const auto body = [&](Peer& peer) {
      std::int64_t i = 0;
      peer.start();
      sample_at_rate(peer, rate, loop, [&] { operation(i++); });
    };
    return run_peers({{"initiator", {}, body}}, {10ms, 100ms, 1s, 2});
  }
};

TEST_F(OpenLoopPeers, SeeAPauseThatTheServiceTimeHides) {
  const os::SharedObject<OpenLoop> loop;
  const PeersReport report = run(*loop, kRate, [](auto i) {
    if (i == 500) ::usleep(20'000);
  });
  EXPECT_EQ(loop->schedules, 2);
  EXPECT_LE(loop->begun, 2000);
  EXPECT_GT(report.operations, loop->begun) << "the warm-up counts as work";
  EXPECT_GE(loop->service.max(), 20'000'000u);
  // What was due in the first 2 ms of the pause is one in a hundred.
  EXPECT_GE(loop->response.histogram.percentile(99), 17'900'000u);
  EXPECT_GT(loop->omission_gap(), 1);
}

TEST_F(OpenLoopPeers, EndThoughTheRateCannotBeHad) {
  const os::SharedObject<OpenLoop> loop;
  const PeersReport report = run(*loop, kRate, [](auto) { ::usleep(1000); });
  EXPECT_GT(loop->begun, 0);
  EXPECT_LT(loop->begun, 400);
  EXPECT_TRUE(loop->is_saturated(kRate));
  for (const Repetition& one : report.repetitions) EXPECT_GT(one.ns.p50, 1'000'000);
}

}  // namespace
}  // namespace bench
