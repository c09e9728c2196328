// What /proc says about processes in each state.
#include "ipc/os/process_facts.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <thread>

#include "ipc/os/child.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/os/unique_fd.hpp"

namespace ipc::os {
namespace {

using test::in_child;
using test::kSuccess;

class ProcessFactsTest : public test::LeavesNothing {};

/// A child that sleeps, and ends by itself should a failing test leave it.
Child sleeper(const std::function<void()>& first = [] {}) {
  return Child::fork([first] {
    first();
    ::alarm(20);
    for (;;) ::pause();
    return 0;
  });
}

/// Looks until it is so; the fixture ends a test that looks for ever.
template <class Condition>
void until(Condition condition) {
  while (!condition()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void until_stat(pid_t pid, const std::string& wanted) {
  until([&] {
    const auto facts = process_facts(pid);
    return facts && facts->stat() == wanted;
  });
}

TEST_F(ProcessFactsTest, TheCallerRunsUnderItsParent) {
  const auto facts = process_facts(::getpid());
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->state, 'R');
  EXPECT_EQ(facts->pid, ::getpid());
  EXPECT_EQ(facts->parent, ::getppid());
  EXPECT_EQ(facts->group, ::getpgrp());
  EXPECT_EQ(facts->session, ::getsid(0));
  EXPECT_EQ(facts->name, "process_facts_t");
}

TEST_F(ProcessFactsTest, AZombieIsZAndGoneAfterTheWait) {
  const pid_t pid = fork();
  if (pid == 0) ::_exit(0);
  siginfo_t info;
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  ASSERT_TRUE(process_facts(pid));
  EXPECT_EQ(process_facts(pid)->state, 'Z');
  EXPECT_EQ(children_of(::getpid()), std::vector{pid});
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  EXPECT_FALSE(process_facts(pid));
  EXPECT_TRUE(children_of(::getpid()).empty());
}

/// Forks a child that forks one of its own, which `orphan` runs in once the child has ended.
void make_orphan(const std::function<bool(pid_t old_parent)>& orphan) {
  const pid_t middle = fork();
  if (middle == 0) {
    const pid_t old_parent = ::getpid();
    if (fork() != 0) ::_exit(0);
    until([&] { return ::getppid() != old_parent; });
    ::_exit(orphan(old_parent) ? 0 : 1);
  }
  ::waitpid(middle, nullptr, 0);
}

TEST_F(ProcessFactsTest, AnOrphansParentIsNoLongerTheOldOne) {
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC), "pipe2");
  const UniqueFd in(ends[0]);
  UniqueFd out(ends[1]);
  make_orphan([&](pid_t old_parent) {
    const auto facts = process_facts(::getpid());
    const bool is_adopted = facts && facts->parent != old_parent && facts->parent == ::getppid();
    return ::write(out.get(), &is_adopted, 1) == 1;
  });
  out.reset();
  bool is_adopted = false;
  EXPECT_EQ(::read(in.get(), &is_adopted, 1), 1);
  EXPECT_TRUE(is_adopted);
}

TEST_F(ProcessFactsTest, ASubreaperTakesTheOrphansBelowIt) {
  EXPECT_EQ(in_child([] {
              become_subreaper();
              make_orphan([reaper = ::getpid()](pid_t) {
                const auto facts = process_facts(::getpid());
                return facts && facts->parent == reaper;
              });
              const auto orphan = wait();
              return orphan && orphan->second == kSuccess;
            }),
            kSuccess);
}

TEST_F(ProcessFactsTest, ASleeperIsSAndAStoppedOneT) {
  Child child = sleeper();
  until_stat(child.pid(), "S");
  child.kill(SIGSTOP);
  until_stat(child.pid(), "T");
  child.kill(SIGCONT);
  until_stat(child.pid(), "S");
}

TEST_F(ProcessFactsTest, OneThatWaitsForTheChildItVforkedIsD) {
  const Child child = sleeper([] {
    if (::vfork() != 0) return;
    ::alarm(20);
    for (;;) ::pause();
  });
  until_stat(child.pid(), "D");
  const auto vforked = children_of(child.pid());
  ASSERT_EQ(vforked.size(), 1u);
  EXPECT_EQ(process_facts(vforked[0])->parent, child.pid());
  ::kill(vforked[0], SIGKILL);
  until_stat(child.pid(), "S");
}

TEST_F(ProcessFactsTest, ANicedOneIsN) {
  const Child child = sleeper([] { check(::setpriority(PRIO_PROCESS, 0, 10), "setpriority"); });
  until_stat(child.pid(), "SN");
  EXPECT_EQ(process_facts(child.pid())->nice, 10);
}

TEST_F(ProcessFactsTest, OneOfHighPriorityIsMarked) {
  const Child child = sleeper();
  if (::setpriority(PRIO_PROCESS, static_cast<id_t>(child.pid()), -5) == -1)
    GTEST_SKIP() << "setpriority: no privilege";
  until_stat(child.pid(), "S<");
}

TEST_F(ProcessFactsTest, ASessionsLeaderHasS) {
  const Child child = sleeper([] { check(::setsid(), "setsid"); });
  until_stat(child.pid(), "Ss");
}

TEST_F(ProcessFactsTest, AThreadedOneHasL) {
  const Child child = sleeper([] { std::thread([] { ::pause(); }).detach(); });
  until_stat(child.pid(), "Sl");
  EXPECT_EQ(process_facts(child.pid())->threads, 2);
}

TEST_F(ProcessFactsTest, TheForegroundOfATerminalHasAPlus) {
  const UniqueFd terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal || ::grantpt(terminal.get()) != 0 || ::unlockpt(terminal.get()) != 0)
    GTEST_SKIP() << "no pseudoterminals";
  const std::string name = ::ptsname(terminal.get());
  if (!UniqueFd(::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC)))
    GTEST_SKIP() << "no pseudoterminals: " << name << " cannot be opened";
  const Child child = sleeper([name] {
    check(::setsid(), "setsid");
    check(::open(name.c_str(), O_RDWR), "open terminal");
  });
  until_stat(child.pid(), "Ss+");
}

TEST_F(ProcessFactsTest, ANameMayHoldBlanksBracketsAndLineEnds) {
  for (const std::string name : {"two words", "a) S 1 (b", "(((", ") ) )", "line\nend", ""}) {
    const Child child = sleeper([name] { ::prctl(PR_SET_NAME, name.c_str()); });
    until([&] {
      const auto facts = process_facts(child.pid());
      return facts && facts->name == name;
    });
    EXPECT_EQ(process_facts(child.pid())->parent, ::getpid());
  }
}

TEST_F(ProcessFactsTest, ChildrenAreThoseOfTheProcessAskedFor) {
  const Child first = sleeper(), second = sleeper();
  EXPECT_EQ(children_of(::getpid()).size(), 2u);
  EXPECT_EQ(process_facts(first.pid())->parent, ::getpid());
  EXPECT_TRUE(children_of(second.pid()).empty());
}

TEST_F(ProcessFactsTest, WhatIsNoStatFileGivesNothing) {
  const std::string whole = "7 (a b) S 3 4 5 6 -1 0 0 0 0 0 0 0 0 0 20 0 1 0";
  const auto facts = ProcessFacts::parse(whole);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->name, "a b");
  EXPECT_EQ(facts->parent, 3);
  EXPECT_EQ(facts->threads, 1);
  for (const char* text : {"", "7", "7 (a", "7 (a)", "7 (a) ", "7 (a) S", "7 (a) S 1 2", ") 7 ("})
    EXPECT_FALSE(ProcessFacts::parse(text)) << text;
  EXPECT_FALSE(process_facts(-1));
  EXPECT_FALSE(process_facts(0));
}

}  // namespace
}  // namespace ipc::os
