// Processes that inherit nothing from each other connect, by a name or by a port.
#include "ipc/pipe/listener.hpp"

#include "ipc/os/test_support.hpp"
#include "ipc/os/unique_name.hpp"
#include "ipc/os/wait_test_support.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using test::beside;
using test::error_of;
using test::in_child;
using test::kSuccess;

/// An address at which nobody listens.
template <class Address>
Address free_address() {
  if constexpr (std::same_as<Address, UnixName>)
    return {os::unique_name()};
  else
    return Listener(TcpPort()).address();
}

template <class Address>
class ListenerTest : public test::LeavesNothing {};
struct AddressName {
  template <class Address>
  static std::string GetName(int) {
    return std::string(Address::Backend::kName);
  }
};
using Addresses = testing::Types<UnixName, TcpPort>;
TYPED_TEST_SUITE(ListenerTest, Addresses, AddressName);

TYPED_TEST(ListenerTest, ConnectsAProcessThatKnowsNothingButTheAddress) {
  const auto address = free_address<TypeParam>();
  auto client = beside([&] {  // before there is a listener
    auto connection = connect_to(address, 1min);
    connection.send(std::string("question"));
    return connection.template recv<std::vector<int>>() == std::vector{1, 2};
  });
  Listener listener(address);
  auto connection = listener.accept();
  EXPECT_EQ(connection.template recv<std::string>(), "question");
  connection.send(std::vector{1, 2});
  EXPECT_THROW(connection.template recv<int>(), EndOfFile);
  EXPECT_EQ(client.wait(), kSuccess);
}

TYPED_TEST(ListenerTest, ServesManyAtOnce) {
  constexpr int kClients = 20;
  const auto address = free_address<TypeParam>();
  Listener listener(address);
  std::vector<os::Child> clients;
  for (int i = 0; i < kClients; ++i)
    clients.push_back(beside([&] {
      auto connection = connect_to(address);
      connection.send(i);
      return connection.template recv<int>() == i * i;
    }));
  std::vector<typename Listener<TypeParam>::Accepted> served;
  for (int i = 0; i < kClients; ++i) served.push_back(listener.accept());
  for (int answered = 0; answered < kClients;) {
    const std::vector<os::Waitable> all(served.begin(), served.end());
    std::size_t gone = 0;
    for (const std::size_t at : wait(all)) {
      auto& connection = served[at - gone];
      const int number = connection.template recv<int>();
      connection.send(number * number);
      served.erase(served.begin() + static_cast<std::ptrdiff_t>(at - gone++));
      ++answered;
    }
  }
  for (auto& client : clients) EXPECT_EQ(client.wait(), kSuccess);
}

TYPED_TEST(ListenerTest, WaitsItsTimeAndNotLess) {
  const auto address = free_address<TypeParam>();
  Listener listener(address);
  const test::Interruptions interruptions;
  const auto begin = os::Clock::now();
  EXPECT_FALSE(listener.accept_for(50ms));
  EXPECT_GE(os::Clock::now() - begin, 50ms);
  EXPECT_FALSE(listener.accept_for(0s));
  EXPECT_FALSE(listener.accept_for(-1s));
  EXPECT_TRUE(wait({listener}, 0s).empty());
  auto client = connect_to(address);
  EXPECT_EQ(wait({listener}), std::vector<std::size_t>{0});
  EXPECT_TRUE(listener.accept_for(1h));
}

TYPED_TEST(ListenerTest, SaysThatNobodyListensAfterItsTime) {
  const auto address = free_address<TypeParam>();
  EXPECT_EQ(error_of([&] { connect_to(address); }), ECONNREFUSED);
  const auto begin = os::Clock::now();
  EXPECT_EQ(error_of([&] { connect_to(address, 30ms); }), ECONNREFUSED);
  EXPECT_GE(os::Clock::now() - begin, 30ms);
}

TYPED_TEST(ListenerTest, ThereIsOneListenerAtAnAddressAndItsEndFreesIt) {
  const auto address = free_address<TypeParam>();
  auto killed = beside([&]() -> bool {
    Listener listener(address);
    auto connection = listener.accept();
    for (;;) ::pause();
  });
  auto connection = connect_to(address, 1min);
  EXPECT_EQ(error_of([&] { Listener<TypeParam>{address}; }), EADDRINUSE);
  killed.kill(SIGKILL);
  killed.wait();
  EXPECT_THROW(connection.template recv<int>(), EndOfFile);
  Listener next(address);
  auto another = connect_to(address);
  next.close();
  EXPECT_EQ(error_of([&] { next.accept(); }), EBADF);
  EXPECT_EQ(error_of([&] { connect_to(address); }), ECONNREFUSED);
}

TYPED_TEST(ListenerTest, TakesNoMemoryForWhatAStrangerOnlyClaims) {
  const auto address = free_address<TypeParam>();
  Listener listener(address);
  const os::UniqueFd raw = listening::connect_until(address, os::Deadline::now());
  auto connection = listener.accept();
  const std::uint64_t claimed = std::uint64_t{1} << 40;
  ASSERT_EQ(::write(raw.get(), &claimed, sizeof claimed), 8);
  EXPECT_EQ(error_of([&] { connection.template recv<int>(); }), EMSGSIZE);
  EXPECT_EQ(error_of([&] { connection.recv_bytes(); }), EMSGSIZE);
  std::byte small[1];
  EXPECT_EQ(error_of([&] { connection.recv_bytes_into(small); }), EMSGSIZE);
}

TYPED_TEST(ListenerTest, AnExecutedProgramSeesNoDescriptor) {
  const auto before = test::descriptors_of_a_program();
  const auto address = free_address<TypeParam>();
  Listener listener(address);
  const auto client = connect_to(address);
  const auto served = listener.accept();
  EXPECT_EQ(test::descriptors_of_a_program(), before);
}

class UnixNameTest : public test::LeavesNothing {};

TEST_F(UnixNameTest, LetsNoOtherUserIn) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  const UnixName address{os::unique_name()};
  Listener listener(address);
  constexpr uid_t kNobody = 65534;
  EXPECT_EQ(in_child([&] {
              return ::setresuid(kNobody, kNobody, kNobody) == 0 &&
                     error_of([&] { connect_to(address); }) == EPERM;
            }),
            kSuccess);
  EXPECT_FALSE(listener.accept_for(0s));
  auto client = connect_to(address);
  EXPECT_TRUE(listener.accept_for(1h));
}

TEST_F(UnixNameTest, RefusesANameThatIsNone) {
  EXPECT_EQ(error_of([] { Listener{UnixName{""}}; }), EINVAL);
  EXPECT_EQ(error_of([] { connect_to(UnixName{std::string(108, 'x')}); }), EINVAL);
  Listener longest(UnixName{os::unique_name() + std::string(107 - os::unique_name().size(), 'x')});
}

}  // namespace
}  // namespace ipc
