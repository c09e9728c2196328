// Files that are whole or not there, and programs whose output is taken.
#include "bench/harness/json_file.hpp"

#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "bench/harness/command.hpp"
#include "ipc/os/test_support.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;
using ipc::os::Deadline;

class JsonFile : public ipc::test::LeavesNothing {
 protected:
  void SetUp() override {
    LeavesNothing::SetUp();
    fs::create_directory(folder_);
  }
  void TearDown() override {
    fs::remove_all(folder_);
    LeavesNothing::TearDown();
  }
  fs::path folder_ = fs::temp_directory_path() / ("ipcmark_json." + std::to_string(::getpid()));
  fs::path file_ = folder_ / "x.json";
};

TEST_F(JsonFile, ComesBackAsItWasWritten) {
  const Json value{{"b", 1}, {"a", "\xc3\xa9"}};
  write_json(file_, value);
  EXPECT_EQ(read_json(file_).dump(), value.dump());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

TEST_F(JsonFile, TakesTextThatIsNotUtf8) {
  write_json(file_, Json{{"a", "\xff"}});
  EXPECT_EQ(read_json(file_)["a"], "\xef\xbf\xbd");
}

TEST_F(JsonFile, NamesAFileThatIsNotWhole) {
  for (const char* text : {"", "{\"a\": ", "{\"a\": NaN}"}) {
    std::ofstream(file_) << text;
    try {
      read_json(file_);
      ADD_FAILURE() << text;
    } catch (const std::runtime_error& error) {
      EXPECT_NE(std::string(error.what()).find(file_.string()), std::string::npos);
    }
  }
  EXPECT_THROW(read_json(folder_ / "none"), std::system_error);
}

TEST_F(JsonFile, KeepsTheOldFileWhenTheNewOneDoesNotFit) {
  write_json(file_, Json{{"old", true}});
  EXPECT_EQ(ipc::test::in_child([&] {
              ::signal(SIGXFSZ, SIG_IGN);
              const rlimit little{16, 16};
              ::setrlimit(RLIMIT_FSIZE, &little);
              try {
                write_atomically(file_, std::string(100, 'x'));
              } catch (const std::system_error& error) {
                return error.code().value() == EFBIG;
              }
              return false;
            }),
            ipc::test::kSuccess);
  EXPECT_EQ(read_json(file_)["old"], true);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

class Command : public ipc::test::LeavesNothing {};

TEST_F(Command, GivesWhatTheProgramPrintsAndHowItEnded) {
  const auto result = run_command({"sh", "-c", "cat; echo out; echo err >&2; exit 3"},
                                  Deadline::after(std::chrono::seconds(30)));
  EXPECT_TRUE(result.finished);
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "err\n");
  EXPECT_EQ(result.status, ipc::os::ExitStatus::from_code(3));
}

TEST_F(Command, SaysWhyAProgramCannotStart) {
  const auto result = run_command({"/nowhere/program"}, Deadline::after(std::chrono::seconds(30)));
  EXPECT_EQ(result.status, ipc::os::ExitStatus::from_code(127));
  EXPECT_EQ(result.errors, "cannot start /nowhere/program: No such file or directory\n");
}

TEST_F(Command, KillsAProgramAtItsDeadline) {
  const auto result = run_command({"sleep", "600"}, Deadline::after(std::chrono::milliseconds(50)));
  EXPECT_FALSE(result.finished);
}

}  // namespace
}  // namespace bench
