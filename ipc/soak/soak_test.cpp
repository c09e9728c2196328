// The soak runs through in seconds, ends at once when it is interrupted, and refuses what it cannot
// do.
#include <sys/mman.h>

#include <array>
#include <fstream>
#include <sstream>

#include "ipc/os/process_facts.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/soak/crew.hpp"
#include "ipc/soak/leftovers.hpp"
#include "ipc/soak/stage.hpp"

namespace ipc::soak {
namespace {

/// The program, with its output in a file.
class SoakProgram : public test::LeavesNothing {
 protected:
  void SetUp() override {
    output_ = os::UniqueFd(os::check(::memfd_create("output", MFD_CLOEXEC), "memfd_create"));
    LeavesNothing::SetUp();
  }

  os::Child start(std::vector<std::string> arguments) {
    const auto folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    arguments.insert(arguments.begin(), folder / "soak");
    return os::Child::fork([&] {
      std::vector<char*> words;
      for (auto& argument : arguments) words.push_back(argument.data());
      words.push_back(nullptr);
      ::dup2(output_.get(), STDOUT_FILENO);
      ::dup2(output_.get(), STDERR_FILENO);
      return ::execv(words.front(), words.data());
    });
  }
  std::string output() const {
    std::ifstream file("/proc/self/fd/" + std::to_string(output_.get()));
    return (std::ostringstream() << file.rdbuf()).str();
  }
  testing::AssertionResult printed(const std::string& text) const {
    return testing::IsSubstring("text", "output", text, output());
  }

 private:
  os::UniqueFd output_;
};

TEST_F(SoakProgram, FindsNothingInAFewSeconds) {
  auto soak = start({"--seed", "5", "5"});
  EXPECT_EQ(soak.wait(), os::ExitStatus::from_code(0)) << output();
  EXPECT_TRUE(printed("seed 5"));
  EXPECT_TRUE(printed("nobody hung, nothing came twice, nothing is left"));
  for (const auto& lines : {survivor_lines(), owner_lines()})
    for (const auto& line : lines) EXPECT_TRUE(printed(line.backend));
}

TEST_F(SoakProgram, EndsAtASignalAndLeavesNothing) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    auto soak = start({"--only", "queue sysv_msg", "100"});
    while (os::children_of(soak.pid()).empty()) ::sched_yield();
    const pid_t stage = os::children_of(soak.pid()).front();
    while (os::children_of(stage).size() < 4) ::sched_yield();
    const auto workers = os::children_of(stage);
    soak.kill(signal);
    EXPECT_EQ(soak.wait(), os::ExitStatus::from_code(128 + signal)) << output();
    EXPECT_TRUE(names_of(stage).empty());
    for (const pid_t worker : workers) {
      const auto facts = os::process_facts(worker);
      EXPECT_FALSE(facts && facts->name == "soak") << "worker " << worker << " is left";
    }
  }
}

TEST_F(SoakProgram, RefusesWhatItCannotDoInOneLine) {
  const std::vector<std::vector<std::string>> refused{
      {"0"}, {"301"}, {"-1"}, {"soon"}, {"--seed"}, {"--seed", "x"}, {"--only", "no such line"}};
  for (const auto& arguments : refused)
    EXPECT_EQ(start(arguments).wait(), os::ExitStatus::from_code(2)) << output();
  const std::string text = output();
  EXPECT_EQ(std::ranges::count(text, '\n'), static_cast<long>(refused.size())) << text;
}

using Stage = test::LeavesNothing;

LineEntry line_that(void (*run)(Line&)) {
  return {"test", "test", run, [] { return os::Unavailable(); }};
}
std::string failure_of(void (*run)(Line&)) {
  // In a child of its own, since it has to be a subreaper and is to have no other children.
  os::SharedObject<std::array<char, 500>> failure;
  EXPECT_EQ(test::in_child([&] {
              os::become_subreaper();
              const auto outcome =
                  run_line(line_that(run), 1, std::chrono::milliseconds(100), [] { return false; });
              outcome.failure.copy(failure->data(), failure->size() - 1);
              return os::children_of(::getpid()).empty();
            }),
            test::kSuccess);
  return failure->data();
}

TEST_F(Stage, SaysWhatALineFound) {
  EXPECT_EQ(failure_of([](Line&) {}), "");
  EXPECT_EQ(failure_of([](Line&) { throw Violation("this and that"); }), "this and that");
  EXPECT_EQ(failure_of([](Line&) { ::raise(SIGKILL); }),
            "the line's process: killed by signal 9 (Killed)");
}

TEST_F(Stage, FindsWhatALineLeavesOpen) {
  const auto failure =
      failure_of([](Line&) { (void)os::UniqueFd(::dup(STDERR_FILENO)).release(); });
  EXPECT_EQ(failure.find("left open"), 0u) << failure;
  const auto mapped = failure_of([](Line&) { new os::SharedMapping(1 << 20); });
  EXPECT_EQ(mapped.find("left open"), 0u) << mapped;
}

TEST_F(Stage, FindsWhatALineLeavesBehind) {
  EXPECT_EQ(failure_of([](Line&) {
              if (os::fork() == 0) {
                for (;;) ::pause();
              }
            }),
            "2 processes are left");
  const auto failure = failure_of([](Line&) { new os::SysvHandle(os::SysvKind::queue); });
  EXPECT_NE(failure.find("sysv queue"), std::string::npos) << failure;
}

TEST_F(Stage, FindsAMemberThatEndsByItselfOrHasFoundSomething) {
  EXPECT_EQ(failure_of([](Line& line) {
              Crew crew(line);
              crew.add("quitter", [](Badge&) {});
              siginfo_t ended{};
              os::check(::waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT), "waitid");
              crew.kill_one(std::chrono::milliseconds(0));
            }),
            "quitter 0 ended before it was killed: exit code 0");
  EXPECT_EQ(failure_of([](Line& line) {
              Crew crew(line);
              crew.add("finder", [](Badge&) { throw Violation("a find"); });
              crew.finish();
            }),
            "finder 0: a find");
}

}  // namespace
}  // namespace ipc::soak
