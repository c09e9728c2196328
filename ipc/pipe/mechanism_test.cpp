// What is special to the mechanism behind each pipe backend, beyond the contract they share.
#include <sys/resource.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "ipc/backends.hpp"
#include "ipc/os/sanitized.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"
#include "ipc/pipe/pipe_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using test::beside;
using test::error_of;
using test::in_child;
using test::kSuccess;
using test::take;
using Bytes = std::vector<std::byte>;

constexpr std::size_t kPeriod = 1 << 16;

/// A text that begins anew after a period and tells the place in it, twice in a row.
Bytes periodic_text() {
  Bytes text(2 * kPeriod);
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<std::byte>(i + i / 256);
  return text;
}

/// Content that tells the message, by where the text begins, and the place in it.
void fill(std::span<std::byte> message, std::size_t number) {
  static const Bytes text = periodic_text();
  for (std::size_t done = 0; done < message.size(); done += kPeriod) {
    const auto part = message.subspan(done, std::min(kPeriod, message.size() - done));
    std::copy_n(text.data() + number * 4099 % kPeriod, part.size(), part.data());
  }
}

Bytes numbered(std::size_t size, std::size_t number) {
  Bytes message(size);
  fill(message, number);
  return message;
}

#define SKIP_IF_UNAVAILABLE(Backend)                   \
  if (const auto reason = Backend::unavailable()) {    \
    GTEST_SKIP() << Backend::kName << ": " << *reason; \
  }

/// The ends that send larger messages in another way than small ones.
template <class B>
class PipeInParts : public test::Conformance<B> {};
using InParts = testing::Types<SocketpairSeqpacket, SocketpairDatagram, UdpLoopback, MemfdPassing,
                               VmsplicePipe, ShmRing, ShmRingSpin, ShmRingBlock>;
TYPED_TEST_SUITE(PipeInParts, InParts, test::BackendName);

TYPED_TEST(PipeInParts, CarriesMessagesOfSizesAroundEveryLimit) {
  std::vector<std::size_t> sizes;
  for (const std::size_t limit : {4088, 4096, 16384, 32768, 65507, 65536, 106496, 262144, 1 << 20})
    for (const std::size_t size : {limit - 9, limit - 8, limit - 1, limit, limit + 1, limit + 8})
      sizes.push_back(size);
  for (const std::size_t capacity : {std::size_t{0}, std::size_t{1}, std::size_t{1} << 20}) {
    auto [a, b] = TypeParam::make({.capacity_bytes = capacity});
    auto sender = beside([&, &a = a] {
      for (const auto size : sizes) a.send(numbered(size, size));
      return true;
    });
    Bytes buffer(2 << 20);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (i % 2) {
        EXPECT_EQ(b.next_size(), sizes[i]);
      }
      ASSERT_EQ(b.recv(buffer), sizes[i]);
      buffer.resize(sizes[i]);
      ASSERT_TRUE(buffer == numbered(sizes[i], sizes[i])) << sizes[i];
      buffer.resize(2 << 20);
    }
    EXPECT_EQ(sender.wait(), kSuccess);
  }
}

TYPED_TEST(PipeInParts, LosesNothingToASlowReader) {
  auto [a, b] = TypeParam::make({});
  constexpr std::size_t kMessages = 5000;
  const auto size_of = [](std::size_t i) { return i % 50 == 0 ? 100'000 : i * i % 3000; };
  auto sender = beside([&, &a = a] {
    Bytes same(100'000);  // overwritten at once, as a caller may do
    for (std::size_t i = 0; i < kMessages; ++i) {
      fill(same, i);
      a.send(std::span(same).first(size_of(i)));
    }
    return true;
  });
  for (std::size_t i = 0; i < kMessages; ++i) {
    if (i % 500 == 0) test::until_asleep(sender.pid());  // it has sent all that there is room for
    ASSERT_TRUE(take(b) == numbered(size_of(i), i)) << i;
  }
  EXPECT_EQ(sender.wait(), kSuccess);
}

TYPED_TEST(PipeInParts, GoesOnInAnotherProcess) {
  auto [a, b] = TypeParam::make({});
  // More than any window, by turns from the parent and from children that have copies of the end.
  for (std::size_t i = 0; i < 20; ++i) {
    const auto size = i % 2 ? std::size_t{8} << 20 : 10;
    const auto send = [&, &a = a] { return a.send(numbered(size, i)), true; };
    os::Child sender;
    if (i % 4 == 0) {
      send();
    } else {
      sender = beside(send);
    }
    const auto receive = [&, &b = b] { return take(b) == numbered(size, i); };
    if (i % 3 == 0) {
      EXPECT_EQ(in_child(receive), kSuccess) << i;
    } else {
      EXPECT_TRUE(receive()) << i;
    }
    if (i % 4 != 0) {
      EXPECT_EQ(sender.wait(), kSuccess);
    }
  }
}

/// The ends over packets, which know the parts of one message from those of another.
template <class B>
class PipeOfPackets : public test::Conformance<B> {};
using OfPackets = testing::Types<SocketpairSeqpacket, SocketpairDatagram>;
TYPED_TEST_SUITE(PipeOfPackets, OfPackets, test::BackendName);

TYPED_TEST(PipeOfPackets, NeverJoinsTheMessagesOfTwoSenders) {
  auto [a, b] = TypeParam::make({});
  auto killed = beside([&a = a] { return a.send(numbered(16 << 20, 1)), true; });
  EXPECT_EQ(b.next_size(), std::size_t{16} << 20);
  killed.kill(SIGKILL);
  killed.wait();
  auto other = beside([&a = a] { return a.send(numbered(200'000, 2)), true; });
  Bytes buffer(16 << 20);
  EXPECT_EQ(error_of([&, &b = b] { b.recv(buffer); }), EPROTO);
  b.close();
  other.wait();
}

template <class B>
class PipeWithCompanion : public test::Conformance<B> {};
using WithCompanion =
    testing::Types<SocketpairDatagram, UdpLoopback, ShmRing, ShmRingSpin, ShmRingBlock>;
TYPED_TEST_SUITE(PipeWithCompanion, WithCompanion, test::BackendName);

TYPED_TEST(PipeWithCompanion, ABlockedReceiverLearnsOfTheSendersDeath) {
  for (const auto lives : {1ms, 40ms}) {  // while recv waits for a packet, and while poll does
    auto [a, b] = TypeParam::make({});
    auto sender = beside([&b = b] { return b.close(), ::pause() == 0; });
    a.close();
    std::thread killer([&] {
      std::this_thread::sleep_for(lives);
      sender.kill(SIGKILL);
    });
    EXPECT_EQ(b.next_size(), std::nullopt);
    EXPECT_EQ(b.next_size(), std::nullopt);
    killer.join();
    sender.wait();
  }
}

TYPED_TEST(PipeWithCompanion, AMessageSentRightBeforeTheEndComesBeforeIt) {
  for (int i = 0; i < (os::kSanitized ? 25 : 100); ++i) {
    auto [a, b] = TypeParam::make({});
    auto sender = beside([&a = a] { return a.send(numbered(100, 1)), true; });
    a.close();
    EXPECT_TRUE(take(b) == numbered(100, 1));
    EXPECT_EQ(b.next_size(), std::nullopt);
    sender.wait();
  }
}

class MechanismTest : public test::LeavesNothing {};

TEST_F(MechanismTest, FifoLeavesNoNameAndNamesWhatFailed) {
  EXPECT_EQ(in_child([] {
              std::string folder = "/tmp/ipcmark_test.XXXXXX";
              if (!::mkdtemp(folder.data())) return false;
              ::setenv("TMPDIR", folder.c_str(), 1);
              { const auto ends = Fifo::make({}); }
              const bool empty = std::filesystem::is_empty(folder);
              std::filesystem::remove_all(folder);
              return empty && error_of([] { Fifo::make({}); }) == ENOENT &&
                     Fifo::unavailable()->find("mkdir " + folder) == 0;
            }),
            kSuccess);
}

TEST_F(MechanismTest, VmspliceOverwritesNoMessageInFlight) {
  for (const std::size_t size : {1, 4088, 4089, 10'000, 262'000, 262'144, 300'000, 1'000'000}) {
    auto [a, b] = VmsplicePipe::make({});
    auto sender = beside([&, &a = a] {
      Bytes same(size);
      for (std::size_t i = 0; i < 200; ++i) {
        fill(same, i);
        a.send(same);
      }
      fill(same, 999);
      return true;
    });
    for (std::size_t i = 0; i < 200; ++i) {
      if (i % 40 == 0) test::until_asleep(sender.pid());  // every slot of the pipe is taken
      ASSERT_TRUE(take(b) == numbered(size, i)) << size << ", " << i;
    }
    EXPECT_EQ(sender.wait(), kSuccess);
  }
}

TEST_F(MechanismTest, VmspliceKeepsMessagesWhoseSenderIsGone) {
  auto [a, b] = VmsplicePipe::make({});
  for (std::size_t i = 0; i < 60; ++i) a.send(numbered(3000, i));
  a.close();
  Bytes reused(4 << 20, std::byte{0xff});  // what was unmapped is mapped anew
  PrivatePages pages(4 << 20);
  std::memset(pages.data(), 0xff, 4 << 20);
  for (std::size_t i = 0; i < 60; ++i) ASSERT_TRUE(take(b) == numbered(3000, i)) << i;
}

TEST_F(MechanismTest, ProcessVmReadvSendsOnlyAsFastAsItIsRead) {
  SKIP_IF_UNAVAILABLE(ProcessVmReadv);
  auto [a, b] = ProcessVmReadv::make({});
  os::SharedObject<std::atomic<int>> sent(0);
  auto sender = beside([&, &a = a] {
    for (int i = 0; i < 3; ++i, ++*sent) a.send(numbered(10, 1));
    return true;
  });
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(b.next_size(), 10u);
    test::until_asleep(sender.pid());
    EXPECT_EQ(*sent, i);
    take(b);
  }
  EXPECT_EQ(sender.wait(), kSuccess);
}

TEST_F(MechanismTest, ProcessVmReadvReadsFromWhicheverProcessSends) {
  SKIP_IF_UNAVAILABLE(ProcessVmReadv);
  auto [a, b] = ProcessVmReadv::make({});
  for (std::size_t i = 0; i < 4; ++i) {
    auto sender = beside([&, &a = a] { return a.send(numbered(100'000, i)), true; });
    EXPECT_TRUE(take(b) == numbered(100'000, i));
    EXPECT_EQ(sender.wait(), kSuccess);
  }
  auto receiver = beside([&b = b] { return take(b) == numbered(100'000, 9); });
  a.send(numbered(100'000, 9));
  EXPECT_EQ(receiver.wait(), kSuccess);
}

TEST_F(MechanismTest, MemfdHoldsUnreadMessagesOnlyUpToItsWindow) {
  SKIP_IF_UNAVAILABLE(MemfdPassing);
  auto [a, b] = MemfdPassing::make({});
  os::SharedObject<std::atomic<int>> sent(0);
  auto sender = beside([&, &a = a] {
    for (int i = 0; i < 20; ++i, ++*sent) a.send(numbered(8 << 20, 1));
    return true;
  });
  EXPECT_EQ(sender.wait_until(os::Deadline::after(200ms)), std::nullopt);
  EXPECT_LE(*sent, 8);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(take(b)->size(), 8u << 20);
  EXPECT_EQ(sender.wait(), kSuccess);
}

TEST_F(MechanismTest, MemfdLeavesNoDescriptorWhenTheReceiverDies) {
  SKIP_IF_UNAVAILABLE(MemfdPassing);
  auto [a, b] = MemfdPassing::make({});
  auto receiver = beside([&a = a, &b = b] {
    a.close();
    b.next_size();  // has one descriptor, and others wait for it
    b.send({});
    return ::pause() == 0;
  });
  b.close();
  const auto open_before = std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  for (int i = 0; i < 10; ++i) a.send(numbered(100'000, 1));
  EXPECT_EQ(take(a), Bytes());
  receiver.kill(SIGKILL);
  receiver.wait();
  EXPECT_EQ(error_of([&a = a] { a.send(numbered(100'000, 1)); }), EPIPE);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}), open_before);
}

TEST_F(MechanismTest, MemfdReceiverWithoutAFreeDescriptorSaysSoAndGoesOn) {
  SKIP_IF_UNAVAILABLE(MemfdPassing);
  auto [a, b] = MemfdPassing::make({});
  a.send(numbered(100'000, 1));
  a.send(numbered(100'000, 2));
  EXPECT_EQ(in_child([&b = b] {
              rlimit limit{};
              ::getrlimit(RLIMIT_NOFILE, &limit);
              const rlimit none{3, limit.rlim_max};  // below what is open
              ::setrlimit(RLIMIT_NOFILE, &none);
              const int error = error_of([&] { b.next_size(); });
              ::setrlimit(RLIMIT_NOFILE, &limit);
              return error == EMFILE && take(b) == numbered(100'000, 2);
            }),
            kSuccess);
}

}  // namespace
}  // namespace ipc
