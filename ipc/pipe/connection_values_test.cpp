// What a typed Connection carries: containers within containers, very large values, and a wait for
// the first.
#include <string>
#include <vector>

#include "ipc/os/test_support.hpp"
#include "ipc/os/wait_test_support.hpp"
#include "ipc/pipe/connection.hpp"

namespace ipc {
namespace {

using test::beside;
using test::kSuccess;

class ConnectionTest : public test::LeavesNothing {};

TEST_F(ConnectionTest, CarriesContainersWithinContainersAndEmptyOnes) {
  using Rows = std::vector<std::pair<std::string, std::vector<int>>>;
  const Rows rows{{"one", {1}}, {"", {}}, {"many", {1, 2, 3}}};
  auto [a, b] = make_pipe();
  a.send(rows);
  a.send(Rows{});
  a.send(std::vector<std::vector<std::string>>{{}, {"", "x"}});
  EXPECT_EQ(b.recv<Rows>(), rows);
  EXPECT_EQ(b.recv<Rows>(), Rows{});
  EXPECT_EQ(b.recv<std::vector<std::vector<std::string>>>(),
            (std::vector<std::vector<std::string>>{{}, {"", "x"}}));
}

TEST_F(ConnectionTest, RecvBlocksUntilAMessageIsThere) {
  auto [a, b] = make_pipe();
  os::SharedObject<std::atomic<bool>> sent(false);
  auto receiver = beside([&, &b = b] { return b.recv<int>() == 7 && sent->load(); });
  test::until_asleep(receiver.pid());
  sent->store(true);
  a.send(7);
  EXPECT_EQ(receiver.wait(), kSuccess);
}

TEST_F(ConnectionTest, Carries64MiBBothWaysToAPeerThatReadsLate) {
  std::string large(64 << 20, ' ');
  for (std::size_t i = 0; i < large.size(); i += 4093) large[i] = static_cast<char>(i % 127);
  auto [a, b] = make_pipe();
  auto peer = beside([&, &a = a, &b = b] {
    a.close();
    const auto got = b.recv<std::string>();
    b.send(got);
    return got == large;
  });
  b.close();
  test::until_asleep(peer.pid());
  auto sender = beside([&, &a = a] { return a.send(large), true; });
  EXPECT_EQ(sender.wait(), kSuccess);
  test::until_asleep(peer.pid());  // its answer is far over what is held in between
  EXPECT_TRUE(a.recv<std::string>() == large);
  EXPECT_EQ(peer.wait(), kSuccess);
}

}  // namespace
}  // namespace ipc
