// What the fuzzer found worth keeping is decoded to an error or to a value.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "ipc/os/test_support.hpp"
#include "ipc/wire/fuzz_test_support.hpp"

namespace ipc::wire {
namespace {

TEST(CorpusTest, EveryMessageIsAnErrorOrAValue) {
  std::set<char> types;
  std::size_t messages = 0;
  for (const auto& entry : std::filesystem::directory_iterator(IPCMARK_WIRE_CORPUS)) {
    if (entry.path().extension() == ".md") continue;
    SCOPED_TRACE(entry.path().filename());
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string input(std::istreambuf_iterator<char>(file), {});
    ASSERT_FALSE(input.empty());
    fuzz::check_any(std::as_bytes(std::span(input)));
    types.insert(input.front());
    ++messages;
  }
  EXPECT_GT(messages, 100u) << "of " << IPCMARK_WIRE_CORPUS;
  for (std::size_t place = 0; place < std::tuple_size_v<fuzz::Types>; ++place)
    EXPECT_TRUE(types.contains(static_cast<char>(place))) << "no message for type " << place;
}

}  // namespace
}  // namespace ipc::wire
