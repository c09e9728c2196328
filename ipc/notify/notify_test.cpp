// The contract of a notifier, kept by every backend, and what is special about real-time signals.
#include <sys/resource.h>

#include <array>
#include <list>
#include <optional>
#include <thread>

#include "ipc/backends.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using SharedFlag = os::SharedObject<std::atomic<bool>>;

void until(const SharedFlag& flag) {
  while (!*flag) ::sched_yield();
}

template <class N>
using NotifierConformance = test::Conformance<N>;
using Types = Notifiers::Apply<testing::Types>;
TYPED_TEST_SUITE(NotifierConformance, Types, test::BackendName);

TYPED_TEST(NotifierConformance, WakesTheProcessThatWaits) {
  TypeParam notifier;
  SharedFlag attached(false), notified(false);
  auto waiter = test::beside([&] {
    notifier.attach();
    attached->store(true);
    notifier.wait();
    return notified->load();
  });
  until(attached);
  test::until_asleep(waiter.pid());
  notified->store(true);
  notifier.notify();
  EXPECT_EQ(waiter.wait(), test::kSuccess);
}

TYPED_TEST(NotifierConformance, AnyProcessMayNotifyTheWaiterIncluded) {
  TypeParam notifier;
  notifier.attach();
  notifier.notify();
  EXPECT_EQ(test::in_child([&] { return notifier.notify(), true; }), test::kSuccess);
  EXPECT_EQ(test::in_child([&] { return notifier.notify(), true; }), test::kSuccess);
  for (int i = 0; i < 3; ++i) notifier.wait();
  EXPECT_FALSE(notifier.wait_until(os::Deadline::now()));
}

TYPED_TEST(NotifierConformance, CountsAHundredUnreadNotifications) {
  TypeParam notifier;
  notifier.attach();
  EXPECT_EQ(test::in_child([&] {
              for (int i = 0; i < 100; ++i) notifier.notify();
              return true;
            }),
            test::kSuccess);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(notifier.wait_until(os::Deadline::now())) << i;
  EXPECT_FALSE(notifier.wait_until(os::Deadline::now()));
}

TYPED_TEST(NotifierConformance, MergesNoneThatComeWhileItWaits) {
  constexpr int kSenders = 3, kEach = 2000;
  TypeParam notifier, taken;
  notifier.attach();
  std::vector<os::Child> senders;
  for (int i = 0; i < kSenders; ++i)
    senders.push_back(test::beside([&] {
      for (int k = 0; k < kEach; ++k) {
        try {
          notifier.notify();
        } catch (const std::system_error& full) {
          if (full.code().value() != EAGAIN) throw;
          --k;  // a full queue says so, and the receiver is taking from it
        }
      }
      return true;
    }));
  for (int i = 0; i < kSenders * kEach; ++i) notifier.wait();
  for (auto& sender : senders) EXPECT_EQ(sender.wait(), test::kSuccess);
  EXPECT_FALSE(notifier.wait_until(os::Deadline::now()));
}

TYPED_TEST(NotifierConformance, TwoProcessesCanTakeTurns) {
  TypeParam ping, pong;
  SharedFlag attached(false);
  pong.attach();
  auto peer = test::beside([&] {
    ping.attach();
    attached->store(true);
    for (int i = 0; i < 1000; ++i) {
      ping.wait();
      pong.notify();
    }
    return true;
  });
  until(attached);
  for (int i = 0; i < 1000; ++i) {
    ping.notify();
    pong.wait();
  }
  EXPECT_EQ(peer.wait(), test::kSuccess);
}

TYPED_TEST(NotifierConformance, ATimedWaitGivesUpAtItsDeadlineAndNeverBefore) {
  TypeParam notifier;
  notifier.attach();
  for (const auto wait : {1us, 999us, 20'000us}) {
    const auto start = os::Clock::now();
    EXPECT_FALSE(notifier.wait_until(os::Deadline::after(wait)));
    EXPECT_GE(os::Clock::now() - start, wait);
  }
}

TYPED_TEST(NotifierConformance, ATimedWaitTakesWhatIsThereAlsoAfterItsDeadline) {
  TypeParam notifier;
  notifier.attach();
  const std::array deadlines{os::Deadline::now(), os::Deadline::after(30s), os::Deadline::never(),
                             os::Deadline::after(24h * 365 * 250)};
  for (const auto& deadline : deadlines) {
    notifier.notify();
    EXPECT_TRUE(notifier.wait_until(deadline));
  }
}

TYPED_TEST(NotifierConformance, ASignalHandlerDoesNotEndAWaitEarly) {
  TypeParam notifier;
  notifier.attach();
  const test::Interruptions interruptions;
  const auto start = os::Clock::now();
  EXPECT_FALSE(notifier.wait_until(os::Deadline::after(20ms)));
  EXPECT_GE(os::Clock::now() - start, 20ms);
  EXPECT_GT(interruptions.count(), 0);

  SharedFlag notified(false);
  auto sender = test::beside([&] {
    interruptions.wait_for(5);
    notified->store(true);
    notifier.notify();
    return true;
  });
  notifier.wait();
  EXPECT_TRUE(*notified);
  EXPECT_EQ(sender.wait(), test::kSuccess);
}

TYPED_TEST(NotifierConformance, TwoNotifiersDoNotTakeEachOthersNotifications) {
  TypeParam first, second;
  first.attach();
  second.attach();
  first.notify();
  EXPECT_FALSE(second.wait_until(os::Deadline::now()));
  second.notify();
  second.notify();
  EXPECT_TRUE(first.wait_until(os::Deadline::now()));
  EXPECT_FALSE(first.wait_until(os::Deadline::now()));
  second.wait();
  second.wait();
}

TYPED_TEST(NotifierConformance, AChildThatDestroysItsCopyLeavesTheOthersIntact) {
  std::optional<TypeParam> notifier(std::in_place);
  notifier->attach();
  notifier->notify();
  EXPECT_EQ(test::in_child([&] { return notifier.reset(), true; }), test::kSuccess);
  EXPECT_EQ(test::in_child([&] { return notifier->notify(), true; }), test::kSuccess);
  notifier->wait();
  notifier->wait();
}

TYPED_TEST(NotifierConformance, LeavesNothingForTheNextOneWithNotificationsUnread) {
  for (int i = 0; i < 200; ++i) {
    TypeParam notifier;
    notifier.attach();
    ASSERT_FALSE(notifier.wait_until(os::Deadline::now()));
    notifier.notify();
    notifier.notify();
  }
}

TYPED_TEST(NotifierConformance, AKilledWaiterLeavesNothingBehind) {
  TypeParam notifier;
  SharedFlag attached(false);
  auto waiter = os::Child::fork([&] {
    notifier.attach();
    notifier.notify();
    attached->store(true);
    ::pause();
    return 0;
  });
  until(attached);
  waiter.kill(SIGKILL);
  EXPECT_EQ(waiter.wait().signal(), SIGKILL);
}

TYPED_TEST(NotifierConformance, AnExecutedProgramSeesNoDescriptor) {
  const auto before = test::descriptors_of_a_program();
  const TypeParam notifier;
  EXPECT_EQ(test::descriptors_of_a_program(), before);
}

using FullPipe = test::LeavesNothing;

TEST_F(FullPipe, SaysSoAndKeepsWhatIsInIt) {
  PipeByte notifier;
  notifier.attach();
  int inside = 0;
  EXPECT_EQ(test::error_of([&] {
              for (;; ++inside) notifier.notify();
            }),
            EAGAIN);
  EXPECT_GE(inside, 4096);
  for (int i = 0; i < inside; ++i) notifier.wait();
  EXPECT_FALSE(notifier.wait_until(os::Deadline::now()));
}

class RealTimeSignal : public test::LeavesNothing {
 protected:
  void SetUp() override {
    LeavesNothing::SetUp();
    if (const auto reason = RtSignal::unavailable()) GTEST_SKIP() << *reason;
  }
  static int error_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const std::system_error& error) {
      return error.code().value();
    }
    return 0;
  }
  static bool is_blocked(int number) {
    sigset_t mask;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    return ::sigismember(&mask, number) == 1;
  }
};

TEST_F(RealTimeSignal, SaysWhenAllNumbersAreInUseAndReturnsThem) {
  for (int round = 0; round < 2; ++round) {
    std::list<RtSignal> all;
    EXPECT_EQ(error_of([&] {
                for (;;) all.emplace_back();
              }),
              EAGAIN);
    EXPECT_EQ(all.size(), static_cast<std::size_t>(SIGRTMAX - SIGRTMIN));
  }
}

TEST_F(RealTimeSignal, LeavesANumberWithAHandlerOfTheProgramsAlone) {
  const int taken = SIGRTMIN + 1;
  struct sigaction action {
  }, before{};
  action.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(taken, &action, &before), 0);
  {
    std::list<RtSignal> all;
    EXPECT_EQ(error_of([&] {
                for (;;) all.emplace_back();
              }),
              EAGAIN);
    EXPECT_FALSE(is_blocked(taken));
  }
  ::sigaction(taken, &before, nullptr);
}

TEST_F(RealTimeSignal, IsBlockedWhileItLivesAndNotAfterwards) {
  const int first = SIGRTMIN + 1;
  {
    RtSignal notifier;
    EXPECT_TRUE(is_blocked(first));
    RtSignal moved(std::move(notifier));
    EXPECT_TRUE(is_blocked(first));
  }
  EXPECT_FALSE(is_blocked(first));
}

TEST_F(RealTimeSignal, ThrowsWhenTheQueueIsFull) {
  EXPECT_EQ(test::in_child([] {
              RtSignal notifier;
              notifier.attach();
              const rlimit few{5, 5};
              ::setrlimit(RLIMIT_SIGPENDING, &few);
              return error_of([&] {
                       for (int i = 0; i < 10; ++i) notifier.notify();
                     }) == EAGAIN;
            }),
            test::kSuccess);
}

TEST_F(RealTimeSignal, ThrowsWhenThereIsNobodyToNotify) {
  RtSignal notifier;
  EXPECT_EQ(error_of([&] { notifier.notify(); }), ESRCH);
  EXPECT_EQ(test::in_child([&] { return notifier.attach(), true; }), test::kSuccess);
  EXPECT_EQ(error_of([&] { notifier.notify(); }), ESRCH);
}

TEST_F(RealTimeSignal, CannotKillAProcessThatDestroyedItWhileOthersNotify) {
  std::optional<RtSignal> notifier(std::in_place);
  notifier->attach();
  auto sender = test::beside([&] {
    for (int i = 0; i < 20'000; ++i) {
      try {
        notifier->notify();
      } catch (const std::system_error&) {
      }
    }
    return true;
  });
  notifier->wait();
  notifier.reset();
  EXPECT_EQ(sender.wait(), test::kSuccess);
}

TEST_F(RealTimeSignal, WakesTheThreadThatAttachedAndNoOther) {
  RtSignal notifier;
  SharedFlag attached(false);
  std::thread waiter([&] {
    notifier.attach();
    attached->store(true);
    notifier.wait();
  });
  until(attached);
  EXPECT_EQ(test::in_child([&] { return notifier.notify(), true; }), test::kSuccess);
  waiter.join();
}

}  // namespace
}  // namespace ipc
