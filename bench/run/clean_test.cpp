// ipcmark clean: what a killed owner left is taken away and named, and nothing of the living.
#include <fcntl.h>
#include <sys/mman.h>

#include <csignal>
#include <fstream>

#include "bench/run/fake_folder.hpp"
#include "ipc/os/child.hpp"
#include "ipc/os/error.hpp"
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

TEST_F(Clean, RemovesWhatADeadOwnerLeftAndNamesIt) {
  const fs::path told = folder_ / "name";
  os::Child owner = os::Child::fork([&] {
    std::ofstream(told) << make_object();
    return ::raise(SIGKILL);
  });
  owner.wait();
  std::string name;
  std::ifstream(told) >> name;
  ASSERT_TRUE(exists(name));
  const CommandResult result = clean();
  EXPECT_EQ(code_of(result), 0) << result.errors;
  EXPECT_NE(result.output.find(name), std::string::npos) << result.output;
  EXPECT_FALSE(exists(name));
}

TEST_F(Clean, LeavesWhatTheLivingUse) {
  const std::string name = make_object();
  EXPECT_EQ(code_of(clean()), 0);
  EXPECT_TRUE(exists(name));
  ::shm_unlink(name.c_str());
}

}  // namespace
}  // namespace bench::run::test
