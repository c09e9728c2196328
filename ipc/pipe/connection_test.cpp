// The typed Connection keeps its contract, over every backend.
#include "ipc/pipe/connection.hpp"

#include <sys/mman.h>

#include "ipc/backends.hpp"
#include "ipc/os/heap_test_support.hpp"
#include "ipc/os/limits.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/process/process.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using test::beside;
using test::error_of;
using test::kSuccess;
using wire::Bytes;

Bytes bytes(std::string_view text) {
  const auto span = std::as_bytes(std::span(text));
  return {span.begin(), span.end()};
}

class ConnectionTest : public test::LeavesNothing {};

TEST_F(ConnectionTest, CarriesValuesOfManyTypes) {
  auto [a, b] = make_pipe();
  a.send(42);
  a.send(2.5);
  a.send("literal");
  a.send(std::string("肥水不流外人天"));
  a.send(std::string());
  a.send(std::tuple(1, std::string("two"), std::pair(std::string("three"), 4.0)));
  EXPECT_EQ(b.recv<int>(), 42);
  EXPECT_EQ(b.recv<double>(), 2.5);
  EXPECT_EQ(b.recv<std::string>(), "literal");
  EXPECT_EQ(b.recv<std::string>(), "肥水不流外人天");
  EXPECT_EQ(b.recv<std::string>(), "");
  EXPECT_EQ((b.recv<std::tuple<int, std::string, std::pair<std::string, double>>>()),
            std::tuple(1, std::string("two"), std::pair(std::string("three"), 4.0)));
}

TEST_F(ConnectionTest, WorksOverEveryBackend) {
  Pipes::for_each([]<class B>(std::type_identity<B>) {
    if (B::unavailable()) return;
    auto [a, b] = make_pipe<B>();
    auto peer = beside([&a = a, &b = b] {
      a.close();
      b.send(b.template recv<int>() + 1);
      return true;
    });
    b.close();
    a.send(1);
    EXPECT_EQ(a.template recv<int>(), 2) << B::kName;
    EXPECT_EQ(peer.wait(), kSuccess);
  });
}

TEST_F(ConnectionTest, StaysInStepAfterAMessageOfAnotherType) {
  struct Metres {
    double value;
  };
  struct Feet {
    double value;
  };
  auto [a, b] = make_pipe();
  const auto refuses = [&b = b]<class T>(std::type_identity<T>) {
    return error_of([&] { b.recv<T>(); }) == EBADMSG;
  };
  a.send(std::string("text"));
  EXPECT_TRUE(refuses(std::type_identity<int>()));
  a.send(1);
  EXPECT_TRUE(refuses(std::type_identity<std::string>()));
  a.send(1);
  EXPECT_TRUE(refuses(std::type_identity<unsigned>())) << "of the same size";
  a.send(Metres{1});
  EXPECT_TRUE(refuses(std::type_identity<Feet>())) << "of the same shape";
  a.send(std::vector<int>{1, 2});
  EXPECT_TRUE(refuses(std::type_identity<std::vector<float>>()));
  for (const auto* raw : {"", "ab", "abcd", "abcdefgh"}) {
    a.send_bytes(bytes(raw));
    EXPECT_TRUE(refuses(std::type_identity<int>())) << "raw bytes: " << raw;
  }
  a.send(Metres{2});
  EXPECT_EQ(b.recv<Metres>().value, 2);
}

TEST_F(ConnectionTest, RefusesAMessageOfTheRightTypeThatIsNoValueOfIt) {
  auto [a, b] = make_pipe();
  Bytes message = wire::encode(wire::type_tag<bool>());
  message.push_back(std::byte{2});
  a.send_bytes(message);
  EXPECT_EQ(error_of([&b = b] { b.recv<bool>(); }), EBADMSG);
  message = wire::encode(wire::type_tag<std::vector<int>>());
  wire::encode(std::uint64_t{1} << 60, message);
  a.send_bytes(message);
  EXPECT_EQ(error_of([&b = b] { b.recv<std::vector<int>>(); }), EBADMSG);
  a.send(true);
  EXPECT_TRUE(b.recv<bool>());
}

TEST_F(ConnectionTest, AllocatesNothingForAFlatValue) {
  struct Frame {
    std::array<char, Connection<>::kNearBytes> pixels;
  };
  auto [a, b] = make_pipe();
  static const Frame frame{{'x', 'y'}};
  const std::size_t before = test::allocations;
  a.send(7);
  EXPECT_EQ(b.recv<int>(), 7);
  a.send(frame);
  EXPECT_EQ(b.recv<Frame>().pixels[1], 'y');
  EXPECT_EQ(test::allocations, before);
  a.send(std::string(100, 'x'));
  EXPECT_GT(test::allocations, before) << "the count does not count";
}

TEST_F(ConnectionTest, OneWayRefusesTheWrongDirection) {
  auto [receiver, sender] = make_pipe(one_way);
  sender.send(5);
  EXPECT_EQ(receiver.recv<int>(), 5);
  EXPECT_EQ(error_of([&r = receiver] { r.send(1); }), EBADF);
  EXPECT_EQ(error_of([&s = sender] { s.recv<int>(); }), EBADF);
  EXPECT_EQ(error_of([&s = sender] { s.poll(); }), EBADF);
}

TEST_F(ConnectionTest, ThrowsEndOfFileAfterTheLastMessage) {
  auto [a, b] = make_pipe();
  a.send(1);
  a.close();
  EXPECT_TRUE(b.poll());
  EXPECT_EQ(b.recv<int>(), 1);
  EXPECT_TRUE(b.poll());
  EXPECT_THROW(b.recv<int>(), EndOfFile);
  EXPECT_THROW(b.recv_bytes(), EndOfFile);
  Bytes buffer(3);
  EXPECT_THROW(b.recv_bytes_into(buffer), EndOfFile);
}

TEST_F(ConnectionTest, PollWaitsItsTimeAndNotLess) {
  auto [a, b] = make_pipe();
  const auto begin = os::Clock::now();
  EXPECT_FALSE(b.poll(50ms));
  EXPECT_GE(os::Clock::now() - begin, 50ms);
  EXPECT_FALSE(b.poll(-1s));
  EXPECT_FALSE(b.poll(0s));
  EXPECT_FALSE(b.poll());
}

TEST_F(ConnectionTest, PollTellsOfAMessageAsOftenAsAskedAndEatsNothing) {
  auto [a, b] = make_pipe();
  a.send(1);
  a.send(2);
  for (int message : {1, 2}) {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(b.poll());
    EXPECT_TRUE(b.poll(-1s));
    EXPECT_TRUE(b.poll(os::Duration::max()));
    EXPECT_EQ(b.recv<int>(), message);
  }
  EXPECT_FALSE(b.poll());
}

TEST_F(ConnectionTest, SendsBytesAsTheyAre) {
  auto [a, b] = make_pipe();
  const Bytes text = bytes("sent in parts");
  a.send_bytes(text);
  a.send_bytes(std::span(text).subspan(5, 2));
  a.send_bytes({});
  EXPECT_EQ(b.recv_bytes(), text);
  EXPECT_EQ(b.recv_bytes(), bytes("in"));
  EXPECT_TRUE(b.poll()) << "an empty message is one";
  EXPECT_EQ(b.recv_bytes(), Bytes());
  EXPECT_FALSE(b.poll());
}

TEST_F(ConnectionTest, LeavesBytesThatAreOverTheLimit) {
  auto [a, b] = make_pipe();
  a.send_bytes(bytes("five!"));
  EXPECT_EQ(error_of([&b = b] { b.recv_bytes(4); }), EMSGSIZE);
  EXPECT_EQ(error_of([&b = b] { b.recv_bytes(0); }), EMSGSIZE);
  EXPECT_EQ(b.recv_bytes(5), bytes("five!"));
}

TEST_F(ConnectionTest, GivesBytesThatABufferIsTooShortForWithTheError) {
  Pipes::for_each([]<class B>(std::type_identity<B>) {
    if (B::unavailable()) return;
    auto [a, b] = make_pipe<B>();
    auto sender = beside([&a = a, &b = b] {
      b.close();
      for (const std::size_t size : {5, 100'000, 10'000}) a.send_bytes(Bytes(size, std::byte{'x'}));
      return true;
    });
    a.close();
    Bytes small(4), buffer(20'000);
    for (const auto& [into, size] : {std::pair(&small, 5u), std::pair(&buffer, 100'000u)}) {
      try {
        b.recv_bytes_into(*into);
        ADD_FAILURE() << B::kName;
      } catch (const BufferTooShort& error) {
        EXPECT_EQ(error.message(), Bytes(size, std::byte{'x'})) << B::kName;
        EXPECT_EQ(error.code().value(), EMSGSIZE);
      }
    }
    EXPECT_EQ(b.recv_bytes_into(buffer), 10'000u) << B::kName;
    EXPECT_EQ(buffer[9'999], std::byte{'x'});
    EXPECT_EQ(sender.wait(), kSuccess);
    EXPECT_THROW(b.recv_bytes_into(buffer), EndOfFile);
  });
}

/// Memory that costs nothing until it is written to.
class Untouched {
 public:
  explicit Untouched(std::size_t bytes)
      : bytes_(static_cast<std::byte*>(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)),
               bytes) {
    if (bytes_.data() == MAP_FAILED) os::throw_errno("mmap");
  }
  Untouched(const Untouched&) = delete;
  Untouched& operator=(const Untouched&) = delete;
  ~Untouched() { ::munmap(bytes_.data(), bytes_.size()); }
  [[nodiscard]] std::span<std::byte> bytes() const { return bytes_; }

 private:
  std::span<std::byte> bytes_;
};

TEST_F(ConnectionTest, CarriesAMessageOfMoreThanTwoGibibytes) {
  constexpr std::size_t kSize = (std::size_t{2} << 30) + 12'345;
  if (os::available_memory_bytes() < std::int64_t{4} << 30)
    GTEST_SKIP() << "less than 4 GiB of memory are free";
  auto [a, b] = make_pipe();
  auto sender = beside([&a = a, &b = b] {
    b.close();
    const Untouched memory(kSize);
    memory.bytes().front() = memory.bytes().back() = std::byte{7};
    a.send_bytes(memory.bytes());
    a.send(1);
    return true;
  });
  a.close();
  const Untouched memory(kSize);
  EXPECT_EQ(b.recv_bytes_into(memory.bytes()), kSize);
  EXPECT_EQ(memory.bytes().front(), std::byte{7});
  EXPECT_EQ(memory.bytes()[kSize / 2], std::byte{0});
  EXPECT_EQ(memory.bytes().back(), std::byte{7});
  EXPECT_EQ(b.recv<int>(), 1);
  EXPECT_EQ(sender.wait(), kSuccess);
}

TEST_F(ConnectionTest, TheParentMayCloseAnEndAsSoonAsItsChildHasStarted) {
  auto [a, b] = make_pipe();
  Process child([&a = a, &b = b] {
    a.close();
    b.send(b.recv<int>() + 1);
  });
  child.start();
  b.close();
  a.send(1);
  EXPECT_EQ(a.recv<int>(), 2);
  EXPECT_THROW(a.recv<int>(), EndOfFile);
  child.join();
  EXPECT_EQ(child.exitcode(), 0);
}

TEST_F(ConnectionTest, UsingAClosedOrMovedOneThrows) {
  Pipes::for_each([]<class B>(std::type_identity<B>) {
    if (B::unavailable()) return;
    auto [a, b] = make_pipe<B>();
    auto sender = beside([&a = a, &b = b] {
      b.close();
      a.send(1);
      a.send(2);
      return true;
    });
    a.close();
    EXPECT_EQ(b.template recv<int>(), 1);
    EXPECT_TRUE(b.poll(1h));
    auto moved = std::move(b);
    for (auto* gone : {&a, &b}) {
      EXPECT_EQ(error_of([&] { gone->send(1); }), EBADF) << B::kName;
      EXPECT_EQ(error_of([&] { gone->send(std::string(10'000, 'x')); }), EBADF) << B::kName;
      EXPECT_EQ(error_of([&] { gone->template recv<int>(); }), EBADF) << B::kName;
      EXPECT_EQ(error_of([&] { gone->recv_bytes(); }), EBADF) << B::kName;
      EXPECT_EQ(error_of([&] { gone->poll(); }), EBADF) << B::kName;
      gone->close();
    }
    EXPECT_EQ(moved.template recv<int>(), 2) << B::kName;
    b = std::move(moved);
    EXPECT_THROW(b.template recv<int>(), EndOfFile) << B::kName;
    EXPECT_EQ(sender.wait(), kSuccess);
  });
}

}  // namespace
}  // namespace ipc
