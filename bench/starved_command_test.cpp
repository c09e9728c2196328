// ipcmark where something is missing: it says what cannot run and why, and ends with the exit code
// that it documents.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <vector>

#include "bench/run/scratch_folder.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/soak/starved_test_support.hpp"

namespace bench {
namespace {

namespace os = ipc::os;
using ipc::test::Starvation;

struct Answer {
  os::ExitStatus status = os::ExitStatus::unknown();
  std::string text;  ///< both outputs

  [[nodiscard]] testing::AssertionResult holds(const std::string& part) const {
    return testing::IsSubstring("part", "output", part, text);
  }
  [[nodiscard]] long lines_with(const std::string& part) const {
    std::istringstream lines(text);
    long count = 0;
    for (std::string line; std::getline(lines, line);)
      count += line.find(part) != std::string::npos ? 1 : 0;
    return count;
  }
};

class StarvedCommand : public ipc::test::LeavesNothing {
 protected:
  /// In the root folder, which the starved may not be able to write to.
  static Answer ipcmark(const Starvation& starvation, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program());
    const os::UniqueFd output(os::check(::memfd_create("output", MFD_CLOEXEC), "memfd_create"));
    auto child = os::Child::fork([&] {
      std::vector<char*> words;
      for (auto& argument : arguments) words.push_back(argument.data());
      words.push_back(nullptr);
      os::check(::chdir("/"), "chdir");
      ::dup2(output.get(), STDOUT_FILENO);
      ::dup2(output.get(), STDERR_FILENO);
      starvation.enter();
      return ::execv(words.front(), words.data());
    });
    const auto status = child.wait();
    std::ifstream file("/proc/self/fd/" + std::to_string(output.get()));
    return {status, (std::ostringstream() << file.rdbuf()).str()};
  }

  static std::string program() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "ipcmark";
  }

  /// Whether the environment can be had here, and the program be reached from there, which another
  /// user may not below the home of root.
  static bool can_have(const Starvation& starvation) {
    const auto child = [&, path = program()] {
      starvation.enter();
      return ::eaccess(path.c_str(), X_OK) == 0;
    };
    return ipc::test::in_child(child) == ipc::test::kSuccess;
  }
};

const os::ExitStatus kFine = os::ExitStatus::from_code(0);

TEST_F(StarvedCommand, ListNamesTheCasesThatCannotRunWithoutSystemVAndNoOthers) {
  const auto cases_of = [](const Answer& answer, bool of_sysv) {
    std::istringstream lines(answer.text);
    std::vector<std::string> cases;
    for (std::string line; std::getline(lines, line);)
      if (line.find("/placement:") != std::string::npos &&
          (line.find("sysv") != std::string::npos) == of_sysv)
        cases.push_back(line);
    return cases;
  };
  const auto plain = ipcmark(ipc::test::kPlain, {"list"});
  for (const auto* starvation : {&ipc::test::kSysvMissing, &ipc::test::kSysvForbidden}) {
    const auto answer = ipcmark(*starvation, {"list"});
    EXPECT_EQ(answer.status, kFine) << answer.text;
    EXPECT_EQ(cases_of(answer, false), cases_of(plain, false));
    const auto of_sysv = cases_of(answer, true);
    EXPECT_EQ(of_sysv.size(), cases_of(plain, true).size());
    for (const auto& line : of_sysv)
      EXPECT_NE(line.find("[cannot run here: "), std::string::npos) << line;
    for (const char* call : {"msgget: ", "semget: ", "shmget: "})
      EXPECT_TRUE(answer.holds(std::string("[cannot run here: ") + call));
  }
}

TEST_F(StarvedCommand, ListAndCheckWorkWithFewDescriptorsUnprivilegedAndWhereNothingCanBeWritten) {
  for (const auto* starvation :
       {&ipc::test::kFewDescriptors, &ipc::test::kNobody, &ipc::test::kReadOnly,
        &ipc::test::kNoSharedMemory, &ipc::test::kNoMessageQueues, &ipc::test::kOldKernel,
        &ipc::test::kOneCpu}) {
    if (!can_have(*starvation)) {
      std::cout
          << starvation->name
          << ": left out, as this process may not enter it, or not reach ipcmark from there\n";
      continue;
    }
    const auto list = ipcmark(*starvation, {"list"});
    EXPECT_EQ(list.status, kFine) << starvation->name << ": " << list.text;
    EXPECT_TRUE(list.holds(" can run here")) << starvation->name;
    const auto check = ipcmark(*starvation, {"check"});
    // 1 says that something about this machine makes results meaningless.
    EXPECT_TRUE(check.status == kFine || check.lines_with("block") > 0)
        << starvation->name << ": " << check.text;
    EXPECT_TRUE(check.status.exited() && check.status.code() <= 1)
        << starvation->name << ": " << check.status.to_string() << ": " << check.text;
  }
}

TEST_F(StarvedCommand, ListSaysWhyAQueueCannotRunWithoutItsLimit) {
  const auto list = ipcmark(ipc::test::kNoMessageQueues, {"list", "--filter", "queue/posix_mq"});
  EXPECT_EQ(list.status, kFine) << list.text;
  EXPECT_EQ(list.lines_with("queue/posix_mq"), list.lines_with("over RLIMIT_MSGQUEUE"));
  EXPECT_GT(list.lines_with("over RLIMIT_MSGQUEUE"), 0);
}

TEST_F(StarvedCommand, RunMeasuresWithTheCallsOfLinux419AllThatNeedsNoneOfClone3) {
  const run::ScratchFolder folder(std::filesystem::temp_directory_path());
  const auto answer =
      ipcmark(ipc::test::kOldKernel, {"run", "--preset", "path", "--out", folder.path() / "run"});
  EXPECT_EQ(answer.status, kFine) << answer.text;
  EXPECT_EQ(answer.lines_with("failed: "), 0) << answer.text;
  std::ifstream file(folder.path() / "run/run.json");
  const std::string record = (std::ostringstream() << file.rdbuf()).str();
  EXPECT_NE(record.find("clone3 CLONE_PIDFD: Function not implemented"), std::string::npos);
}

TEST_F(StarvedCommand, RunSaysThatItCannotStartWhereItCannotWrite) {
  if (!can_have(ipc::test::kReadOnly)) GTEST_SKIP() << "mounting needs privileges";
  const auto answer = ipcmark(ipc::test::kReadOnly, {"run", "--preset", "quick"});
  EXPECT_EQ(answer.status, os::ExitStatus::from_code(2)) << answer.text;
  EXPECT_TRUE(answer.holds("Read-only file system"));
  EXPECT_EQ(std::ranges::count(answer.text, '\n'), 1) << answer.text;
}

}  // namespace
}  // namespace bench
