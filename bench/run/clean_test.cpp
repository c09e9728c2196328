// ipcmark clean: what a killed owner left is taken away and named, and nothing of the living.
#include <fcntl.h>
#include <sys/mman.h>

#include "bench/run/fake_folder.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/stamped_test_support.hpp"
#include "ipc/os/unique_name.hpp"

namespace bench::run::test {
namespace {

namespace os = ipc::os;

class Clean : public WithFakes {
 protected:
  static std::string make_object() {
    const std::string name = os::unique_name();
    os::UniqueFd(os::check(::shm_open(name.c_str(), O_CREAT | O_RDWR, 0600), "shm_open"));
    return name;
  }
  /// `ipcmark clean` takes no options, so not through WithFakes::ipcmark().
  static CommandResult clean() {
    return run_command({own_folder() / "ipcmark", "clean"}, os::Deadline::never());
  }
  static bool exists(const std::string& name) { return fs::exists("/dev/shm" + name); }
};

TEST_F(Clean, RemovesOneOfEachKindThatADeadOwnerLeftAndNamesIt) {
  const auto [owner, left] = ipc::test::leave_one_of_each();
  ASSERT_GE(left.size(), ipc::test::kStampedKinds - 1);
  const CommandResult result = clean();
  EXPECT_EQ(code_of(result), 0) << result.errors;
  for (const auto& name : left) EXPECT_TRUE(holds(result.output, "removed " + name + "\n"));
  EXPECT_TRUE(ipc::test::stamped_names_of(owner).empty());
}

TEST_F(Clean, LeavesWhatTheLivingUse) {
  const std::string name = make_object();
  EXPECT_EQ(code_of(clean()), 0);
  EXPECT_TRUE(exists(name));
  ::shm_unlink(name.c_str());
}

}  // namespace
}  // namespace bench::run::test
