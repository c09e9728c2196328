// Text that no fork inherits.
#include "bench/harness/unforked_text.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "ipc/os/test_support.hpp"

namespace bench {
namespace {

class UnforkedTextTest : public ipc::test::LeavesNothing {};

TEST_F(UnforkedTextTest, KeepsWhatIsAppendedWhileItGrows) {
  UnforkedText text;
  EXPECT_EQ(text.view(), "");
  std::string expected;
  for (int i = 0; i < 300'000; ++i) {
    const std::string more = std::to_string(i) + ",";
    text.append(more);
    expected += more;
  }
  EXPECT_EQ(text.view(), expected);
  text.append("");
  EXPECT_EQ(text.view().size(), expected.size());
}

/// What mincore(2) says of its first page: 0 where it is mapped, else an error.
int mapped(const UnforkedText& text) {
  unsigned char resident = 0;
  const auto page = reinterpret_cast<std::uintptr_t>(text.view().data());
  return ::mincore(reinterpret_cast<void*>(page), 1, &resident) == 0 ? 0 : errno;
}

TEST_F(UnforkedTextTest, IsNotThereInAChildNeitherAtFirstNorGrown) {
  UnforkedText text;
  for (const std::size_t size : {std::size_t{10}, std::size_t{5} << 20}) {
    text.append(std::string(size, 'x'));
    EXPECT_EQ(mapped(text), 0);
    EXPECT_EQ(ipc::os::Child::fork([&] { return mapped(text) == ENOMEM ? 0 : 1; }).wait(),
              ipc::test::kSuccess);
  }
}

}  // namespace
}  // namespace bench
