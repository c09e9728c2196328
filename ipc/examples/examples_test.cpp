// Every example prints what the tutorial's program does, in its order, and not before its time.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <future>
#include <map>
#include <sstream>

#include "ipc/os/child.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/process_facts.hpp"
#include "ipc/os/unique_fd.hpp"

namespace ipc {
namespace {

using namespace std::chrono_literals;
using os::Clock;
using os::Duration;
using Lines = std::vector<std::string>;

/// What a program wrote, on two pipes read to their ends: what it left running may outlive it.
struct Ran {
  pid_t pid = -1;
  os::ExitStatus status = os::ExitStatus::unknown();
  std::string out, err;
  Duration first_text{}, last_text{}, exit{};  ///< since its start

  [[nodiscard]] Lines lines() const {
    Lines all;
    std::istringstream text(out);
    for (std::string line; std::getline(text, line);) all.push_back(line);
    return all;
  }
  [[nodiscard]] Lines sorted_lines() const {
    Lines all = lines();
    std::ranges::sort(all);
    return all;
  }
};

struct Ends {
  os::UniqueFd in, out;
};
Ends make_ends() {
  int fds[2];
  os::check(::pipe2(fds, O_CLOEXEC), "pipe2");
  return {os::UniqueFd(fds[0]), os::UniqueFd(fds[1])};
}

os::Child spawn(const std::string& program, int out, int err) {
  const auto folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const std::string path = folder.parent_path() / "examples" / program;
  char* arguments[] = {const_cast<char*>(path.c_str()), nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, path.c_str(), &actions, nullptr, arguments, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) os::throw_error(error, "posix_spawn " + path);
  return os::Child::adopt(pid);
}

/// Appends what there is; closes the descriptor at its end.
bool drain(os::UniqueFd& fd, std::string& text) {
  std::array<char, 4096> buffer;
  const auto size = os::retry_eintr([&] { return ::read(fd.get(), buffer.data(), buffer.size()); });
  if (size > 0) text.append(buffer.data(), static_cast<std::size_t>(size));
  if (size <= 0) fd.reset();
  return size > 0;
}

Ran run(const std::string& program) {
  Ran ran;
  auto out = make_ends(), err = make_ends();
  const auto start = Clock::now();
  auto child = spawn(program, out.out.get(), err.out.get());
  ran.pid = child.pid();
  out.out.reset();
  err.out.reset();
  for (bool runs = true; out.in || err.in;) {
    std::array<pollfd, 3> entries{{{runs ? child.pidfd() : -1, POLLIN, 0},
                                   {out.in.get(), POLLIN, 0},
                                   {err.in.get(), POLLIN, 0}}};
    ::poll(entries.data(), entries.size(), -1);
    if (runs && child.try_wait()) {
      runs = false;
      ran.exit = Clock::now() - start;
    }
    if (entries[1].revents && drain(out.in, ran.out)) {
      ran.last_text = Clock::now() - start;
      if (ran.first_text == Duration::zero()) ran.first_text = ran.last_text;
    }
    if (entries[2].revents) drain(err.in, ran.err);
  }
  ran.status = child.wait();
  if (ran.exit == Duration::zero()) ran.exit = Clock::now() - start;
  return ran;
}

/// Runs all programs side by side, since many of them mostly sleep.
class Examples : public testing::Test {
 protected:
  static constexpr std::array kNames{"fork",
                                     "variables",
                                     "pids",
                                     "exit_exception",
                                     "exit_text",
                                     "exit_now",
                                     "wait_status",
                                     "double_fork",
                                     "process",
                                     "process_attributes",
                                     "pool",
                                     "pipe",
                                     "queue",
                                     "sigchld_ignore",
                                     "value",
                                     "array",
                                     "semaphore",
                                     "orphan_zombie",
                                     "pool_before_function"};

  static void SetUpTestSuite() {
    ::alarm(120);  // against a hang
    for (const char* name : kNames) runs()[name] = std::async(std::launch::async, run, name);
  }
  static void TearDownTestSuite() {
    runs().clear();
    ::alarm(0);
    EXPECT_TRUE(os::children_of(::getpid()).empty()) << "children left behind";
  }

  static const Ran& result(const std::string& name) { return runs().at(name).get(); }
  /// Of a program that succeeds and complains of nothing.
  static const Ran& success(const std::string& name) {
    const Ran& ran = result(name);
    EXPECT_EQ(ran.status, os::ExitStatus::from_code(0)) << name << ": " << ran.status.to_string();
    EXPECT_EQ(ran.err, "") << name;
    return ran;
  }

 private:
  static std::map<std::string, std::shared_future<Ran>>& runs() {
    static std::map<std::string, std::shared_future<Ran>> all;
    return all;
  }
};

/// The number behind a text in a line, -1 when there is none.
int number_behind(const std::string& text, const std::string& line) {
  const auto at = line.find(text);
  return at == line.npos ? -1 : std::atoi(line.c_str() + at + text.size());
}

TEST_F(Examples, ForkGoesOnInBoth) {
  const Ran& ran = success("fork");
  EXPECT_EQ(ran.lines(), (Lines{"新进程创建成功", "程序执行完毕", "原来的进程", "程序执行完毕"}));
  EXPECT_GE(ran.last_text, 1s);
}

TEST_F(Examples, VariablesAreEachProcesssOwn) {
  const Ran& ran = success("variables");
  EXPECT_EQ(ran.lines(), (Lines{"子进程", "a =  1", "a =  10000", "父进程", "parent a : 1"}));
  EXPECT_GE(ran.last_text, 1s);
}

TEST_F(Examples, PidsAreTheSameFromBothSides) {
  const Ran& ran = success("pids");
  const std::string parent = std::to_string(ran.pid);
  const std::string child = std::to_string(number_behind("Get child PID: ", ran.out));
  EXPECT_NE(child, parent);
  EXPECT_EQ(ran.sorted_lines(), (Lines{"Child PID: " + child, "Get child PID: " + child,
                                       "Get parent PID: " + parent, "Parent PID: " + parent}));
}

TEST_F(Examples, AnExitCanBeCaught) {
  EXPECT_EQ(success("exit_exception").lines(), (Lines{"退出原因: 退出"}));
}

TEST_F(Examples, AnExitThatIsNotCaughtPutsItsTextOnStandardError) {
  const Ran& ran = result("exit_text");
  EXPECT_EQ(ran.status, os::ExitStatus::from_code(1));
  EXPECT_EQ(ran.err, "退出\n");
  EXPECT_EQ(ran.out, "");
}

TEST_F(Examples, ExitNowLosesWhatIsBuffered) {
  EXPECT_EQ(success("exit_now").out, "");
}

TEST_F(Examples, WaitGivesTheChildsExitCode) {
  const auto lines = success("wait_status").lines();
  ASSERT_EQ(lines.size(), 3u);
  const int child = number_behind("Child process ", lines[0]);
  EXPECT_GT(child, 0);
  EXPECT_EQ(lines[1], "pid :  " + std::to_string(child));
  EXPECT_EQ(lines[2], "status: 1");
}

TEST_F(Examples, TheGrandchildWorksOnAfterTheEndOfMain) {
  const Ran& ran = success("double_fork");
  EXPECT_EQ(ran.lines(), (Lines{"第一件事情", "第二件事情"}));
  EXPECT_GE(ran.first_text, 3s);
  EXPECT_GE(ran.exit, 3s);
  EXPECT_GE(ran.last_text, 4s);
  EXPECT_LT(ran.exit, ran.last_text);
}

TEST_F(Examples, ThereAreNoZombiesWithSigchldIgnored) {
  EXPECT_EQ(success("sigchld_ignore").lines(), (Lines{"wait: 没有子进程", "僵尸进程: 0"}));
}

TEST_F(Examples, AProcessHasItsOwnVariables) {
  const Ran& ran = success("process");
  const int child = number_behind("子进程事件 ", ran.out);
  EXPECT_EQ(ran.lines(), (Lines{"子进程事件 " + std::to_string(child), "a =  10000", "这是父进程",
                                "parent a: 1"}));
  EXPECT_GT(child, 0);
  EXPECT_NE(child, ran.pid);
  EXPECT_GE(ran.first_text, 2s);
  EXPECT_GE(ran.last_text, 3s);
}

TEST_F(Examples, AProcessHasAttributes) {
  const Ran& ran = success("process_attributes");
  const int child = number_behind("name: worker, pid: ", ran.out);
  EXPECT_EQ(ran.lines(), (Lines{"name: Process-1, pid: 0, is_alive: false",
                                "name: worker, pid: " + std::to_string(child) + ", is_alive: true",
                                "join: false", "daemon: process has already started"}));
  EXPECT_GE(ran.exit, 50ms);
  EXPECT_FALSE(os::process_facts(child)) << "a daemon that outlived its parent";
}

TEST_F(Examples, APoolRunsItsTasksInAnyOrder) {
  for (const char* name : {"pool", "pool_before_function"}) {
    const Ran& ran = success(name);
    EXPECT_EQ(ran.sorted_lines(), (Lines{"Hello 0", "Hello 1", "Hello 2", "Hello 3"}));
    EXPECT_GE(ran.first_text, 2s) << name;
    EXPECT_GE(ran.exit, 2s) << name;
  }
}

TEST_F(Examples, APipeCarriesBothWays) {
  EXPECT_EQ(success("pipe").sorted_lines(),
            (Lines{"管道1传给管道2的数据 跟你说句悄悄话", "管道2传给管道1的数据 肥水不流外人天"}));
}

TEST_F(Examples, AQueueHandsOverTwoSumsAndThenTimesOut) {
  const Ran& ran = success("queue");
  EXPECT_EQ(ran.lines().size(), 2u);
  for (const auto& line : ran.lines()) {
    int x = -1, y = -1, sum = -1;
    EXPECT_EQ(std::sscanf(line.c_str(), "%d + %d = %d", &x, &y, &sum), 3) << line;
    EXPECT_EQ(x + y, sum);
    EXPECT_TRUE(0 <= x && x <= 100 && 0 <= y && y <= 100) << line;
  }
  EXPECT_GE(ran.first_text, 1s);
  EXPECT_GE(ran.exit, 5s);
}

TEST_F(Examples, AValueEndsWithinWhatWasAddedAndTaken) {
  const Ran& ran = success("value");
  const int left = number_behind("一月余额: ", ran.out);
  EXPECT_EQ(ran.lines(), Lines{"一月余额: " + std::to_string(left)});
  EXPECT_GE(left, 5000 + 30 * 1 - 30 * 800);
  EXPECT_LE(left, 5000 + 30 * 1000 - 30 * 100);
  EXPECT_GE(ran.exit, 6s);
}

TEST_F(Examples, AnArrayIsChangedByTheChild) {
  EXPECT_EQ(success("array").lines(),
            (Lines{"h", "e", "l", "l", "o", "H", "e", "l", "l", "o", "Hello"}));
}

TEST_F(Examples, ASemaphoreLetsThreeIn) {
  EXPECT_EQ(success("semaphore").lines(), Lines(3, "执行任务.....执行完成"));
}

TEST_F(Examples, AZombieIsReapedAndAnOrphanAdopted) {
  const Ran& ran = success("orphan_zombie");
  const auto lines = ran.lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_TRUE(lines[0].starts_with("僵尸进程: Z")) << lines[0];
  EXPECT_EQ(lines[1], "处理之后: 没有了");
  const int old_parent = number_behind("原父进程: ", lines[2]);
  const int new_parent = number_behind("现父进程: ", lines[2]);
  EXPECT_GT(number_behind("孤儿进程: ", lines[2]), 0);
  EXPECT_GT(old_parent, 0);
  EXPECT_GE(new_parent, 0);
  EXPECT_NE(new_parent, old_parent);
  EXPECT_NE(old_parent, ran.pid);
}

}  // namespace
}  // namespace ipc
