// ipc::wait() waits for connections and processes at once.
#include "ipc/os/wait.hpp"

#include "ipc/backends.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"
#include "ipc/pipe/connection.hpp"
#include "ipc/process/process.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using test::beside;
using test::error_of;
using test::kSuccess;

class WaitTest : public test::LeavesNothing {};
using Places = std::vector<std::size_t>;

TEST_F(WaitTest, GivesThePlacesOfAllThatAreReady) {
  auto [a, b] = make_pipe();
  auto [c, d] = make_pipe<SocketpairDatagram>();
  auto [e, f] = make_pipe<AnonymousPipe>();
  EXPECT_EQ(wait({b, d, f}, 0s), Places());
  e.send(1);
  EXPECT_EQ(wait({b, d, f}), Places{2});
  a.send(1);
  EXPECT_EQ(wait({b, d, f}, 1h), (Places{0, 2}));
  c.send(std::string(10'000, 'x'));
  EXPECT_EQ(wait({b, d, f}, -1s), (Places{0, 1, 2}));
  EXPECT_EQ(b.recv<int>(), 1);
  const std::vector<os::Waitable> list{b, d, f};
  EXPECT_EQ(wait(list), (Places{1, 2}));
}

TEST_F(WaitTest, WaitsItsTimeAndNotLess) {
  auto [a, b] = make_pipe();
  const auto begin = os::Clock::now();
  EXPECT_EQ(wait({b}, 50ms), Places());
  EXPECT_EQ(wait(std::span<os::Waitable>(), 20ms), Places());
  EXPECT_GE(os::Clock::now() - begin, 70ms);
  EXPECT_EQ(wait({b}, 0s), Places());
  EXPECT_EQ(wait({b}, -1s), Places());
  EXPECT_THROW(wait(std::span<os::Waitable>()), std::invalid_argument);
}

TEST_F(WaitTest, WaitsForMessagesTheEndsOfPipesAndOfProcessesAtOnce) {
  auto [a, b] = make_pipe();
  auto [gate, latch] = make_pipe();
  Process child([&gate = gate, &latch = latch] {
    latch.close();
    gate.recv<int>();
    throw SystemExit(3);
  });
  child.start();
  gate.close();
  EXPECT_EQ(wait({b, child.sentinel(), latch}, 10ms), Places());
  latch.send(1);
  EXPECT_EQ(wait({b, child.sentinel()}), Places{1});
  child.join();
  EXPECT_EQ(child.exitcode(), 3);
  EXPECT_EQ(wait({b, child.sentinel()}, 1h), Places{1}) << "also once it is reaped";
  EXPECT_EQ(wait({b, latch}, 1h), Places{1}) << "the end of a pipe";
  a.close();
  EXPECT_EQ(wait({b, latch, child.sentinel()}), (Places{0, 1, 2}));
}

TEST_F(WaitTest, SeesWhatAnEndHasReadAheadAndEveryBackendsEnd) {
  int waitable = 0;
  Pipes::for_each([&]<class B>(std::type_identity<B>) {
    if (B::unavailable()) return;
    if constexpr (WaitableEnd<typename B::End>) {
      ++waitable;
      auto [a, b] = make_pipe<B>();
      auto [c, d] = make_pipe();
      auto sender = beside([&a = a, &b = b] {
        b.close();
        a.send(1);
        a.send(2);
        return true;
      });
      a.close();
      for (int message : {1, 2}) {
        EXPECT_EQ(wait({d, b}), Places{1}) << B::kName;
        EXPECT_EQ(error_of([&b = b] { b.recv_bytes(1); }), EMSGSIZE);  // looks, and so reads ahead
        EXPECT_EQ(wait({d, b}), Places{1}) << B::kName << ": what is read ahead";
        EXPECT_EQ(b.template recv<int>(), message) << B::kName;
      }
      EXPECT_EQ(wait({d, b}), Places{1}) << B::kName << ": the end";
      EXPECT_THROW(b.template recv<int>(), EndOfFile) << B::kName;
      EXPECT_EQ(wait({d, b}), Places{1}) << B::kName << ": the end once more";
      EXPECT_EQ(sender.wait(), kSuccess);
    }
  });
  EXPECT_GT(waitable, 0);
}

TEST_F(WaitTest, RefusesWhatIsClosedOrOnlySends) {
  auto [receiver, sender] = make_pipe(one_way);
  EXPECT_EQ(error_of([&s = sender] { wait({s}, 0s); }), EBADF);
  receiver.close();
  EXPECT_EQ(error_of([&r = receiver] { wait({r}, 0s); }), EBADF);
  EXPECT_EQ(error_of([] { wait({-1}, 0s); }), EBADF);
}

TEST_F(WaitTest, ASignalHandlerEndsNoWaitEarly) {
  auto [a, b] = make_pipe();
  const test::Interruptions interruptions;
  const auto begin = os::Clock::now();
  EXPECT_EQ(wait({b}, 50ms), Places());
  EXPECT_GE(os::Clock::now() - begin, 50ms);
  EXPECT_GT(interruptions.count(), 0);
}

/// A pipe's end that nobody can wait for among others.
class Lone : public SocketpairStream {
 public:
  class End : public StreamEnd {
   public:
    using StreamEnd::StreamEnd;
    void waitable() = delete;
  };
  static std::pair<End, End> make(PipeOptions options);  // never called
};
static_assert(std::convertible_to<Connection<>&, os::Waitable>);
static_assert(Pipe<Lone> && !WaitableEnd<Lone::End>);
static_assert(!std::convertible_to<Connection<Lone>&, os::Waitable>);

}  // namespace
}  // namespace ipc
