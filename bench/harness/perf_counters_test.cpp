// Counters of the kernel's own events, which every machine has, and what is said where the
// processor's are missing.
#include "bench/harness/perf_counters.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <thread>

#include "ipc/os/child.hpp"
#include "ipc/os/clock.hpp"
#include "ipc/os/test_support.hpp"

namespace bench {
namespace {

namespace os = ipc::os;

constexpr std::array<PerfEvent, 3> kSoftwareEvents{{
    {"page_faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
    {"task_clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK},
    {"context_switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES},
}};
constexpr std::size_t kPageFaults = 0, kTaskClock = 1, kContextSwitches = 2;
constexpr int kPages = 300;

/// Causes at least kPages page faults.
void fault() {
  const std::size_t bytes = std::size_t{kPages} * 4096;
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  ::madvise(memory, bytes, MADV_NOHUGEPAGE);
  for (std::size_t at = 0; at < bytes; at += 4096) static_cast<volatile char*>(memory)[at] = 1;
  ::munmap(memory, bytes);
}

class SoftwareEvents : public ipc::test::LeavesNothing {
 protected:
  void SetUp() override {
    LeavesNothing::SetUp();
    plan_ = plan_perf(kSoftwareEvents);
    if (plan_.counters.size() < kSoftwareEvents.size()) GTEST_SKIP() << plan_.missing;
  }

  PerfPlan plan_;
};

TEST_F(SoftwareEvents, AreCountedBetweenStartAndStop) {
  PerfCounters counters(plan_);
  fault();
  EXPECT_EQ(counters.counts().of[kPageFaults], 0);
  counters.start();
  fault();
  counters.stop();
  const double faults = counters.counts().of[kPageFaults];
  EXPECT_GE(faults, kPages);
  fault();
  EXPECT_EQ(counters.counts().of[kPageFaults], faults);
  counters.start();
  fault();
  counters.stop();
  EXPECT_GE(counters.counts().of[kPageFaults], faults + kPages);
}

TEST_F(SoftwareEvents, OfChildrenAndTheirChildrenAreCountedWhileTheyRunAndAfter) {
  PerfCounters counters(plan_);
  counters.start();
  os::Child child = os::Child::fork([] {
    fault();
    return os::Child::fork([] { return fault(), 0; }).wait().code();
  });
  EXPECT_EQ(child.wait(), os::ExitStatus::from_code(0));
  counters.stop();
  EXPECT_GE(counters.counts().of[kPageFaults], 2 * kPages);
}

TEST_F(SoftwareEvents, OfChildrenThatWereStartedBeforeAreCountedFromTheStartOn) {
  int gate[2], done[2];
  ASSERT_EQ(::pipe(gate) | ::pipe(done), 0);
  PerfCounters counters(plan_);
  char byte = 0;
  os::Child child = os::Child::fork([&] {
    fault();
    const bool waited = ::write(done[1], &byte, 1) == 1 && ::read(gate[0], &byte, 1) == 1;
    fault();
    return waited && ::write(done[1], &byte, 1) == 1 && ::read(gate[0], &byte, 1) == 1 ? 0 : 1;
  });
  ASSERT_EQ(::read(done[0], &byte, 1), 1);
  counters.start();
  ASSERT_EQ(::write(gate[1], &byte, 1), 1);
  ASSERT_EQ(::read(done[0], &byte, 1), 1);
  const double faults = counters.counts().of[kPageFaults];
  EXPECT_GE(faults, kPages) << "the child still runs";
  EXPECT_LT(faults, 2 * kPages) << "its first faults came before the start";
  ASSERT_EQ(::write(gate[1], &byte, 1), 1);
  EXPECT_EQ(child.wait(), os::ExitStatus::from_code(0));
  for (const int fd : {gate[0], gate[1], done[0], done[1]}) ::close(fd);
}

TEST_F(SoftwareEvents, OfThreadsAreCounted) {
  PerfCounters counters(plan_);
  counters.start();
  std::thread(fault).join();
  counters.stop();
  EXPECT_GE(counters.counts().of[kPageFaults], kPages);
}

TEST_F(SoftwareEvents, AgreeWithWhatThisProcessDid) {
  PerfCounters counters(plan_);
  counters.start();
  timespec from{}, now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
  const auto used_ns = [&] {
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (now.tv_sec - from.tv_sec) * 1'000'000'000 + now.tv_nsec - from.tv_nsec;
  };
  while (used_ns() < 20'000'000) continue;
  for (int i = 0; i < 7; ++i) ::usleep(1);
  counters.stop();
  // On a busy machine the two clocks part for what it takes to switch.
  EXPECT_GE(counters.counts().of[kTaskClock], 18e6);
  EXPECT_GE(counters.counts().of[kContextSwitches], 7);
}

TEST(PerfCounts, AddUpAndStayUnknownWhereOneIs) {
  PerfCounts sum, other;
  sum.of[0] = 1;
  other.of[0] = 2;
  other.of[1] = std::numeric_limits<double>::quiet_NaN();
  sum += other;
  EXPECT_EQ(sum.of[0], 3);
  EXPECT_TRUE(std::isnan(sum.of[1]));
}

TEST(PerfCounts, AreScaledByTheTimeWithoutACounter) {
  EXPECT_EQ(scaled_count(100, 1000, 1000), 100);
  EXPECT_EQ(scaled_count(100, 1000, 250), 400);
  EXPECT_EQ(scaled_count(0, 1000, 0), std::nullopt) << "it never had a counter";
  EXPECT_EQ(scaled_count(0, 0, 0), 0) << "nothing ran";
}

/// A kernel that gives a descriptor of its own for what `refuses` gives 0 for, else that errno.
OpenPerfEvent kernel(std::function<int(const perf_event_attr&)> refuses) {
  return [refuses](perf_event_attr& attributes) {
    errno = refuses(attributes);
    return errno ? -1 : ::dup(STDERR_FILENO);
  };
}

class HardwareEvents : public ipc::test::LeavesNothing {};

TEST_F(HardwareEvents, AreAllThereWhereTheKernelGivesThem) {
  const PerfPlan plan = plan_perf(kHardwareEvents, kernel([](const auto&) { return 0; }));
  ASSERT_EQ(plan.counters.size(), kHardwareEvents.size());
  EXPECT_EQ(plan.counters[0].name(), "instructions");
  EXPECT_EQ(plan.missing, "");
}

TEST_F(HardwareEvents, AreThoseOfUserSpaceWhereTheKernelsOwnAreRefused) {
  const PerfPlan plan = plan_perf(kHardwareEvents, kernel([](const perf_event_attr& attributes) {
                                    return attributes.exclude_kernel ? 0 : EACCES;
                                  }));
  ASSERT_EQ(plan.counters.size(), kHardwareEvents.size());
  EXPECT_EQ(plan.counters[1].name(), "user_cycles");
  EXPECT_EQ(plan.missing, "");
}

TEST_F(HardwareEvents, AreMissingWithTheReasonWhereThereAreNone) {
  const auto missing = [](int error) {
    const PerfPlan plan = plan_perf(kHardwareEvents, kernel([=](const auto&) { return error; }));
    EXPECT_TRUE(plan.counters.empty());
    return plan.missing;
  };
  EXPECT_EQ(missing(ENOENT),
            "instructions, cycles, cache_misses, branch_misses: this processor, or the hypervisor, "
            "has no counter for it");
  EXPECT_NE(missing(EACCES).find("perf_event_paranoid is "), std::string::npos);
  EXPECT_NE(missing(EPERM).find("PERFMON"), std::string::npos);
  EXPECT_NE(missing(ENOSYS).find("CONFIG_PERF_EVENTS"), std::string::npos);
  EXPECT_NE(missing(EMFILE).find("Too many open files"), std::string::npos);
}

TEST_F(HardwareEvents, AreMissingOneByOne) {
  const PerfPlan plan =
      plan_perf(kHardwareEvents, kernel([](const perf_event_attr& attributes) {
                  return attributes.config == PERF_COUNT_HW_CACHE_MISSES ? ENOENT : 0;
                }));
  EXPECT_EQ(plan.counters.size(), 3u);
  EXPECT_TRUE(plan.missing.starts_with("cache_misses: ")) << plan.missing;
}

TEST_F(HardwareEvents, ThatCannotBeOpenedAnyMoreAreUnknown) {
  const PerfPlan plan = plan_perf(kHardwareEvents, kernel([](const auto&) { return 0; }));
  PerfCounters counters(plan, kernel([](const auto&) { return EMFILE; }));
  counters.start();
  counters.stop();
  EXPECT_TRUE(std::isnan(counters.counts().of[0]));
}

TEST_F(HardwareEvents, OfThisMachineAreCountedOrMissingWithAReason) {
  const PerfPlan& plan = hardware_plan();
  EXPECT_EQ(plan.counters.size() == kHardwareEvents.size(), plan.missing.empty()) << plan.missing;
  if (plan.counters.empty()) GTEST_SKIP() << plan.missing;
  PerfCounters counters(plan);
  counters.start();
  fault();
  counters.stop();
  EXPECT_GT(counters.counts().of[0], kPages) << plan.counters[0].name();
}

}  // namespace
}  // namespace bench
