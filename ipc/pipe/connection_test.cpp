// The typed Connection keeps its contract, over every backend.
#include "ipc/pipe/connection.hpp"

#include "ipc/backends.hpp"
#include "ipc/os/test_support.hpp"

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
  auto [a, b] = make_pipe();
  a.send(std::string("text"));
  a.send(1);
  a.send(2);
  EXPECT_EQ(error_of([&b = b] { b.recv<int>(); }), EBADMSG);
  EXPECT_EQ(error_of([&b = b] { b.recv<std::string>(); }), EBADMSG);
  EXPECT_EQ(b.recv<int>(), 2);
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
  EXPECT_THROW(b.recv_bytes(buffer), EndOfFile);
}

TEST_F(ConnectionTest, PollWaitsItsTimeAndNotLess) {
  auto [a, b] = make_pipe();
  const auto begin = os::Clock::now();
  EXPECT_FALSE(b.poll(50ms));
  EXPECT_GE(os::Clock::now() - begin, 50ms);
  EXPECT_FALSE(b.poll(-1s));
  EXPECT_FALSE(b.poll());
  a.send(1);
  EXPECT_TRUE(b.poll(os::Duration::max()));
}

TEST_F(ConnectionTest, SendsBytesAsTheyAre) {
  auto [a, b] = make_pipe();
  a.send_bytes(bytes("raw"));
  a.send_bytes(bytes("again"));
  EXPECT_EQ(b.recv_bytes(), bytes("raw"));
  Bytes small(2), buffer(10);
  EXPECT_EQ(error_of([&, &b = b] { b.recv_bytes(small); }), EMSGSIZE);
  EXPECT_EQ(b.recv_bytes(buffer), 5u);
}

}  // namespace
}  // namespace ipc
